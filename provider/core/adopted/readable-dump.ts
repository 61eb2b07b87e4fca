/** What drbdadm says of its configuration on a host, or why there is nothing to take over. */
import { redactSecrets, secretsIn } from "../config/shared-secret";
import type { ObservedNode } from "../seen/observed";
import type { LeftOut } from "./adopted-inputs";

export function readableDump(node: ObservedNode): string | LeftOut {
  const { hostname: subject } = node;
  if (node.utils === null)
    return {
      subject,
      why: "drbd-utils is not installed there: it has no pair",
      way: "For a new pair, write a site as examples/sites has it, and run `pulumi preview`.",
    };
  // Where every file is ours, a look asks for the dump only together with another global_common.conf.
  const dump = node.dump ?? node.common?.now;
  if (dump === undefined)
    return {
      subject,
      why: "drbdadm reads no configuration there: /etc/drbd.conf is missing",
      way: "Name the two hosts of the pair. For a new one, write a site as examples/sites has it.",
    };
  if (dump.exit !== 0)
    return {
      subject,
      why: `drbdadm does not take its own configuration there: ${redactSecrets(dump.output.trim(), [...node.files.values()].flatMap(secretsIn))}`,
      way: "Mend what it names (`drbdadm dump all` shows it), and adopt again.",
    };
  return dump.output;
}
