import type { DesiredSide } from "../wanted/desired";
import type { Contents, ObservedVolume } from "./observed";

/** A disk of a side, the one for the data or the one for the metadata, and what stands on it. */
export interface DiskContents {
  readonly path: string;
  readonly contents: Contents;
}

/** What stands on a side's disks: the data disk's first, then that for the metadata where it is another. */
export function disksOf(side: DesiredSide, observed: ObservedVolume): DiskContents[] {
  const data = { path: side.disk, contents: observed.disk };
  if (side.metaDisk === "internal") return [data];
  return [data, { path: side.metaDisk, contents: observed.metaDisk ?? { kind: "missing" } }];
}
