/** What the files of a plan change in the meaning of what is installed: for the plan's own resource, and for others. */
import { changedOptions, effectiveOptions, type OptionChange } from "../config/compare-options";
import { parseResFile } from "../config/found-resource";
import { otherPlace } from "./configuration-place";
import { withHostNames } from "../config/floating-hosts";
import { filesRead } from "./includes";
import type { ObservedNode } from "../seen/observed";
import { globalCommonPath, resourcePath } from "../config/paths";

export interface WantedFiles {
  /** The text of global_common.conf; undefined where it stays as it is. */
  readonly globalCommon?: string;
  readonly configuration: string;
}

/** Of a resource that is defined on a host: each option that its new file, and the new `common`, change. */
export function ownChanges(node: ObservedNode, resource: string, wanted: WantedFiles): OptionChange[] {
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
}

/** The resources that live by `common`, and what another global_common.conf changes for each of them. */
export function changesByCommon(node: ObservedNode, globalCommon: string): ForeignChange[] {
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
