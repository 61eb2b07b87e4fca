import { redactSecrets, secretsIn } from "./config-file";
import type { ObservedNode } from "./observed";
import type { Refusal } from "./plan";

/** The file that drbdadm cannot read among those that are installed, as it names it itself (drbd-utils 9.22.0). */
function brokenFile(node: ObservedNode): string | undefined {
  if (node.adjust === undefined || node.adjust.exit === 0) return undefined;
  const [, name] = /^(?:\/etc\/)?(drbd\.(?:conf|d\/[^\s:]+)):\d+:/m.exec(node.adjust.output) ?? [];
  return name === undefined ? undefined : `/etc/${name}`;
}

/**
 * One file that drbdadm cannot read breaks every resource: handlers fail, and the next resync parts the pair. `ours`: what
 * is about to be written anew.
 */
export function brokenFileRefusals(node: ObservedNode, host: string, ours: readonly string[]): Refusal[] {
  const file = brokenFile(node);
  if (file === undefined || ours.includes(file)) return [];
  const said = redactSecrets(node.adjust?.output.trim() ?? "", [...node.files.values()].flatMap(secretsIn));
  return [
    {
      node: host,
      found: `drbdadm cannot read ${file}, and so reads no resource at all: ${said}`,
      way: /Failed to open|Permission denied/i.test(said)
        ? "See why root may not open the file that it names there (`ls -lZ`, `lsattr`), and mend that."
        : file === "/etc/drbd.conf"
          ? "Mend that file: drbdadm does nothing without it."
          : `Mend that file, or move it away if its resource is no more (\`mv ${file} /root/\`).`,
    },
  ];
}
