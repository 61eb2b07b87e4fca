import { parseAdjustment, type Adjustment } from "./adjust-lines";
import type { DesiredResource } from "./desired";
import type { Memory } from "./memory";
import type { Side } from "./side";
import { formattingMark } from "./steps-resource";

/** The two sides of a resource seen together, and what follows from that. */
export class PairView {
  readonly source: Side;
  readonly target: Side;

  constructor(
    readonly desired: DesiredResource,
    readonly memory: Memory,
    readonly sides: readonly [Side, Side],
  ) {
    const [first, second] = sides;
    const firstIsSource = first.desired.hostname === desired.syncSource;
    this.source = firstIsSource ? first : second;
    this.target = firstIsSource ? second : first;
  }

  /** Nobody ever wrote through this pair: the one state in which the sync source may be made primary by force. */
  get neverUsed(): boolean {
    return this.sides.every(({ progress }) => progress.kind === "blank" || progress.kind === "new");
  }

  adjustment(side: Side): Adjustment {
    const { observed, node } = side;
    const text = observed?.change?.output ?? node.adjust?.output ?? "";
    return parseAdjustment(text);
  }

  /** Whether the running kernel differs from what is wanted. */
  isChange(side: Side): boolean {
    const adjustment = this.adjustment(side);
    return (
      [...adjustment.options, ...adjustment.connection, ...adjustment.start].length > 0 &&
      side.device?.disk !== undefined
    );
  }

  /** We made it Primary by force, and were stopped before it was formatted. */
  isNewlyForced(side: Side): boolean {
    return side.node.links.includes(formattingMark(this.desired.name));
  }
}
