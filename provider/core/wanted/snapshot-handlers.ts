/**
 * drbd-utils' own handlers that make a snapshot of a logical volume before a resync overwrites it, and remove it afterwards. They
 * are read as drbd-utils 9.22 has them. Without `-n`: where no snapshot can be made the resync goes on without one. With it the two
 * would part for good, also after each resync that was interrupted, since the snapshot of the first one is still there then.
 */
import type { DesiredResource, OptionValues } from "./desired";

const folder = "/usr/lib/drbd";

export const snapshotHandlers: OptionValues = {
  "after-resync-target": `${folder}/unsnapshot-resync-target-lvm.sh`,
  "before-resync-target": `${folder}/snapshot-resync-target-lvm.sh`,
};

/** What the handlers read beside their arguments: another size or name for the snapshots. */
export const snapshotSettingsPath = "/etc/default/drbd-snapshot";

/** What must be on a host for them: the scripts, and what of lvm2 they call. */
export const snapshotTools: readonly string[] = [...Object.values(snapshotHandlers), "lvs", "lvcreate", "lvremove"];

/** The snapshot's name, by the volume's. */
export const snapshotName = (volume: string): string => `${volume}-before-resync`;

/** In bytes, for a volume of so many bytes of which so many differ. */
export const snapshotSize = (volume: number, different: number): number =>
  different + 10 * 2 ** 20 + Math.floor(volume / 10);

/** Those of the two that are given, and are others. */
export function otherHandlers(handlers: OptionValues): string[] {
  return Object.keys(snapshotHandlers).filter(
    (name) => handlers[name] !== undefined && handlers[name] !== snapshotHandlers[name],
  );
}

export function withSnapshotHandlers(desired: DesiredResource): DesiredResource {
  if (desired.snapshotBeforeResync !== true) return desired;
  const all = { ...snapshotHandlers, ...desired.sections.handlers };
  const handlers = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...desired, sections: { ...desired.sections, handlers } };
}
