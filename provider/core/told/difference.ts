/** What a look at the hosts means for Pulumi's `diff`: whether there is something to do, and what a person is told of it. */
import { formatPlan, formatRefusals } from "./plan-text";
import { formatMoved } from "./moved-states";
import { hasWork, type Plan } from "../steps/plan";

export interface Look {
  readonly plan: Plan;
  /** Each state that is another one than the one that is stored. */
  readonly moved: readonly string[];
  /** The refresh of this run found such a state, and has stored it by now. */
  readonly wasMoved: boolean;
  /** How far a sync is that needs nothing from us. */
  readonly sync?: string;
  readonly during: "preview" | "up" | "refresh";
}

export interface Difference {
  /** Nothing can be done before a person has decided. A refresh stores what it saw all the same. */
  readonly refused: boolean;
  readonly changes: boolean;
  readonly says: readonly string[];
  readonly warns: readonly string[];
}

export function differenceOf({ plan, moved, wasMoved, sync, during }: Look): Difference {
  if (plan.refusals.length > 0) {
    const warns = during === "refresh" ? [formatRefusals(plan)] : [];
    return { refused: during !== "refresh", changes: wasMoved, says: [], warns };
  }
  if (hasWork(plan)) {
    // Where the steps run, each is told as it begins, and the warnings as they are planned on.
    return { refused: false, changes: true, says: during === "preview" ? [formatPlan(plan)] : [], warns: [] };
  }
  const says = [
    ...(moved.length > 0 ? [formatMoved(plan.subject, moved)] : []),
    ...(during === "preview" && sync !== undefined ? [`${plan.subject}: ${sync}`] : []),
  ];
  return { refused: false, changes: moved.length > 0 || wasMoved, says, warns: plan.warnings };
}
