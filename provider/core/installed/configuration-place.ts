import { commandLine } from "../seen/shell-words";
import { type FoundVolume, parseResFile } from "../config/found-resource";
import { effectiveOptions } from "../config/compare-options";
import { pathOf } from "../seen/disk-names";
import { volumesOn } from "./file-hosts";
import { filesRead, includesOfOne, includeText, isIncluded } from "./includes";
import { keptOf, keptRefusals } from "./kept-files";
import { writerOf } from "../seen/managers";
import type { ObservedNode } from "../seen/observed";
import { isOurs } from "../config/own-mark";
import { globalCommonPath, resourcePath } from "../config/paths";
import type { Refusal } from "../steps/plan";

/** A file that drbdadm reads and that defines the resource, though it is not the one that we write. */
export interface OtherPlace {
  readonly path: string;
  readonly text: string;
}

/** Where somebody defined the resource before us: a pair that was set up by hand may have any name for its file. */
export function otherPlace(node: ObservedNode, resource: string): OtherPlace | undefined {
  return otherPlaces(node, resource)[0];
}

function otherPlaces(node: ObservedNode, resource: string): OtherPlace[] {
  return [...filesRead(node)].flatMap(([path, text]) =>
    path !== resourcePath(resource) && parseResFile(text).some((found) => found.resource === resource)
      ? [{ path, text }]
      : [],
  );
}

/** The file that ours takes the place of. */
export function replacedPath(node: ObservedNode, resource: string): string | undefined {
  return otherPlace(node, resource)?.path;
}

/**
 * Whether somebody else set the resource up on a host: by a file that is not ours, under whatever name, or in the kernel
 * alone. What drbdadm makes of their definition is compared with what it makes of ours.
 */
export function isSetUpByOthers(node: ObservedNode, resource: string): boolean {
  const there = node.files.get(resourcePath(resource));
  if (there !== undefined) return !isOurs(there);
  return otherPlace(node, resource) !== undefined || node.kernelResources.has(resource);
}

/** Whichever file configures a resource on a host. */
export function installedFile(
  node: ObservedNode,
  resource: string,
): { readonly path: string; readonly text: string } | undefined {
  const text = node.files.get(resourcePath(resource));
  return text === undefined ? otherPlace(node, resource) : { path: resourcePath(resource), text };
}

function installedText(node: ObservedNode, resource: string): string | undefined {
  return installedFile(node, resource)?.text;
}

/** The secret of a resource that is configured on a host: its own, or that of `common`, which may be kept beside by now. */
export function installedSecret(node: ObservedNode, resource: string): string | undefined {
  if (installedText(node, resource) === undefined) return undefined;
  const kept = keptOf(node, globalCommonPath).map(({ text }) => text);
  return effectiveOptions([...kept, ...filesRead(node).values()], resource).get("net shared-secret");
}

/** The volume that has a disk on a host, as configured there. `names`: the disk's. */
export function installedVolume(
  node: ObservedNode,
  resource: string,
  hostname: string,
  names: ReadonlySet<string>,
): FoundVolume | undefined {
  return parseResFile(installedText(node, resource) ?? "")
    .filter((found) => found.resource === resource)
    .flatMap((found) => volumesOn(found, hostname, node))
    .find(({ disk }) => disk !== undefined && names.has(pathOf(disk)));
}

/** What cannot simply be replaced by our own file. */
export function placeRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const own = resourcePath(resource);
  const [other, ...more] = otherPlaces(node, resource);
  const there = node.files.get(own);
  if (other === undefined) return there === undefined || isOurs(there) ? [] : keptRefusals(node, host, own);
  const twice = filesRead(node).has(own) ? own : more[0]?.path;
  if (twice !== undefined) {
    const found = `${resource} is defined twice, in ${twice} and in ${other.path}`;
    return [{ node: host, found, way: `drbdadm takes neither then. Take it out of ${other.path}.` }];
  }
  const writer = writerOf(other.path);
  if (writer !== undefined) {
    return [
      {
        node: host,
        found: `${resource} is defined in ${other.path}, which ${writer} writes anew: drbdadm would take neither that file nor ours then`,
        way: `Leave ${resource} to ${writer}, and out of the program; or take it out of ${writer} first, so that it writes no such file any more. Where it does not act any more: \`${commandLine(["mv", other.path, own])}\`.`,
      },
    ];
  }
  const alone = includesOfOne(node, other.path);
  if (alone.length > 0) {
    const lines = alone.map(includeText).join(" and ");
    return [
      {
        node: host,
        found: `${resource} is defined in ${other.path}, which ${lines} names alone: drbdadm would fail for every resource once that file is kept under another name`,
        way: `Move it where pulumi-drbd writes: \`${commandLine(["mv", other.path, own])}\`, and ${isIncluded(node, own) ? "take that line away" : `let that line be \`include "${resourcePath("*")}";\``}. What runs is not touched by it. \`drbdadm dump ${resource}\` then shows what it showed before.`,
      },
    ];
  }
  return keptRefusals(node, host, other.path);
}
