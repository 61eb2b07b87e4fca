import { turn } from "../../host/text";
import { commandLine } from "./shell-words";

/**
 * One run at a time changes something on a host. A run takes the turn before it looks at what it decides on, and keeps it
 * until its last step has ended: so no plan rests on a look that went through the middle of another run's steps.
 *
 * A file (turnPath) names the run that had the turn last, and the shell on the host through which it works. While that
 * process lives, the run has the turn. A run that was killed leaves none behind: sshd ends the shell, after the step that it
 * runs. The lock beside it covers a step that outlives its shell.
 */

/** Who has the turn on a host. */
export interface TurnSeen {
  /** The run that had it last: by this a look from before is known to be still true. Empty: nobody since the boot. */
  readonly last: string;
  /** In words, the run that has it now. Absent: nobody. */
  readonly holder?: string;
}

/** What became of asking for the turn. */
export type TurnAnswer =
  /** `last`: the run that had it before us. */
  { readonly kind: "taken"; readonly last: string } | { readonly kind: "busy"; readonly holder: string };

/** Takes the turn, where nobody has it and no step of an earlier run is still running. */
export function takeTurnScript(nonce: string, run: string, words: string): string {
  return `${turn}nonce=${nonce}\n${commandLine(["take_turn", run, words])}\n`;
}

/** Leaves the run's name behind, so that later looks know that it was there. */
export function giveTurnScript(run: string): string {
  return `${turn}${commandLine(["give_turn", run])}\n`;
}

export function parseTurnAnswer(nonce: string, output: string): TurnAnswer | undefined {
  const [, kind, rest = ""] = new RegExp(`^@${nonce}-turn (taken|busy) ?(.*)$`, "m").exec(output) ?? [];
  if (kind === "taken") return { kind, last: rest };
  return kind === "busy" ? { kind, holder: rest } : undefined;
}
