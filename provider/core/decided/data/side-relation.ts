import { type Relation, relate, type GenerationIdentifiers, parseGi } from "../../seen/generation-identifiers";
import { diskStates } from "../../seen/kernel-states";
import type { Side } from "./side";

export function relationOf(first: Side, second: Side): Relation | undefined {
  const [one, other] = [giOf(first), giOf(second)];
  return one === undefined || other === undefined ? undefined : relate(one, other);
}

export function giOf({ progress }: Side): GenerationIdentifiers | undefined {
  return progress.kind === "used" || progress.kind === "grown" ? progress.gi : undefined;
}

/** A person let go what stood on its disk, and that was a generation of the other's data: the other holds the last copy. */
export function hasLastCopyOf(gone: Side, left: Side): boolean {
  const metadata = gone.observed?.metadata;
  if (gone.progress.kind !== "blank" || (metadata?.kind !== "present" && metadata?.kind !== "moved")) return false;
  const [one, other] = [parseGi(metadata.gi), giOf(left)];
  return one !== undefined && other !== undefined && !["unrelated", "both-new"].includes(relate(one, other));
}

export function isAttached(side: Side): boolean {
  return side.device !== undefined && diskStates[side.device.disk] !== "apart";
}

/** Its data is whole, and was the newest when last it knew: DRBD's own word for it, running or not. */
export function isNewest(side: Side): boolean {
  if (isAttached(side)) return side.device?.disk === "UpToDate";
  const { progress } = side;
  if (progress.kind !== "used" && progress.kind !== "grown") return false;
  return progress.gi?.flags === undefined || (progress.gi.flags.consistent && progress.gi.flags.upToDate);
}
