import type { ObservedNode } from "./observed";

/**
 * Whether what was seen of a host's disks before holds beside a new look at its tables alone, taken after steps that
 * touch no disk. Not where drbd-utils came in between, since they read what is on the disks, nor where drbdadm now would
 * change something, since each resource is then asked about by itself.
 */
export function stillHolds(before: ObservedNode, tables: ObservedNode): boolean {
  return before.closely && before.utils !== null && (tables.adjust?.output ?? "").trim() === "";
}

export function withCloserLook(tables: ObservedNode, before: ObservedNode): ObservedNode {
  const { closely, utils, blocks, resources } = before;
  return { ...tables, closely, utils, blocks, resources };
}
