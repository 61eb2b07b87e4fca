import { globalCommonPath } from "./paths";
import type { Step } from "./plan";
import { quote } from "./shell-words";

/** Text, which ends with a newline, on a command's standard input, unharmed by the shell. */
export function heredoc(command: string, text: string): string {
  let end = "END-OF-FILE-BY-PULUMI-DRBD";
  while (text.includes(end)) end += "-";
  return `${command} <<'${end}'\n${text}${end}`;
}

/**
 * Writes a file of drbd's configuration: parsed by the host's own drbdadm together with all else that is installed
 * before it replaces what is there, replaced in one go, and read back, since a file that was cut off passes the parser.
 */
export function writeConfiguration(node: string, path: string, text: string, mode: number, because: string): Step {
  return {
    node,
    argv: ["write", path],
    because,
    script: [
      heredoc("wanted() { cat", text),
      "}",
      "together() {",
      // Not by `include`: drbdadm-84 cannot follow one that comes from standard input.
      "grep -shv '^[[:space:]]*include[[:space:]]' /etc/drbd.conf",
      `for file in ${globalCommonPath} /etc/drbd.d/*.res; do if [ -f "$file" ] && [ "$file" != ${quote(path)} ]; then cat "$file"; echo; fi; done`,
      "wanted",
      "}",
      "together | drbdadm -c - sh-nop || exit $?",
      `wanted | put ${quote(path)} 0${mode.toString(8)} || exit $?`,
      `wanted | cmp - ${quote(path)}`,
    ].join("\n"),
    timeoutSeconds: 30,
  };
}
