import type { Step } from "./plan";
import { justTheHost, probeFunction, type ProbeRequest } from "../seen/probe";
import { remoteFunctions } from "../seen/remote-functions";
import { quote } from "../seen/shell-words";
import { steps as runSteps, turn } from "../../host/text";

/** A run of the provider, as other runs know it. */
export interface Run {
  readonly token: string;
  /** For a person: whose it is, and since when. */
  readonly words: string;
}

/** A step as shell: step-script.ts makes it. */
export interface ShellStep {
  readonly guard?: string;
  readonly body: string;
  /** It says something while it runs (Saying). */
  readonly tells?: boolean;
}

/**
 * One node's steps of one stage, as one remote command. Each step's beginning and end are told by marker lines, so that
 * progress is seen as it happens and an interruption can be put down to a step. A failure stops the rest. The
 * observation that follows them comes along in the same round trip.
 *
 * It runs only where no other run has had the turn since this one took it (turn.ts): of what that did, this plan knows nothing.
 * A lock is held on the node beside it: the kernel lets go of it when the last process of the command has ended, so that a
 * dead holder keeps nothing, and a `mkfs` that outlives its connection is waited for.
 */
export function applyScript(nonce: string, steps: readonly ShellStep[], run: Run, observe?: ProbeRequest): string {
  const functions = steps.map(({ guard, body }, index) => {
    const guarded = guard === undefined ? body : `{ ${guard}; } || exit ${guardFailed}\n${body}`;
    return `step${index}() (\n${guarded}\n)`;
  });
  const calls = steps.map(({ tells }, index) => `run_step ${index}${tells === true ? " tells" : ""}`);
  const look = observe === undefined ? [] : ["end_steps", "probe"];
  return `${remoteFunctions}${turn}${runSteps}${probeFunction(nonce, observe ?? justTheHost)}
${functions.join("\n")}
apply() {
begin_steps ${quote(run.token)} ${quote(run.words)}
${[...calls, ...look].join("\n")}
}
apply </dev/null
exit 0
`;
}

/** A step's exit code when its guard failed and the command itself did not run; no command of ours uses it. */
const guardFailed = 99;

/** What happened to each step, in order, from the markers and what stands between them. */
export interface StepOutcome {
  readonly step: Step;
  /** null: begun, and its end was never told. */
  readonly exit: number | null;
  /** Of a step that failed: nobody asks what the others said. */
  readonly output: string;
  /** The guard failed: the command itself did not run. */
  readonly guarded: boolean;
}

/** What a running step says: for whom it waits, or a warning of what a person should know though it goes on. */
export interface Saying {
  readonly kind: "said";
  readonly isWarning: boolean;
  readonly text: string;
}

export type StepEvent =
  | { readonly kind: "begin" | "end"; readonly index: number; readonly exit: number }
  | Saying
  /** Another run has the turn by now: nothing was run. */
  | { readonly kind: "locked"; readonly holder: string };

/** Told of each step as it begins, and of what it says while it runs. */
export type TellStep = (step: Step, saying?: Saying) => void;

/** A marker line, or undefined for a line that is none. */
export function parseMarker(nonce: string, line: string): StepEvent | undefined {
  const mark = `@${nonce}-step `;
  if (!line.startsWith(mark)) return undefined;
  const told = line.slice(mark.length);
  const locked = /^locked ?(.*)$/.exec(told);
  if (locked) return { kind: "locked", holder: locked[1] ?? "" };
  const [, kind, text] = /^(note|warn) (.*)$/.exec(told) ?? [];
  if (text !== undefined) return { kind: "said", isWarning: kind === "warn", text };
  const begin = /^begin (\d+)$/.exec(told);
  if (begin) return { kind: "begin", index: Number(begin[1]), exit: 0 };
  const end = /^end (\d+) (\d+)$/.exec(told);
  return end ? { kind: "end", index: Number(end[1]), exit: Number(end[2]) } : undefined;
}

/**
 * The outcomes of the steps that were begun; a step that never began is not in the list. A marker that comes out of turn
 * says nothing about any step.
 */
export function parseOutcomes(nonce: string, steps: readonly Step[], output: string): StepOutcome[] {
  const outcomes: { step: Step; exit: number | null; output: string; guarded: boolean }[] = [];
  let open = false;
  // What follows the last newline may be half a line: an exit code of 112 must not be read as 1.
  for (const line of output.split("\n").slice(0, -1)) {
    const event = parseMarker(nonce, line);
    const last = outcomes.at(-1);
    if (event?.kind === "begin") {
      const step = steps[event.index];
      open = step !== undefined && event.index === outcomes.length && (last === undefined || last.exit === 0);
      if (step !== undefined && open) outcomes.push({ step, exit: null, output: "", guarded: false });
    } else if (event?.kind === "end") {
      if (last && open && event.index === outcomes.length - 1) {
        last.exit = event.exit;
        last.guarded = event.exit === guardFailed && last.step.guard !== undefined;
      }
      open = false;
    } else if (last && open && event === undefined) last.output += `${line}\n`;
  }
  return outcomes.map((outcome) => ({ ...outcome, output: outcome.output.trim() }));
}
