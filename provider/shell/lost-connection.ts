/** A connection that is lost, or that nothing comes through any more, as an error that says what may have happened. */
import { commandLine } from "../core/seen/shell-words";
import type { Step } from "../core/steps/plan";
import { HostError, UnreachableError } from "./error-classes";
import { runAgain } from "./operation";

/** How far a host's steps were heard of before the connection was lost or nothing came any more. */
export interface Heard {
  /** How many were told to have ended. */
  readonly ended: number;
  /** Whether the next one was told to have begun. */
  readonly begun: boolean;
}

/**
 * A run that broke off: which step may have taken effect. A host that is cut off from us may go on by itself, so that
 * those after it may have, too.
 */
export function interrupted(error: unknown, steps: readonly Step[], { ended, begun }: Heard): unknown {
  if (!(error instanceof HostError) || error instanceof UnreachableError) return error;
  const [next, ...later] = steps.slice(ended).map((step) => commandLine(step.argv));
  if (next === undefined) return error;
  if (error.details.nothingRan === true) {
    return new HostError(error.host, `${error.what}; none of the steps ran`, { advice: runAgain() });
  }
  const may = begun
    ? "the step that was running may have taken effect"
    : ended === 0
      ? "no step was heard to begin, but the first may have taken effect"
      : "the next step was not heard to begin, but may have taken effect";
  const went = `where the host went on without us, so may have those after it: ${later.map((one) => `\`${one}\``).join(", ")}. `;
  return new HostError(error.host, `${error.what}; ${may}`, {
    command: next,
    advice: `${later.length > 0 ? went : ""}When the host answers, ${runAgain()}`,
  });
}

/** What a host has sent until now. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
}

/** `ran`: a command was begun there. */
export function noAnswer(
  host: string,
  what: string,
  heard: Said,
  { late, ran }: { readonly late: boolean; readonly ran: boolean },
): NoAnswerError {
  const advice = `look at the host, then ${runAgain()}`;
  return new NoAnswerError(host, what, heard, late, { nothingRan: !ran, advice });
}

export const lostText = (why: Error | undefined): string =>
  `the connection was lost while a command was running (${why?.message ?? "no reason given"})`;

/** A script's end was never told. */
export class NoAnswerError extends HostError {
  constructor(
    host: string,
    what: string,
    /** What came until then. */
    readonly heard: Said,
    /** It was waited for as long as it may take; else the connection was lost. */
    readonly late: boolean,
    details: HostError["details"],
  ) {
    super(host, what, details);
  }
}
