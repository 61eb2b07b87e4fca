/** What the files of a plan change in the meaning of what is installed: for the plan's own resource, and for others. */
import { changedOptions, effectiveOptions, type OptionChange } from "../config/compare-options";
import { compareMeanings } from "../config/compare-meanings";
import { optionChanges } from "../config/differences-as-changes";
import { parseResFile } from "../config/found-resource";
import { otherPlace } from "./configuration-place";
import { withHostNames } from "../config/floating-hosts";
import { filesRead } from "./includes";
import type { ObservedNode } from "../seen/observed";
import { isOurs } from "../config/own-mark";
import { parseDump } from "../config/parse-dump";
import { parseStatements } from "../config/parse-statements";
import { fileOf } from "../config/resource-meaning";
import { globalCommonPath, resourcePath } from "../config/paths";

export interface WantedFiles {
  /** The text of global_common.conf; undefined where it stays as it is. */
  readonly globalCommon?: string;
  readonly configuration: string;
}

/**
 * Of a resource that is defined on a host: each option that its new file, and the new `common`, change. Where somebody
 * else's file defines it, drbdadm itself has said what both mean; else the texts are compared.
 */
export function ownChanges(node: ObservedNode, resource: string, wanted: WantedFiles): OptionChange[] {
  const meanings = node.resources.get(resource)?.meanings;
  if (meanings !== undefined) return optionChanges(compareMeanings(meanings.installed, meanings.wanted));
  const installed = filesRead(node);
  const isDefined = [...installed.values()].some((text) => defines(text, resource));
  if (!isDefined) return [];
  const left = new Set([resourcePath(resource), otherPlace(node, resource)?.path]);
  const staying = [...withGlobalCommon(installed, wanted.globalCommon)].filter(([path]) => !left.has(path));
  const after = [...staying.map(([, text]) => text), wanted.configuration];
  const wantedOptions = effectiveOptions(after, resource);
  return changedOptions(
    withHostNames(effectiveOptions([...installed.values()], resource), wantedOptions),
    wantedOptions,
  );
}

export interface ForeignChange {
  readonly resource: string;
  readonly path: string;
  readonly changes: readonly OptionChange[];
  /** It would be defined no more. */
  readonly isGone?: boolean;
}

/**
 * What another global_common.conf changes for each resource that a host has, whether it runs or not: as the host's own
 * drbdadm says, where it was asked. Without drbd-utils there is none to ask, and our own reading of the files counts.
 */
export function changesByCommon(node: ObservedNode, globalCommon: string): ForeignChange[] {
  const { common } = node;
  if (common?.globalCommon !== globalCommon || common.now.exit !== 0) return changesRead(node, globalCommon);
  if (common.then.exit !== 0) return [];
  const paths = new Map(
    [...filesRead(node)].flatMap(([path, text]) => parseResFile(text).map((one) => [one.resource, path])),
  );
  const dumped = new Map(parseDump(node.dump?.output ?? "").map((one) => [one.name, fileOf(one)]));
  return changedResources(common.now.output, common.then.output).map((change) => ({
    ...change,
    path: dumped.get(change.resource) ?? paths.get(change.resource) ?? "the configuration there",
  }));
}

/** What differs between two dumps for each resource of this host that is in the first one. */
export function changedResources(before: string, after: string): Omit<ForeignChange, "path">[] {
  const there = new Map(parseDump(after).map((one) => [one.name, one]));
  return parseDump(before).flatMap((one) => {
    if (one.isIgnored) return [];
    const now = there.get(one.name);
    if (now === undefined) return [{ resource: one.name, changes: [], isGone: true }];
    const changes = optionChanges(compareMeanings(one, now));
    return changes.length === 0 ? [] : [{ resource: one.name, changes }];
  });
}

/** Why drbdadm would take nothing at all with another global_common.conf, where it takes what is there now. */
export function refusedByDrbdadm({ common }: ObservedNode, globalCommon: string): string | undefined {
  if (common?.globalCommon !== globalCommon || common.now.exit !== 0 || common.then.exit === 0) return undefined;
  return common.then.output.trim();
}

/** Whether drbdadm there reads anything that we did not write, but for `global` and `common`. */
export function readsOthersToo(node: ObservedNode): boolean {
  return [...filesRead(node)].some(
    ([, text]) =>
      !isOurs(text) &&
      parseStatements(text).some(({ words: [word = ""] }) => !["global", "common", "include"].includes(word)),
  );
}

/** By our own reading of the files. */
function changesRead(node: ObservedNode, globalCommon: string): ForeignChange[] {
  const installed = filesRead(node);
  const [before, after] = [[...installed.values()], [...withGlobalCommon(installed, globalCommon).values()]];
  return [...installed].flatMap(([path, text]) =>
    parseResFile(text).flatMap(({ resource }) => {
      const changes = changedOptions(effectiveOptions(before, resource), effectiveOptions(after, resource));
      return changes.length === 0 ? [] : [{ resource, path, changes }];
    }),
  );
}

/** A Map keeps the place of what is in it already: `common` stays before the resources. */
function withGlobalCommon(files: ReadonlyMap<string, string>, text: string | undefined): ReadonlyMap<string, string> {
  return text === undefined ? files : new Map(files).set(globalCommonPath, text);
}

const defines = (text: string, resource: string): boolean =>
  parseResFile(text).some((found) => found.resource === resource);
