/** Whose file defines a resource on a host, and what of a user's own lies beside ours, to be given back. */
import { isOurs } from "../config/own-mark";
import { globalCommonPath, resourcePath } from "../config/paths";
import type { CommandOutput, ObservedNode } from "../seen/observed";
import type { GivenBack } from "../seen/probe";
import { otherPlace } from "./configuration-place";
import { filesRead } from "./includes";
import { commonBefore, keptDefinitions, type KeptFile } from "./kept-files";
import { parseResFile } from "../config/found-resource";

export type Definition =
  /** Somebody else's file: it was given back already, or never replaced. */
  | { readonly kind: "theirs"; readonly path: string }
  /** Ours, or none any more; what was there before us lies beside. `older` than `file` are the last ones. */
  | { readonly kind: "replaced"; readonly file: KeptFile; readonly older: readonly KeptFile[] }
  /** Ours, or none, and nothing lies beside. */
  | { readonly kind: "ours" };

export function definitionOf(node: ObservedNode, resource: string): Definition {
  const there = node.files.get(resourcePath(resource));
  const other = otherPlace(node, resource);
  if (there !== undefined && !isOurs(there)) return { kind: "theirs", path: resourcePath(resource) };
  if (other !== undefined && !isOurs(other.text)) return { kind: "theirs", path: other.path };
  const kept = keptDefinitions(node, resource);
  const file = kept.at(-1);
  return file === undefined ? { kind: "ours" } : { kind: "replaced", file, older: kept.slice(0, -1) };
}

/** What drbdadm on the host is to be asked before a resource is given back: by either global_common.conf. */
export function givenBackQuestions(node: ObservedNode, resource: string): GivenBack[] {
  if (node.utils === null || !node.kernelResources.has(resource)) return [];
  const definition = definitionOf(node, resource);
  if (definition.kind === "ours") return [];
  const file = definition.kind === "replaced" ? definition.file : undefined;
  const own = isOurs(node.files.get(resourcePath(resource))) ? [resourcePath(resource)] : [];
  const left = [...new Set([globalCommonPath, ...own, ...(file === undefined ? [] : [file.path])])];
  const commons = new Set([commonNow(node), commonBefore(node)?.text ?? commonNow(node)]);
  return [...commons].map((globalCommon) => ({ name: resource, globalCommon, resource: file?.text ?? "", left }));
}

export const commonNow = (node: ObservedNode): string => node.files.get(globalCommonPath) ?? "";

/** What drbdadm said to one of the questions: what it would change. */
export function changeIfGivenBack(
  node: ObservedNode,
  resource: string,
  globalCommon: string,
): CommandOutput | undefined {
  const definition = definitionOf(node, resource);
  const text = definition.kind === "replaced" ? definition.file.text : "";
  return node.givenBack?.find(
    (one) => one.name === resource && one.globalCommon === globalCommon && one.resource === text,
  )?.change;
}

/** Whether the kernel runs the resource exactly as these files have it. */
export function runsBy(node: ObservedNode, resource: string, globalCommon: string): boolean {
  const change = changeIfGivenBack(node, resource, globalCommon);
  return node.kernelResources.has(resource) && change?.exit === 0 && change.output.trim() === "";
}

/** Whether no other resource lives by the host's global_common.conf. */
export function isAlone(node: ObservedNode, resource: string): boolean {
  const defined = [...filesRead(node).values()].flatMap((text) => parseResFile(text).map((one) => one.resource));
  return [...defined, ...node.kernelResources.keys()].every((name) => name === resource);
}
