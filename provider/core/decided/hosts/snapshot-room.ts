/** How much of its volume group each snapshot before a resync takes. */
import { peerDeviceOf, volumeSeen, type LogicalVolume, type ObservedNode } from "../../seen/observed";
import { volumePairs, type DesiredResource, type VolumePair } from "../../wanted/desired";
import { snapshotSize } from "../../wanted/snapshot-handlers";

type Logical = Extract<LogicalVolume, { kind: "logical" }>;

/** A volume with what its snapshot takes at least, in bytes: as much as differs now, with what the handlers add. */
export interface WantedSnapshot {
  readonly volume: VolumePair;
  readonly logical: Logical;
  readonly bytes: number;
}

/** By volume group. */
export function snapshotsOn(
  desired: DesiredResource,
  hostname: string,
  node: ObservedNode,
): Map<string, WantedSnapshot[]> {
  const groups = new Map<string, WantedSnapshot[]>();
  for (const volume of volumePairs(desired)) {
    const logical = volumeSeen(node, volume)?.logical;
    if (logical?.kind !== "logical") continue;
    const different = (peerDeviceOf(node, volume)?.outOfSync ?? 0) * 1024;
    const size = snapshotSize(logical.size, different);
    // One that is there has its room already.
    const bytes = logical.snapshot === undefined ? Math.ceil(size / logical.extent) * logical.extent : 0;
    groups.set(logical.group, [...(groups.get(logical.group) ?? []), { volume, logical, bytes }]);
  }
  return groups;
}

export const bytesOf = (all: readonly WantedSnapshot[]): number => all.reduce((total, { bytes }) => total + bytes, 0);
