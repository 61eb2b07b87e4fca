/** How long a first sync takes over the line that `link` tells of. */
import { sizeOf } from "../../seen/observed";
import type { PairView } from "../data/pair-view";
import type { ResourceView } from "../data/resource-view";

/** Of the line that a sync was seen to take (wanted/link-options.ts). */
const SHARE = 0.9;

/** Where the disks are to be seen. mkfs discards what it formats, and that need not be sent: so much is the most. */
export function firstSyncRemarks({ desired, pairs }: ResourceView): string[] {
  const { link, waitForSync, waitForSyncSeconds } = desired;
  const fresh = pairs.filter((pair) => pair.neverUsed);
  const sizes = fresh.flatMap((pair) => smallestDisk(pair) ?? []);
  if (link === undefined || fresh.length === 0 || sizes.length < fresh.length) return [];
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const seconds = bytes / (SHARE * link.line.bandwidth);
  const time = `the first sync sends up to ${inWords(bytes)} over the link: ${duration(seconds)} at 90 % of ${link.bandwidth}`;
  if (!waitForSync || seconds <= waitForSyncSeconds) return [time];
  return [
    `${time}, longer than it is waited for. With \`waitForSync: false\` the run ends before that, and the sync goes on`,
  ];
}

export function smallestDisk({ sides }: PairView): number | undefined {
  const [one, other] = sides.map(({ observed }) => sizeOf(observed?.disk));
  return one === undefined || other === undefined ? undefined : Math.min(one, other);
}

export function inWords(bytes: number): string {
  const gib = bytes / 2 ** 30;
  if (gib < 1) return `${Math.ceil(bytes / 2 ** 20)} MiB`;
  return gib < 1024 ? `${gib.toFixed(1)} GiB` : `${(gib / 1024).toFixed(1)} TiB`;
}

function duration(seconds: number): string {
  const units = [
    [86_400, 1.5, "days"],
    [3600, 1.5, "hours"],
    [60, 1.5, "minutes"],
  ] as const;
  const unit = units.find(([length, least]) => seconds >= length * least);
  return unit === undefined ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / unit[0])} ${unit[2]}`;
}
