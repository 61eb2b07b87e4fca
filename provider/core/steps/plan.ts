import type { Action } from "./action";
import type { Call } from "../seen/remote-functions";

/** One command on one host. What is shown, logged and quoted in errors is `argv`; what runs is `does` behind `guard`. */
export interface Step {
  readonly node: string;
  /** The command as a careful person would type it, without secrets. */
  readonly argv: readonly string[];
  /** Why it is there, from what was observed. */
  readonly because: string;
  /** What is lost when it runs; shown in the preview. */
  readonly destroys?: string;
  /** What must all hold just before: what was observed a minute ago may have changed. Each tells why it does not. */
  readonly guard?: readonly Call[];
  /** What it does in turn, up to the first that fails, where that is more than argv. May hold secrets: never shown. */
  readonly does?: readonly Action[];
  /** Devices, and where each is mounted, which others may have in use: where the step fails, they are told. */
  readonly holdersOf?: readonly (readonly [device: string, ...mountPoint: string[]])[];
  readonly timeoutSeconds: number;
}

/** Steps that may run at the same time on different nodes; those of one node run in their order. */
export type Stage = readonly Step[];

/** Something found that must not be overridden without a person's word. */
export interface Refusal {
  readonly node?: string;
  /** The input that it is about, where it is about one: `minor`, `nodes[1].disk`. */
  readonly property?: string;
  /** What was found, and why that stops us. */
  readonly found: string;
  /** The way on: what to type, or which lines to put in the configuration. */
  readonly way: string;
}

/** From one host to the other. `givesUp`: the steps by which the first lets go of it; from then on nobody may use it. */
export interface PlannedMove {
  readonly from: string;
  readonly to: string;
  readonly givesUp: readonly Step[];
}

export interface Plan {
  readonly subject: string;
  /** Barriers: a stage begins when the one before it has ended everywhere. */
  readonly stages: readonly Stage[];
  readonly refusals: readonly Refusal[];
  /** Things worth knowing that stop nothing. */
  readonly warnings: readonly string[];
  /** Where values come from that nobody wrote: a line each. */
  readonly notes?: readonly string[];
  /** What comes after the steps without changing anything (waiting), or depends on what they find. */
  readonly afterwards: readonly string[];
  /** Nothing can be done now, and something is due once a sync has ended, for which the run is to wait. */
  readonly waits?: boolean;
  /** A resource moves in it: where a step fails, the run sees to it that one of the two serves it. */
  readonly switchover?: PlannedMove;
}

export function actionsOf(step: Step): readonly Action[] {
  return step.does ?? [{ kind: "run", argv: step.argv }];
}

export function stepsOf(plan: Plan): readonly Step[] {
  return plan.stages.flat();
}

/** A plan with nothing to do, or a refusal, has no steps. */
export function isEmpty(plan: Plan): boolean {
  return plan.stages.every((stage) => stage.length === 0);
}

/** Whether a run has something to do, be it to wait. */
export function hasWork(plan: Plan): boolean {
  return !isEmpty(plan) || plan.waits === true;
}
