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
  const before = remembered === "" ? [] : [foundIn([remembered], name)];
  const onHosts = foundOn(nodes, name);
  const isAgreed = onHosts.length > 0 && onHosts.every((one) => one === onHosts[0]);
  // A file that somebody has changed is mended by what it was.
  const found = isAgreed || !onHosts.some((one) => before.includes(one)) ? [...onHosts] : before;
  if (found.length === 0) found.push(...before);
  if (found.length === 0) return isKnown(own, nodes, name) ? desired : withChecksums(desired, link, undefined);
  const [first = "", ...others] = found;
  const isSame = first !== "" && others.every((one) => one === first);
  if (!isSame) return own === undefined ? desired : withChecksums(desired, link, undefined);
  if (own?.value === first) return desired;
  return withChecksums(desired, link, {
    section: "net",
    name: CHECKSUMS,
    value: first,
    reason: "as both hosts have it",
  });
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
