import { usableBytes } from "../../steps/metadata-size";
import type { Refusal } from "../../steps/plan";
import { mebibytes } from "./preflight";
import type { ResourceSituation } from "./resource-situation";
import { sizeOf } from "./warnings";

/** mkfs.xfs 6.1 refuses less. */
export const smallestXfs = 300 * 1024 * 1024;

export function sizeRefusals({ desired, nodes }: ResourceSituation): Refusal[] {
  return desired.sides.flatMap((side, index) => {
    const contents = nodes[index === 0 ? 0 : 1].resources.get(desired.name)?.disk;
    const size = sizeOf(contents);
    if (size === undefined) return [];
    const usable = side.metaDisk === "internal" ? usableBytes(size) : size;
    if (desired.filesystem?.type === "xfs" && usable < smallestXfs) {
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
  });
}
