import type { ObservedNode } from "./core/observed";
import { isEmpty, type Plan, type Stage, type Step } from "./core/plan";
import { formatRefusals } from "./core/format";
import type { ProbeRequest } from "./core/probe";
import type { Reporter } from "./reporter";
import { GuardError } from "./shell/errors";
import type { Host } from "./shell/host";

/** Each round decides on what the one before it left; more than this means that a step does not do what its plan says. */
const mostRounds = 6;

export class RefusedError extends Error {
  constructor(plan: Plan) {
    super(formatRefusals(plan));
    this.name = "RefusedError";
    this.stack = ""; // as in shell/errors.ts
  }
}

/** What reconciling needs to know of a thing, a node or a resource. */
export interface Subject {
  readonly hosts: readonly Host[];
  /** What to look at closely on each host, in the order of `hosts`. */
  readonly looks: () => readonly ProbeRequest[];
  /** Looks at all hosts. */
  readonly observe: () => Promise<readonly ObservedNode[]>;
  readonly plan: (nodes: readonly ObservedNode[]) => Plan;
}

/** observe → plan → apply, until the plan is empty. Creating and updating are both this, wherever it has to begin. */
export async function reconcile(subject: Subject, reporter: Reporter): Promise<readonly ObservedNode[]> {
  let guardFailed = false;
  for (let round = 1; ; round++) {
    const nodes = await subject.observe();
    const plan = subject.plan(nodes);
    plan.warnings.forEach((warning) => {
      if (round === 1) reporter.warn(warning);
    });
    if (plan.refusals.length > 0) throw new RefusedError(plan);
    if (isEmpty(plan)) return nodes;
    if (round === mostRounds) {
      const left = plan.stages.flat().map((step) => `${step.node}: ${step.argv.join(" ")}`);
      throw new Error(
        `${plan.subject}: these steps ran and are still called for: ${left.join("; ")}. This is a defect of pulumi-drbd: please report it.`,
      );
    }
    try {
      await applyPlan(plan, subject, reporter);
    } catch (error) {
      // Something changed since the look that this was planned on, perhaps a step of a run that was killed and had not
      // ended: look once more.
      if (!(error instanceof GuardError) || guardFailed) throw error;
      guardFailed = true;
    }
  }
}

async function applyPlan(plan: Plan, subject: Subject, reporter: Reporter): Promise<void> {
  const looks = subject.looks();
  for (const [index, stage] of plan.stages.entries()) {
    const last = index === plan.stages.length - 1;
    const results = await Promise.allSettled(
      subject.hosts.map(async (host, place) => {
        const own = stepsOn(stage, host.name);
        if (own.length === 0) return;
        await host.apply(own, last ? looks[place] : undefined, (step) => {
          reporter.step(step);
        });
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}

function stepsOn(stage: Stage, host: string): Step[] {
  return stage.filter((step) => step.node === host);
}
