/** What a preview says of the snapshots before a resync: which are made, and for how large a resync there is room. */
import { mebibytes } from "../../seen/disk-identity";
import { snapshotName } from "../../wanted/snapshot-handlers";
import type { DesiredResource } from "../../wanted/desired";
import type { ResourceSituation } from "../hosts/resource-situation";
import { bytesOf, snapshotsOn } from "../hosts/snapshot-room";

/** Where its file is written. */
export function snapshotNotes(desired: DesiredResource, nodes: ResourceSituation["nodes"]): string[] {
  if (desired.snapshotBeforeResync !== true) return [];
  const rooms = desired.hosts.flatMap(({ hostname }, index) =>
    [...snapshotsOn(desired, hostname, nodes[index === 0 ? 0 : 1])].flatMap(([group, all]) => {
      const left = Math.max(0, (all[0]?.logical.free ?? 0) - bytesOf(all));
      const whole = all.reduce((total, { logical }) => total + logical.size, 0);
      const names = all.map(({ logical }) => `${group}/${snapshotName(logical.name)}`).join(", ");
      const enough = left >= whole ? "whatever differs" : `where up to ${mebibytes(left)} more differ`;
      return [`  ${hostname}  ${names}: ${group} has room for it ${enough}`];
    }),
  );
  return [
    "from snapshotBeforeResync, on the host that is filled: a snapshot before each resync, also before the first sync:",
    ...rooms,
    "  without that room a resync begins all the same, and without a snapshot",
  ];
}
