/** A user's own file of DRBD's configuration that ours took the place of lies beside, under a name that drbdadm does not read. */
import { parseResFile } from "../config/found-resource";
import { isOurs } from "../config/own-mark";
import { globalCommonPath } from "../config/paths";
import type { ObservedNode } from "../seen/observed";
import type { Refusal } from "../steps/plan";
import { includesFor, includeText } from "./includes";

const suffix = ".before-pulumi-drbd";

export interface KeptFile {
  /** Where it lies. */
  readonly kept: string;
  /** Where it was, and where it goes back to. */
  readonly path: string;
  readonly text: string;
}

/** The name under which a file is kept: a new one, unless the same text is kept already. */
export function keptName(node: ObservedNode, path: string): string {
  const text = node.files.get(path);
  for (let number = 1; ; number++) {
    const name = `${path}${suffix}${number === 1 ? "" : `-${number}`}`;
    const there = node.files.get(name);
    if (there === undefined || there === text) return name;
  }
}

/** Where drbdadm would read a file under the name that it is to be kept under, too. */
export function keptRefusals(node: ObservedNode, host: string, path: string): Refusal[] {
  const kept = keptName(node, path);
  return includesFor(node, kept).map((include) => ({
    node: host,
    found: `${includeText(include)} leads drbdadm to any name in that folder, so to ${kept} too, where ${path} would be kept beside what pulumi-drbd writes: drbdadm takes neither then`,
    way: `Let that line name the files by their ending, as \`include "drbd.d/*.res";\` does, with a line for each ending that is in use there. \`drbdadm dump all\` then shows what it showed before.`,
  }));
}

/** What is kept of one path, the newest last. */
export function keptOf(node: ObservedNode, path: string): KeptFile[] {
  return allKept(node).filter((one) => one.path === path);
}

/** The global_common.conf that was there before ours, and comes back when the host's DrbdNode goes. */
export function commonBefore(node: ObservedNode): KeptFile | undefined {
  return isOurs(node.files.get(globalCommonPath)) ? keptOf(node, globalCommonPath).at(-1) : undefined;
}

/** What is kept of the files that defined a resource before us, the newest of each path last. */
export function keptDefinitions(node: ObservedNode, resource: string): KeptFile[] {
  return allKept(node).filter(({ text }) => parseResFile(text).some((found) => found.resource === resource));
}

function allKept(node: ObservedNode): KeptFile[] {
  const found = [...node.files].flatMap(([kept, text]) => {
    const [, path, number] = /^(\/.*)\.before-pulumi-drbd(?:-([0-9]+))?$/.exec(kept) ?? [];
    return path === undefined ? [] : [{ kept, path, text, number: Number(number ?? 1) }];
  });
  return found.sort((a, b) => a.number - b.number).map(({ kept, path, text }) => ({ kept, path, text }));
}
