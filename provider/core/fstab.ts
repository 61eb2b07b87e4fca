import type { ObservedNode } from "./observed";
import { fstabPath } from "./paths";

export function fstabLines(node: ObservedNode): string[] {
  return (node.files.get(fstabPath) ?? "").split("\n");
}

/** Device, mount point, type and so on of each line that is no comment. */
export function fstabFields(node: ObservedNode): string[][] {
  return fstabLines(node)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
}
