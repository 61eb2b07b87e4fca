/** Has the real drbdadm read many files in one remote command. Both of its languages, whatever module is loaded. */
import type { Grammar } from "../../provider/core/wanted/option-table";

export interface Question {
  readonly grammar: Grammar;
  /** The whole of a drbd.conf. */
  readonly text: string;
  /** As which host drbdadm is to read it. */
  readonly hostname: string;
}

export interface Answer {
  readonly exit: number;
  /** What `drbdadm dump` printed, or what `drbdadm sh-nop` complained of. */
  readonly output: string;
}

const OVERRIDES: Record<Grammar, string> = { "8.4": "8.4.11", "9": "9.0.0" };

/** A POSIX shell script that asks all of it. */
export function oracleScript(questions: readonly Question[]): string {
  const asked = questions.map(({ grammar, text, hostname }) => {
    const file = Buffer.from(text).toString("base64");
    return `ask ${OVERRIDES[grammar]} ${hostname} <<'.'\n${file.replaceAll(/.{1,900}/g, "$&\n")}.`;
  });
  return `
directory=$(mktemp -d) && cd "$directory" || exit 1
trap 'rm -rf "$directory"' EXIT
ask() {
  base64 -d > candidate.conf
  export DRBD_DRIVER_VERSION_OVERRIDE=$1 __DRBD_NODE__=$2
  drbdadm -c candidate.conf sh-nop > said 2>&1 < /dev/null && drbdadm -c candidate.conf dump > said 2>&1 < /dev/null
  echo "@ $? $(wc -l < said)"
  cat said
}
${asked.join("\n")}
`;
}

/** The answers, in the order of the questions. */
export function parseAnswers(output: string): Answer[] {
  const lines = output.split("\n");
  const answers: Answer[] = [];
  for (let at = 0; at < lines.length;) {
    const [, exit, count] = /^@ ([0-9]+) +([0-9]+)$/.exec(lines[at] ?? "") ?? [];
    at++;
    if (exit === undefined) continue;
    answers.push({ exit: Number(exit), output: lines.slice(at, at + Number(count)).join("\n") });
    at += Number(count);
  }
  return answers;
}
