/**
 * `csums-alg` comes from `link` for a new pair alone. DRBD (8.4.11) does not connect two hosts that differ in it: both are StandAlone
 * then ("Different csums-alg settings"), and a person has to connect them. On a pair that is there the hosts get it one after the
 * other, and one of them may be rebooted in between. So such a pair keeps what both its hosts have.
 */
import { effectiveOptions } from "../config/compare-options";
import type { ObservedNode } from "../seen/observed";
import type { DesiredLink, DesiredResource, OptionValues } from "../wanted/desired";
import { CHECKSUMS, type LinkOption } from "../wanted/link-options";
import { installedFile } from "./configuration-place";
import { filesRead } from "./includes";

/** `remembered`: the configuration that is kept in the state, for hosts that have none any more. */
export function checksumsAsFound(
  desired: DesiredResource,
  nodes: readonly ObservedNode[],
  remembered = "",
): DesiredResource {
  const { name, link } = desired;
  const own = link?.options.find((one) => one.name === CHECKSUMS);
  // What the user sets for it, or for all resources, counts as it is.
  if (link === undefined || (own === undefined && link.net[CHECKSUMS] !== undefined)) return desired;
  const had = found(nodes, name, remembered);
  if (had === undefined) return isKnown(own, nodes, name) ? desired : withChecksums(desired, link, undefined);
  if (had === (own?.value ?? "")) return desired;
  const kept: LinkOption = { section: "net", name: CHECKSUMS, value: had, reason: "as both hosts have it" };
  return withChecksums(desired, link, had === "" ? undefined : kept);
}

/**
 * The digest of a pair that is there, empty where it has none. Where its hosts differ it is what it was before, if one of them has
 * that still: a file that somebody has changed is mended so.
 */
function found(nodes: readonly ObservedNode[], name: string, remembered: string): string | undefined {
  const before = remembered === "" ? undefined : foundIn([remembered], name);
  const [first, ...others] = new Set(foundOn(nodes, name));
  if (first === undefined) return before;
  if (others.length === 0) return first;
  return before !== undefined && [first, ...others].includes(before) ? before : "";
}

/** Whether both kernels have the digest, as far as they were asked. */
function isKnown(own: LinkOption | undefined, nodes: readonly ObservedNode[], name: string): boolean {
  return own === undefined || !nodes.some((node) => node.resources.get(name)?.missingDigests?.includes(own.value));
}

/** The digest, or nothing, of each host that has the resource's file; nothing of a pair that runs without one. */
function foundOn(nodes: readonly ObservedNode[], name: string): string[] {
  const inFiles = nodes
    .filter((node) => installedFile(node, name) !== undefined)
    .map((node) => foundIn([...filesRead(node).values()], name));
  if (inFiles.length > 0) return inFiles;
  return nodes.some((node) => node.kernelResources.has(name)) ? [""] : [];
}

const foundIn = (texts: readonly string[], name: string): string =>
  effectiveOptions(texts, name).get(`net ${CHECKSUMS}`) ?? "";

function withChecksums(desired: DesiredResource, link: DesiredLink, option: LinkOption | undefined): DesiredResource {
  const changed = (values: OptionValues): OptionValues => {
    const all = [
      ...Object.entries(values).filter(([name]) => name !== CHECKSUMS),
      ...(option === undefined ? [] : [[CHECKSUMS, option.value] as const]),
    ];
    return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const others = link.options.filter(({ name }) => name !== CHECKSUMS);
  return {
    ...desired,
    link: { ...link, options: [...(option === undefined ? [] : [option]), ...others], net: changed(link.net) },
    sections: { ...desired.sections, net: changed(desired.sections.net) },
  };
}
