import type { StepOutcome } from "../core/steps/apply-script";
import { lockPath } from "../core/config/paths";
import type { Step } from "../core/steps/plan";
import { commandLine } from "../core/seen/shell-words";
import { runAgain } from "./operation";
import { GuardError, HostError } from "./error-classes";

/** What the host's shell left behind once it had ended. */
export interface Left {
  readonly exit: number | null;
  /** What it said besides, without secrets. */
  readonly said: string;
  /** Another run has the turn by now. */
  readonly locked?: { readonly holder: string };
}

/** Why not all steps ended well; undefined when they did. */
export function stepsError(
  host: string,
  steps: readonly Step[],
  outcomes: readonly StepOutcome[],
  { exit, said, locked }: Left,
): HostError | undefined {
  if (locked !== undefined) {
    // Worth another look, behind that run's last step.
    return new GuardError(host, `another run has come in between (${locked.holder}); none of the steps ran`, {
      command: `flock -w 60 ${lockPath}`,
      advice: runAgain(),
    });
  }
  const failed = outcomes.find((outcome) => outcome.exit !== 0);
  if (failed !== undefined) return stepError(failed, steps);
  if (outcomes.length === steps.length) return undefined;
  const next = steps[outcomes.length];
  const what =
    outcomes.length === 0
      ? "the steps did not run"
      : `the host's shell ended after ${outcomes.length} of ${steps.length} steps`;
  return new HostError(host, what, {
    command: outcomes.length === 0 || next === undefined ? "sh -s" : `${commandLine(next.argv)} was not run`,
    exit: exit ?? "none",
    output: said,
    advice: runAgain(),
  });
}

function stepError(failed: StepOutcome, steps: readonly Step[]): HostError {
  const { step } = failed;
  const Kind = failed.guarded ? GuardError : HostError;
  const what = failed.guarded
    ? `what was planned does not fit what is there any more, so it was not run (${step.because})`
    : failed.exit === null
      ? `its end was never told, so it may have taken effect (${step.because})`
      : `a step failed (${step.because})`;
  const left = steps.length - steps.indexOf(step) - 1;
  return new Kind(step.node, what, {
    command: commandLine(step.argv),
    exit: failed.exit ?? "none",
    output: failed.output,
    advice: `${left > 0 ? `${left} more steps on this host were not run. ` : ""}Mend what the output says and ${runAgain()}`,
  });
}
