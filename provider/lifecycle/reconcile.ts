import type { ObservedNode } from "../core/seen/observed";
import type { TellStep } from "../core/steps/apply-script";
import { letLastStepEnd } from "../core/steps/promotion-steps";
import { isEmpty, type Plan, type Stage, type Step, stepsOf } from "../core/steps/plan";
import { formatRefusals } from "../core/told/plan-text";
import type { ProbeRequest } from "../core/seen/probe";
import type { Reporter } from "./reporter";
import { GuardError } from "../shell/error-classes";
import type { Host } from "../shell/host";
import { Move, switchedBack } from "./switch-back";
import { inTurn } from "./turns";

/**
 * Each round decides on what the one before it left. The same steps once more mean that one of them does not do what its
 * plan says; others, that somebody else is at work there too.
 */
const mostRepeats = 2;
const mostRounds = 20;

export class RefusedError extends Error {
  /** `ran`: the steps that this run did before. */
  constructor(plan: Plan, ran: readonly Step[] = []) {
    super(formatRefusals(plan, ran));
    this.name = "RefusedError";
    this.stack = ""; // as in shell/error-classes.ts
  }
}

/** What reconciling needs to know of a thing, a node or a resource. */
export interface Subject {
  readonly hosts: readonly Host[];
  /** What to look at closely on each host, in the order of `hosts`, after a plan's steps. */
  readonly looks: () => readonly ProbeRequest[];
  /** Looks at all hosts. */
  readonly observe: () => Promise<readonly ObservedNode[]>;
  readonly plan: (nodes: readonly ObservedNode[]) => Plan;
  /** The plan by which a host serves what has just moved away from it; of what can move. */
  readonly planBack?: (nodes: readonly ObservedNode[], host: string) => Plan;
  /** Told before the first step runs. */
  readonly begins?: () => void;
  /** The steps that ran; of an operation that reconciles more than once, those of all of it. */
  readonly ran: Step[];
}

/** observe → plan → apply, until the plan is empty. Creating and updating are both this, wherever it has to begin. */
export function reconcile(subject: Subject, reporter: Reporter): Promise<readonly ObservedNode[]> {
  return inTurn(subject.hosts, reporter, () => reconcileInTurn(subject, reporter));
}

async function reconcileInTurn(subject: Subject, reporter: Reporter): Promise<readonly ObservedNode[]> {
  const move = new Move(reporter);
  try {
    const nodes = await untilEmpty(subject, reporter, move);
    move.tellEnd();
    return nodes;
  } catch (error) {
    const { of } = move;
    if (of === undefined || subject.planBack === undefined) throw error;
    const { planBack } = subject;
    const back = { ...subject, plan: (nodes: readonly ObservedNode[]) => planBack(nodes, of.from) };
    throw await switchedBack(of, error, async () => {
      await Promise.all(
        subject.hosts.map((host) => host.apply([letLastStepEnd(host.name, of.subject)], undefined, reporter.step)),
      );
      return untilEmpty(back, reporter, new Move(reporter));
    });
  }
}

async function untilEmpty(subject: Subject, reporter: Reporter, move: Move): Promise<readonly ObservedNode[]> {
  let guardFailed = false;
  let [before, repeats] = ["", 0];
  for (let round = 1; ; round++) {
    const nodes = await subject.observe();
    const plan = subject.plan(nodes);
    plan.warnings.forEach((warning) => {
      if (round === 1) reporter.warn(warning);
    });
    if (plan.refusals.length > 0) throw new RefusedError(plan, subject.ran);
    if (isEmpty(plan)) return nodes;
    const steps = stepsOf(plan)
      .map((step) => `${step.node}: ${step.argv.join(" ")}`)
      .join("; ");
    repeats = steps === before ? repeats + 1 : 0;
    before = steps;
    if (repeats > mostRepeats || round === mostRounds) {
      throw new Error(
        `${plan.subject}: these steps ran and are still called for: ${steps}. This is a defect of pulumi-drbd: please report it.`,
      );
    }
    subject.begins?.();
    try {
      move.begins(plan);
      await applyPlan(plan, subject, reporter, move);
    } catch (error) {
      // Something changed since the look that this was planned on, perhaps a step of a run that was killed and had not
      // ended: look once more.
      if (!(error instanceof GuardError) || guardFailed) throw error;
      guardFailed = true;
    }
  }
}

async function applyPlan(plan: Plan, subject: Subject, reporter: Reporter, move: Move): Promise<void> {
  const looks = subject.looks();
  for (const [index, stage] of plan.stages.entries()) {
    const last = index === plan.stages.length - 1;
    const acting = subject.hosts.filter((host) => stepsOn(stage, host.name).length > 0);
    const stepsEnded = acting.map(() => signal());
    const results = await Promise.allSettled(
      subject.hosts.map(async (host, place) => {
        const look = last ? looks[place] : undefined;
        const ended = stepsEnded[acting.indexOf(host)];
        if (ended === undefined) {
          // Nothing to do here: looked at while the others are, once what they do has had its effect on this one.
          await Promise.all(stepsEnded.map(({ given }) => given));
          host.forget();
          if (look !== undefined) await host.observe(look);
          return;
        }
        const begun: Step[] = [];
        const tell: TellStep = (step, saying) => {
          if (saying === undefined) {
            begun.push(step);
            move.stepBegins(step);
          }
          reporter.step(step, saying);
        };
        try {
          await host.apply(stepsOn(stage, host.name), look, tell, () => {
            move.stepsEnd(host.name);
            ended.give();
          });
        } catch (error) {
          // The guard stopped the last one.
          if (error instanceof GuardError) move.stopped(begun.pop());
          throw error;
        } finally {
          subject.ran.push(...begun);
          ended.give();
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

/** Something to wait for, and the way to say that it has come. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

function stepsOn(stage: Stage, host: string): Step[] {
  return stage.filter((step) => step.node === host);
}
