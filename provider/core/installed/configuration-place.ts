import { type FoundVolume, parseResFile } from "../config/found-resource";
import { effectiveOptions } from "../config/compare-options";
import { pathOf } from "../seen/disk-names";
import { volumesOn } from "./file-hosts";
import { dumpedResources } from "./dumped-resources";
import { filesRead, isIncluded } from "./includes";
import { keptOf } from "./kept-files";
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
  for (const [path, text] of node.files) {
    if (path === resourcePath(resource) || !/^\/etc\/drbd(\.d\/.*\.res|\.conf|\.d\/global_common\.conf)$/.test(path))
      continue;
    const names = parseResFile(text).map((found) => found.resource);
    if (names.includes(resource)) return { path, text };
  }
  return undefined;
}

/** The file that ours takes the place of. */
export function replacedPath(node: ObservedNode, resource: string): string | undefined {
  return otherPlace(node, resource)?.path;
}

/** The file that defines the resource, as drbdadm tells, where a look does not read it: an include may lead anywhere. */
function unreadPlace(node: ObservedNode, resource: string): string | undefined {
  const { dump } = node;
  if (dump?.exit !== 0) return undefined;
  const path = dumpedResources(dump.output).find((one) => one.resource === resource)?.path;
  return path === undefined || node.files.has(path) ? undefined : path;
}

function placeRefusal(node: ObservedNode, host: string, resource: string, path: string): Refusal {
  const own = resourcePath(resource);
  const includes = [globalCommonPath, own].every((one) => isIncluded(node, one))
    ? ""
    : ` Let /etc/drbd.conf include "drbd.d/global_common.conf" and "drbd.d/*.res".`;
  return {
    node: host,
    found: `${resource} is defined in ${path}, and pulumi-drbd would write ${own} beside it: drbdadm takes neither then`,
    way: `Move it: \`mv ${path} ${own}\`, where that file defines nothing else; else move \`resource ${resource} { … }\` alone.${includes} What runs is not touched by it. \`drbdadm dump ${resource}\` then shows what it showed before.`,
  };
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
  const unread = unreadPlace(node, resource);
  if (unread !== undefined) return [placeRefusal(node, host, resource, unread)];
  const other = otherPlace(node, resource);
  if (other === undefined) return [];
  if (node.files.has(resourcePath(resource))) {
    const found = `${resource} is defined twice, in ${resourcePath(resource)} and in ${other.path}`;
    return [{ node: host, found, way: `drbdadm takes neither then. Take it out of ${other.path}.` }];
  }
  return [];
}
