/** `initialSync: "skip"`: between two new disks that are up and connected, and the first promotion. */
import type { PairView } from "../data/pair-view";
import type { ResourceView } from "../data/resource-view";
import { devicePath } from "../../config/paths";
import { sizeOf } from "../../seen/observed";
import * as steps from "../../steps/initial-sync-steps";
import type { Stage } from "../../steps/plan";
import { inWords, smallestDisk } from "./first-sync-time";

/**
 * The reads may take hours, and one host may be done long before the other. So the samples of both disks are looked at once
 * more, and then the bitmap is cleared. A run that is stopped before that reads again: it proves nothing of what came since.
 */
export function skippedSyncStages({ pairs }: ResourceView): Stage[] {
  const skipped = pairs.filter((pair) => pair.skipsSync);
  if (skipped.length === 0) return [];
  return [
    skipped.flatMap((pair) =>
      pair.sides.map((side) =>
        steps.readZeros(
          pair.desired,
          side.desired,
          sizeOf(side.observed?.disk) ?? (side.device?.size ?? 0) * 1024,
          `all that ${devicePath(side.desired.minor)} takes of it must be zero: the first sync is skipped`,
        ),
      ),
    ),
    skipped.map(({ desired, target }) => steps.checkStillAsRead(desired, target.desired)),
    skipped.map(({ desired, source }) =>
      steps.skipSync(
        desired,
        source.desired,
        "both disks read as zeros: nothing is sent, and both are UpToDate at once",
      ),
    ),
    skipped.map(({ desired, target }) => steps.checkSkipped(desired, target.desired)),
  ];
}

/** In the place of how long a first sync takes. */
export function skippedSyncRemarks({ pairs, hosts }: ResourceView): string[] {
  const skipped = pairs.filter((pair) => pair.skipsSync);
  if (skipped.length === 0) return [];
  const sizes = skipped.flatMap((pair: PairView) => smallestDisk(pair) ?? []);
  const size = sizes.length < skipped.length ? "" : ` (${inWords(sizes.reduce((sum, one) => sum + one, 0))})`;
  const [first, second] = hosts.map(({ host }) => host.hostname);
  return [
    `\`initialSync: skip\`: ${first ?? ""} and ${second ?? ""} each read their whole disk${size} in the place of a first sync. How long that takes is not known beforehand. Where a byte is not zero, the run ends there, and nothing is sent`,
  ];
}
