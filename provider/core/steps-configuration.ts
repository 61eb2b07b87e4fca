import { globalCommonPath } from "./paths";
import type { Step } from "./plan";
import { printText, quote } from "./shell-words";

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
      `wanted() { ${printText(text)}; }`,
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
