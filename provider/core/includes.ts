import { parseIncludes } from "./config-file";
import type { ObservedNode } from "./observed";
import type { Refusal } from "./plan";

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
function isLeftOut({ files }: ObservedNode, path: string): boolean {
  if (!files.has(top)) return false;
  const followed = new Set<string>();
  const away: string[] = [];
  const leadsThere = (from: string): boolean => {
    if (followed.has(from)) return false;
    followed.add(from);
    return parseIncludes(files.get(from) ?? "").some((include) => {
      const pattern = include.startsWith("/") ? include : `${from.replace(/\/[^/]*$/, "")}/${include}`;
      if (!/^\/etc\/drbd\.d\/[^/]*$/.test(pattern)) away.push(pattern);
      const glob = globOf(pattern);
      return glob.test(path) || [...files.keys()].some((other) => glob.test(other) && leadsThere(other));
    });
  };
  return !leadsThere(top) && away.length === 0;
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
