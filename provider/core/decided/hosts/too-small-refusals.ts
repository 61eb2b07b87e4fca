import { usableBytes } from "../../steps/metadata-size";
import type { Refusal } from "../../steps/plan";
import { mebibytes } from "../../seen/disk-identity";
import { volumeSeen, sizeOf } from "../../seen/observed";
import { volumePairs } from "../../wanted/desired";
import type { ResourceSituation } from "./resource-situation";

/** mkfs.xfs 6.1 refuses less. */
export const smallestXfs = 300 * 1024 * 1024;

export function sizeRefusals({ desired, nodes }: ResourceSituation): Refusal[] {
  return volumePairs(desired).flatMap((volume) =>
    volume.sides.flatMap((side, index) => {
      const size = sizeOf(volumeSeen(nodes[index === 0 ? 0 : 1], volume)?.disk);
      if (size === undefined) return [];
      const usable = side.metaDisk === "internal" ? usableBytes(size) : size;
      if (volume.filesystem?.type === "xfs" && usable < smallestXfs) {
        return [
          {
            node: side.hostname,
            property: `nodes[${index}].disk`,
            found: `${side.disk} has ${mebibytes(size)}, of which DRBD leaves ${mebibytes(usable)}, and XFS needs at least ${mebibytes(smallestXfs)}`,
            way: "Use a bigger disk.",
          },
        ];
      }
      if (usable <= 0)
        return [
          {
            node: side.hostname,
            property: `nodes[${index}].disk`,
            found: `${side.disk} is too small for DRBD's metadata`,
            way: "Use a bigger disk.",
          },
        ];
      return [];
    }),
  );
}
