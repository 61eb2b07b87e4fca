/** The planner with a fault in it: what a mutation does to what the planner sees, and to what it says. */
import type { Refusal, Plan, Step } from "../../provider/core/steps/plan";
import type { ObservedNode } from "../../provider/core/seen/observed";
import type { ResourceSituation } from "../../provider/core/decided/hosts/resource-situation";

export interface Mutation {
  /** What is said when it is caught. */
  readonly law: RegExp;
  /** What the planner sees. */
  readonly situation?: (situation: ResourceSituation) => ResourceSituation;
  /** What it says. */
  readonly plan?: (plan: Plan, situation: ResourceSituation) => Plan;
  readonly teardown?: (plan: Plan) => Plan;
  /** What a teardown sees of each host. */
  readonly leaving?: (node: ObservedNode) => ObservedNode;
  /** Which of the refusals are dropped. */
  readonly drops?: RegExp;
  /**
   * It shows only where somebody works on a disk in the middle of an up, where data is kept beside such a disk, or where
   * somebody takes over what an up left half-made; where somebody mounts the disk itself, or swaps it beside its metadata; where a pair is taken over, or
   * given back; where a resource has several volumes; where Pacemaker manages it; where the first sync is skipped; or where a person follows every message.
   */
  readonly meets?:
    | "races"
    | "keeping"
    | "takeovers"
    | "mounts"
    | "swaps"
    | "adoptions"
    | "returns"
    | "obedience"
    | "volumes"
    | "managed"
    | "skips";
}

/** The one that is at work. */
export const mutated: { by: Mutation | undefined } = { by: undefined };

export const eachStep =
  (change: (step: Step) => readonly Step[]) =>
  (plan: Plan): Plan => ({ ...plan, stages: plan.stages.map((stage) => stage.flatMap(change)) });

/** The steps that run a command, without some of what guards them. */
export const unguarded = (command: RegExp): ((plan: Plan) => Plan) =>
  eachStep((step) => [command.test(step.argv.join(" ")) ? { ...step, guard: undefined } : step]);

export const without = (command: RegExp): ((plan: Plan) => Plan) =>
  eachStep((step) => (command.test(step.argv.join(" ")) ? [] : [step]));

export function kept(refusals: readonly Refusal[]): Refusal[] {
  const drops = mutated.by?.drops;
  return refusals.filter(({ found }) => drops === undefined || !drops.test(found));
}
