import { lockPath, runFolder } from "../config/paths";
import { quote } from "./shell-words";

/**
 * One run at a time changes something on a host. A run takes the turn before it looks at what it decides on, and keeps it
 * until its last step has ended: so no plan rests on a look that went through the middle of another run's steps.
 *
 * The file names the run that had the turn last, and the shell on the host through which it works. While that process
 * lives, the run has the turn. A run that was killed leaves none behind: sshd ends the shell, after the step that it runs.
 * The lock (apply-script.ts) beside it covers a step that outlives its shell.
 */
export const turnPath = `${runFolder}/turn`;

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

/**
 * The shell function `turn`: sets `last`, and `who` to the words of the run that works now, or to nothing. No process is
 * started for it. The start time tells a process from a later one with the same number.
 */
export const turnFunctions = String.raw`
started() { { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1; set -- ${"$"}{stat##*") "}; start=${"$"}{20}; }
turn() {
  last= who=
  { read -r last pid since words <${turnPath}; } 2>/dev/null || return 0
  if [ "$pid" != 0 ] && started "$pid" && [ "$start" = "$since" ]; then who=$words; fi
}
have_turn() { started $$ && printf '%s %s %s %s\n' "$1" $$ "$start" "$2" >${turnPath}; }
open_lock() { { [ -d ${runFolder} ] || mkdir -p -m 700 ${runFolder}; } && true >>${lockPath} || { echo cannot write ${lockPath}; exit 70; }; }
`;

/** Takes the turn, where nobody has it and no step of an earlier run is still running. */
export function takeTurnScript(nonce: string, run: string, words: string): string {
  return `${turnFunctions}
open_lock
exec 9>${lockPath}
flock -w 10 9; free=$?
turn
if [ "$free" != 0 ] || { [ -n "$who" ] && [ "$last" != ${quote(run)} ]; }; then
  printf '\\n@${nonce}-turn busy %s\\n' "\${who:-$words (it was killed, and its last step is still running)}"; exit 0
fi
before=$last
have_turn ${quote(run)} ${quote(words)} && printf '\\n@${nonce}-turn taken %s\\n' "$before"
`;
}

/** Leaves the run's name behind, so that later looks know that it was there. */
export function giveTurnScript(run: string): string {
  return `${turnFunctions}
turn
[ "$last" != ${quote(run)} ] || printf '%s 0 0 \\n' "$last" >${turnPath}
`;
}

export function parseTurnAnswer(nonce: string, output: string): TurnAnswer | undefined {
  const [, kind, rest = ""] = new RegExp(`^@${nonce}-turn (taken|busy) ?(.*)$`, "m").exec(output) ?? [];
  if (kind === "taken") return { kind, last: rest };
  return kind === "busy" ? { kind, holder: rest } : undefined;
}
