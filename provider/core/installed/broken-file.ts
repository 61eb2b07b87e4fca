import { commandLine } from "../seen/shell-words";
import { redactSecrets, secretsIn } from "../config/shared-secret";
import type { ObservedNode } from "../seen/observed";
import { filesRead, includesOfOne, includeText } from "./includes";
import { inOtherGrammar } from "./other-grammar";
import { isOurs } from "../config/own-mark";
import { resourcePath } from "../config/paths";
import type { Refusal } from "../steps/plan";

interface BrokenFile {
  readonly path: string;
  /** What drbdadm complains of in it. */
  readonly said: string;
}

/**
 * The files that drbdadm cannot read among those that are installed, as it names them itself, from the folder of the file
 * that includes them on (drbd-utils 9.22.0). It stops at the first one; the look then asks it about each file alone
 * (probe.ts), so that none hides another.
 */
function brokenFiles(node: ObservedNode): BrokenFile[] {
  if (node.adjust === undefined || node.adjust.exit === 0) return [];
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of node.adjust.output.split("\n")) {
    const path = pathNamed(node, /^(\S.*?):\d+:/.exec(line)?.[1]);
    if (path !== undefined) {
      lines = [];
      if (!found.has(path)) found.set(path, lines);
    }
    lines.push(line);
  }
  return [...found].map(([path, said]) => ({ path, said: said.join("\n").trim() }));
}

/** Nothing where it could be one file or another. */
function pathNamed(node: ObservedNode, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (/^(\/etc\/)?drbd\.(conf|d\/[^\s:]+)$/.test(name)) return `/etc/${name.replace(/^\/etc\//, "")}`;
  const paths = [...filesRead(node).keys()];
  const [path, ...more] = paths.filter((one) => one === name || one.endsWith(`/${name}`));
  return paths.includes(name) ? name : more.length > 0 ? undefined : path;
}

/**
 * Files that we wrote and that drbdadm cannot read: in the grammar of another module, or damaged by hand. The plans that
 * write them mend them, and nobody else's plan may fail on them.
 */
export function unreadOwnFiles(node: ObservedNode): string[] {
  const broken = brokenFiles(node).map(({ path }) => path);
  const own = broken.filter((path) => isOurs(node.files.get(path)));
  return [...new Set([...own, ...inOtherGrammar(node).map(({ path }) => path)])];
}

/** Told in every plan, since drbdadm reads nothing until somebody has mended it: its resource may be gone from the program. */
export function brokenOwnFileWarnings(node: ObservedNode, host: string, name: string): string[] {
  const mended = [resourcePath(name), ...inOtherGrammar(node).map(({ path }) => path)];
  return unreadOwnFiles(node)
    .filter((path) => !mended.includes(path))
    .map(
      (path) =>
        `drbdadm on ${host} cannot read ${path}, which pulumi-drbd wrote: the plan of its resource writes it anew. If the program has that resource no more: \`mv ${path} /root/\` there`,
    );
}

/**
 * One file that drbdadm cannot read breaks every resource: handlers fail, and the next resync parts the pair. `ours`: what
 * is about to be written anew.
 */
export function brokenFileRefusals(node: ObservedNode, host: string, ours: readonly string[]): Refusal[] {
  const secrets = [...node.files.values()].flatMap(secretsIn);
  return brokenFiles(node)
    .filter(({ path }) => !ours.includes(path) && !isOurs(node.files.get(path)))
    .map(({ path, said }) => ({
      node: host,
      found: `drbdadm cannot read ${path}, and so reads no resource at all: ${redactSecrets(said, secrets)}`,
      way: /Failed to open|Permission denied/i.test(said)
        ? "See why root may not open the file that it names there (`ls -lZ`, `lsattr`), and mend that."
        : path === "/etc/drbd.conf"
          ? "Mend that file: drbdadm does nothing without it."
          : includesOfOne(node, path).length > 0
            ? `Mend that file; or move it away if its resource is no more (\`${commandLine(["mv", path, "/root/"])}\`), and take ${includesOfOne(node, path).map(includeText).join(" and ")} away with it.`
            : `Mend that file, or move it away if its resource is no more (\`${commandLine(["mv", path, "/root/"])}\`).`,
    }));
}
