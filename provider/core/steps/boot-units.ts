import { ownMark } from "../config/own-mark";
import type { ObservedNode } from "../seen/observed";
import { units } from "../../host/text";

/** What `systemd-escape` makes of a string: an instance name that %I turns back into it. */
export function escapeInstance(name: string): string {
  return [...new TextEncoder().encode(name)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      if (character === "/") return "-";
      if (/[A-Za-z0-9:_]/.test(character) || (character === "." && index > 0)) return character;
      return `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** The way back, as %I goes. */
export function unescapeInstance(instance: string): string {
  const bytes = instance
    .split(/(\\x[0-9a-f]{2})/)
    .flatMap((part) =>
      /^\\x[0-9a-f]{2}$/.test(part)
        ? [parseInt(part.slice(2), 16)]
        : [...new TextEncoder().encode(part.replaceAll("-", "/"))],
    );
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** The unit of a mount point: what `systemd-escape --path` makes of it. */
export function mountUnitOf(mountPoint: string): string {
  const path = mountPoint.split("/").filter(Boolean).join("/");
  return `${path === "" ? "-" : escapeInstance(path)}.mount`;
}

/** Where systemd keeps the unit that it made of a mount point's line in fstab when it last read that file. */
export const generatedUnitPath = (mountPoint: string): string => `/run/systemd/generator/${mountUnitOf(mountPoint)}`;

export const targetOf = (resource: string): string => `drbd@${escapeInstance(resource)}.target`;
export const bringUpOf = (resource: string): string => `drbd@${escapeInstance(resource)}.service`;
export const promotionOf = (resource: string): string => `drbd-primary@${escapeInstance(resource)}.service`;
export const promotedOf = (resource: string): string => `drbd-primary@${escapeInstance(resource)}.target`;

/** systemd keeps such a link for each service as long as it is active; it tells the state without asking systemctl. */
export const activeLink = (service: string): string => `/run/systemd/units/invocation:${service}`;

export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** A unit of host/units, with the line by which we know our own. */
function ownUnit(name: keyof typeof units): UnitFile {
  return { path: `/etc/systemd/system/${name}`, text: `# ${ownMark}.\n${units[name]}` };
}

/**
 * Promotes a resource when the host boots, for its mount. drbd-utils' own drbd-promote@.service cannot do this with a
 * DRBD 8.4 module (drbdsetup primary takes a minor there; drbd-utils 9.22.0).
 *
 * The condition waits up to a minute until it is known what to do:
 * - The resource is Primary here already: somebody has decided, and nothing more is asked.
 * - The peer is Primary: that is somebody's decision, too. The unit is skipped at once, and does not fail.
 * - Both are Secondary, and this side's disk is UpToDate: it is made Primary. A side that is being filled would be worth
 *   nothing without its peer, so it waits.
 * - The peer cannot be seen: after the minute the unit fails, because who may be Primary is then for a person to decide.
 *   It fails at once where the resource is down or StandAlone.
 *
 * drbdsetup events2 says all of this in one process, in the same words with DRBD 8.4 and 9.
 *
 * The boot brings the resource up by its target. This unit comes after the target and goes with it, but does not require
 * it: that would configure the resource again whenever this unit is started, and so bring up what somebody has taken down,
 * and connect what is StandAlone. network.target: a shutdown demotes the resource, behind the unmount, while its peer can
 * still be told.
 */
const promotionService = ownUnit("drbd-primary@.service");

/**
 * What the mount requires. A unit that is skipped counts as good for those that only require it, so that systemd would try
 * to mount a Secondary. BindsTo asks for more: the mount is then left out, and nothing fails. The mount itself must not be
 * bound: systemd would unmount at once what a person has mounted without this unit.
 */
const promotedTarget = ownUnit("drbd-primary@.target");

export const promotionUnits: readonly UnitFile[] = [promotionService, promotedTarget];

const bringUpTarget = ownUnit("drbd@.target");

/** Like those of drbd-utils 9.22, by the same names, for a drbd-utils before 9.18, which brings none. */
export const bringUpUnits: readonly UnitFile[] = [ownUnit("drbd@.service"), bringUpTarget];

/** Where a drbd-utils from 9.18 on has them. */
export const packagedTargetPaths = [
  "/lib/systemd/system/drbd@.target",
  "/usr/lib/systemd/system/drbd@.target",
] as const;

export const bringUpTargetPath = bringUpTarget.path;

export function isActive(node: ObservedNode, service: string): boolean {
  return node.links.includes(activeLink(service));
}
