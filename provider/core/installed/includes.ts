import { parseIncludes } from "../config/parse-statements";
import type { ObservedNode } from "../seen/observed";
import { globalCommonPath } from "../config/paths";
import type { Refusal } from "../steps/plan";

const top = "/etc/drbd.conf";

/**
 * A pair's file that drbdadm never comes to from /etc/drbd.conf passes its parser, and has no effect: create-md then
 * knows no such resource, and options of `common` are silently DRBD's own (drbd-utils 9.22.0).
 */
export function includeRefusals(node: ObservedNode, host: string, path: string): Refusal[] {
  if (!isLeftOut(node, path)) return [];
  return [
    {
      node: host,
      found: `${top} does not include ${path}: drbdadm would not read what is written there`,
      way: 'Add `include "drbd.d/global_common.conf";` and `include "drbd.d/*.res";` to it, as drbd-utils installs it.',
    },
  ];
}

/** Surely: not where there is no such file yet, or where it includes files that a look does not read. */
function isLeftOut(node: ObservedNode, path: string): boolean {
  if (!node.files.has(top)) return false;
  if (followed(node).patterns.some((pattern) => globOf(pattern).test(path))) return false;
  return !leadsElsewhere(node);
}

/** The files of a host that drbdadm comes to from /etc/drbd.conf, as far as a look reads them: path and text. */
export function filesRead(node: ObservedNode): ReadonlyMap<string, string> {
  // Without /etc/drbd.conf, those that it will include once drbd-utils have brought it.
  const usual = (path: string) => path === globalCommonPath || /^\/etc\/drbd\.d\/[^/]*\.res$/.test(path);
  const paths = node.files.has(top) ? followed(node).paths : new Set([...node.files.keys()].filter(usual));
  return new Map([...node.files].filter(([path]) => paths.has(path)));
}

/** Whether includes lead to files that a look does not read. */
export function leadsElsewhere(node: ObservedNode): boolean {
  if (!node.files.has(top)) return false;
  return followed(node).patterns.some((pattern) => !/^\/etc\/drbd\.d\/[^/]*$/.test(pattern));
}

/** Whether drbdadm would read a file of that path. */
export function isIncluded(node: ObservedNode, path: string): boolean {
  return node.files.has(top) && followed(node).patterns.some((pattern) => globOf(pattern).test(path));
}

/** All that is included, from /etc/drbd.conf on: the patterns, and the files that they lead to. */
function followed({ files }: ObservedNode): {
  readonly patterns: readonly string[];
  readonly paths: ReadonlySet<string>;
} {
  const [paths, patterns] = [new Set<string>(), new Set<string>()];
  const follow = (from: string): void => {
    if (paths.has(from) || !files.has(from)) return;
    paths.add(from);
    for (const include of parseIncludes(files.get(from) ?? "")) {
      const pattern = include.startsWith("/") ? include : `${from.replace(/\/[^/]*$/, "")}/${include}`;
      patterns.add(pattern);
      const glob = globOf(pattern);
      [...files.keys()].filter((path) => glob.test(path)).forEach(follow);
    }
  };
  follow(top);
  return { patterns: [...patterns], paths };
}

/** As glob(3) has it, but for a name that begins with a dot, which none of ours does. */
function globOf(pattern: string): RegExp {
  const literal = pattern.replaceAll(/[.+^${}()|\\]/g, "\\$&");
  try {
    return new RegExp(`^${literal.replaceAll("*", "[^/]*").replaceAll("?", "[^/]").replaceAll("[!", "[^")}$`);
  } catch {
    return /$^/;
  }
}
