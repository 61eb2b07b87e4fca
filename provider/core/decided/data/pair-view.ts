import type { VolumePair } from "../../wanted/desired";
import { withDecisions } from "./discards";
import { isAttached, isNewest, relationOf } from "./side-relation";
import { isGeneration, parseGi } from "../../seen/generation-identifiers";
import { connectionStates } from "../../seen/kernel-states";
import type { Memory } from "../../seen/memory";
import { rowOf, type Row } from "./pair-table";
import { mayBeForced } from "./primary-by-force";
import { isTogether, type Side } from "./side";
import { formattingMark } from "../../steps/own-folder";

/** The two sides of a resource seen together, and what follows from that. */
export class PairView {
  readonly sides: readonly [Side, Side];
  readonly source: Side;
  readonly target: Side;
  readonly row: Row;

  constructor(
    readonly desired: VolumePair,
    readonly memory: Memory,
    found: readonly [Side, Side],
    /** Whose disk counts in the initial sync. */
    source: string = desired.syncSource,
  ) {
    this.sides = withDecisions(desired, memory, found);
    const [first, second] = this.sides;
    const firstIsSource = first.desired.hostname === source;
    this.source = firstIsSource ? first : second;
    this.target = firstIsSource ? second : first;
    this.row = rowOf(this.source.progress, this.target.progress);
  }

  /** Nobody ever wrote through this pair. */
  get neverUsed(): boolean {
    return mayBeForced(this.row);
  }

  /** The same, with data on the sync source that has no generation of DRBD's yet. */
  get isToKeep(): boolean {
    return this.neverUsed && this.desired.existingData === "keep";
  }

  /** Two new disks of which nothing is sent: each is read as zeros instead. */
  get skipsSync(): boolean {
    return this.neverUsed && !this.isToKeep && this.desired.initialSync === "skip";
  }

  /** The side that the other one is filled from, where one of them is empty. */
  get survivor(): Side | undefined {
    return this.row === "fill-target" ? this.source : this.row === "fill-source" ? this.target : undefined;
  }

  /** A side's data is older than its peer's: DRBD fills it when they meet, and only then may it be used. */
  isBehind(side: Side): boolean {
    if (this.survivor !== undefined) return side !== this.survivor;
    if (this.row !== "meet") return false;
    const peer = other(this, side);
    const relation = relationOf(side, peer);
    return relation === "second-newer" || (relation === "same" && !isNewest(side) && isNewest(peer));
  }

  get isTogether(): boolean {
    return this.sides.some(isTogether);
  }

  /**
   * DRBD itself judges whose data is newer, or has done so: connected, or looking for each other. Their identifiers are
   * read one after the other then, while they change.
   */
  get isMeeting(): boolean {
    const meaning = ({ kernel }: Side) => connectionStates[kernel?.connection ?? ""];
    return this.isTogether || this.sides.every((side) => isAttached(side) && meaning(side) === "looking");
  }

  /** We began its first generation there, with nothing to keep, and were stopped before it was formatted. */
  isNewlyBegun(side: Side): boolean {
    const marked = side.node.files.get(formattingMark(this.desired))?.trim();
    if (this.desired.existingData === "keep" || marked === undefined) return false;
    return isGeneration(marked, parseGi(side.observed?.kernelGi ?? ""));
  }
}

export const other = (pair: PairView, side: Side): Side => (side === pair.source ? pair.target : pair.source);
