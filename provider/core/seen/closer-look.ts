import type { ObservedNode } from "./observed";
import type { Candidate, Look } from "./probe";

/**
 * Whether what was seen of a host's disks before holds beside a new look that did not go into them, taken after looking
 * alone, or after steps that touched other disks or none. Not where drbd-utils came in between, since they read what is
 * on the disks, nor where drbdadm now would change something, since each resource is then asked about by itself.
 */
export function stillHolds(before: ObservedNode, now: ObservedNode): boolean {
  return before.closely && before.utils !== null && before.mkfs !== null && (now.adjust?.output ?? "").trim() === "";
}

/**
 * Whether what was seen of a resource, or of a configuration that is wanted, may serve on after the steps of another one. Not
 * where it may be about to move: who uses it, and whether it is in the wanted role, may have changed with them.
 */
export function outlastsSteps(one: Look | Candidate): boolean {
  return !("wanted" in one && one.wanted !== undefined);
}

/** The new look with what was seen of some resources' disks before; with all that it left out, where it was not close. */
export function withCloserLook(now: ObservedNode, before: ObservedNode, names: ReadonlySet<string>): ObservedNode {
  const resources = new Map([...[...before.resources].filter(([name]) => names.has(name)), ...now.resources]);
  const devices = new Map([...before.names, ...now.names]);
  if (now.closely) return { ...now, mkfs: now.mkfs ?? before.mkfs, names: devices, resources };
  const { utils, mkfs, blocks, dump } = before;
  // Of what is about to move it tells who uses it, and no more.
  const closely = before.closely && now.resources.size === 0;
  return { ...now, closely, utils, mkfs, blocks, dump, names: devices, resources };
}
