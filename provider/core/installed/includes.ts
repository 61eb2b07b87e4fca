/** Which files drbdadm reads on a host, and whether it would read one that is not there yet. */
import { globalCommonPath, resourcePath, topPath } from "../config/paths";
import { globMatches, isPattern } from "../config/glob";
import { grammarOf, type Include, type ObservedNode } from "../seen/observed";
import type { Refusal } from "../steps/plan";

const resourcePattern = resourcePath("*");

const usual: readonly Include[] = [globalCommonPath, resourcePattern].map((pattern) => ({
  from: topPath,
  written: `"${pattern.replace(/^\/etc\//, "")}"`,
  pattern,
}));

/** All that drbdadm comes to, from /etc/drbd.conf on: without one, those that it has once drbd-utils have brought it. */
const includesOf = ({ includes }: ObservedNode): readonly Include[] => includes?.includes ?? usual;

/** The files of a host that drbdadm comes to from /etc/drbd.conf: path and text. */
export function filesRead({ files, includes }: ObservedNode): ReadonlyMap<string, string> {
  const isRead = (path: string): boolean =>
    includes === undefined
      ? path === topPath || usual.some(({ pattern }) => globMatches(pattern, path))
      : includes.files.includes(path);
  return new Map([...files].filter(([path]) => isRead(path)));
}

/** The includes by which drbdadm would read a file of that path. */
export function includesFor(node: ObservedNode, path: string): Include[] {
  return includesOf(node).filter(({ pattern }) => globMatches(pattern, path));
}

export const isIncluded = (node: ObservedNode, path: string): boolean => includesFor(node, path).length > 0;

/** Those that name the file alone: drbdadm fails for every resource where it is not there. */
export function includesOfOne(node: ObservedNode, path: string): Include[] {
  return includesFor(node, path).filter(({ pattern }) => !isPattern(pattern));
}

/** As a person finds it. */
export const includeText = ({ from, written }: Include): string => `\`include ${written};\` in ${from}`;

/**
 * A pair's file that drbdadm never comes to from /etc/drbd.conf passes its parser, and has no effect: create-md then
 * knows no such resource, and options of `common` are silently DRBD's own (drbd-utils 9.22.0).
 */
export function includeRefusals(node: ObservedNode, host: string, path: string): Refusal[] {
  const unread = unreadRefusals(node, host);
  if (unread.length > 0) return unread;
  // Until drbd-utils are there, there is no such file.
  const isThere = node.files.has(topPath) || node.includes !== undefined;
  if (!isThere || isIncluded(node, path)) return [];
  return [
    {
      node: host,
      found: `${topPath} does not include ${path}: drbdadm would not read what is written there`,
      way: missingIncludes(node),
    },
  ];
}

/** The lines that let drbdadm read our files, and what else it would read by them; empty where none is missing. */
export function missingIncludes(node: ObservedNode): string {
  const missing = usual.filter(({ pattern }) => !isIncluded(node, pattern.replace("*", "r0")));
  if (missing.length === 0) return "";
  const lines = missing.map(({ written }) => `\`include ${written};\``).join(" and ");
  const read = filesRead(node);
  const also = [...node.files.keys()].filter(
    (one) => !read.has(one) && missing.some(({ pattern }) => isPattern(pattern) && globMatches(pattern, one)),
  );
  const beware =
    also.length === 0
      ? ""
      : ` That lets drbdadm read ${also.join(" and ")} too, which it does not read now: move away first what it shall not read.`;
  return `Add ${lines} to ${topPath}, as drbd-utils installs it.${beware}`;
}

/** Without the text of all that drbdadm reads there, nobody knows what a file of ours would stand beside. */
function unreadRefusals(node: ObservedNode, host: string): Refusal[] {
  const unread = (node.includes?.unread ?? []).filter(
    ({ isPassedOver }) => isPassedOver !== true || grammarOf(node) === "8.4",
  );
  const [first, ...more] = unread;
  if (first === undefined) return [];
  const { path, why } = first;
  if (path === topPath) {
    const way = "`perl` follows its includes there: see what is wrong with it.";
    return [{ node: host, found: `which files drbdadm reads there by ${topPath} is not known: ${why}`, way }];
  }
  const by = includesFor(node, path).map(includeText);
  const others = more.length === 0 ? "" : ` (and ${more.length} more like it)`;
  return [
    {
      node: host,
      found: `drbdadm is to read ${path}${others}${by.length === 0 ? "" : ` by ${by.join(" and ")}`}, and ${why}`,
      way: "Mend that, or take it out of what is included: what it says of other resources must be known before anything is written beside it. `drbdadm dump all` then shows all that is meant to be there.",
    },
  ];
}
