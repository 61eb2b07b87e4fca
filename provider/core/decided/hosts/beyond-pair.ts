/** Hosts and paths of a resource beyond the two hosts and the one path of a pair: to write our file would cut them off. */
import { parseResFile, type FoundResource } from "../../config/found-resource";
import { installedFile } from "../../installed/configuration-place";
import type { DesiredResource, DesiredHost } from "../../wanted/desired";
import { sameHost } from "../../wanted/names";
import { grammarOf, type KernelConnection, type ObservedNode } from "../../seen/observed";
import { isOurs } from "../../config/own-mark";
import type { Refusal } from "../../steps/plan";

export function beyondPairRefusals(desired: DesiredResource, node: ObservedNode, side: DesiredHost): Refusal[] {
  const inKernel = kernelRefusals(desired, node, side);
  return inKernel.length > 0 ? inKernel : fileRefusals(desired, node, side);
}

const list = (words: readonly string[]): string => words.join(" and ");

const leaveOut = (name: string): string =>
  `pulumi-drbd manages two hosts of a resource with one path between them. Leave ${name} out of the program: it runs on as it is.`;

/** `drbdsetup events2` names peers as the file does; a peer that goes by another name is known by its address. */
function isSide({ name, paths }: KernelConnection, { hostname, address, port }: DesiredHost): boolean {
  const endpoint = address.includes(":") ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`;
  return sameHost(name, hostname) || paths.some(({ peer }) => peer === endpoint);
}

function kernelRefusals(desired: DesiredResource, node: ObservedNode, side: DesiredHost): Refusal[] {
  const { name } = desired;
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const connections = node.kernelResources.get(name)?.connections ?? [];
  // An 8.4 module has one connection, and calls its peer `peer`.
  if (grammarOf(node) === "8.4" || connections.length === 0) return [];
  const peer = desired.hosts.find((one) => one !== side);
  const others = connections.filter((one) => peer === undefined || !isSide(one, peer));
  const told = others.map((one) => `${one.name} (node id ${one.peerNodeId ?? "unknown"}, ${one.connection})`);
  if (connections.length > 1) {
    const [first] = others;
    const third = told.length > 0 ? `a third node ${list(told)}` : `two connections to ${connections[0]?.name ?? ""}`;
    const gone =
      first === undefined
        ? ""
        : ` If ${first.name} is gone for good, take it out yourself: remove it from the file of ${name} on each host, and run \`drbdadm adjust ${name}\` there.`;
    return refuse(`${name} has ${third} in the kernel there`, `${leaveOut(name)}${gone}`);
  }
  const [only] = others;
  // A peer that our own file names, and that is away, was replaced by the one that the program names now.
  const isReplaced = only?.connection !== "Connected" && isOurs(installedFile(node, name)?.text);
  if (only !== undefined && !isReplaced) {
    return refuse(
      `${name} runs there with the peer ${list(told)}, and not with ${peer?.hostname ?? ""}`,
      `If ${only.name} is the pair's other host, name it in the program. If it is gone for good, take the resource down on it and disconnect it here (\`drbdadm down ${name}\` there, \`drbdsetup del-peer ${name} ${only.peerNodeId ?? ""}\` here), and run \`pulumi up\` again.`,
    );
  }
  const paths = connections.flatMap((one) => one.paths);
  if (paths.length > 1) {
    const [, ...more] = paths.map(({ local, peer: far }) => `${local} to ${far}`);
    return refuse(
      `${name} has ${paths.length} paths to ${only?.name ?? peer?.hostname ?? ""} in the kernel there (beside the first: ${more.join(", ")})`,
      `${leaveOut(name)} Or go on with one path: take the other out of the file of ${name} on each host, and run \`drbdadm adjust ${name}\` there.`,
    );
  }
  return [];
}

function fileRefusals(desired: DesiredResource, node: ObservedNode, side: DesiredHost): Refusal[] {
  const { name } = desired;
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const file = installedFile(node, name);
  const found = parseResFile(file?.text ?? "").find(({ resource }) => resource === name);
  if (file === undefined || found === undefined) return [];
  if (found.stackedOn !== undefined) {
    return refuse(
      `${file.path} stacks ${name} on ${found.stackedOn}, which makes it a third copy of that one's data`,
      `${leaveOut(name)} The same goes for ${found.stackedOn}.`,
    );
  }
  const [ours, others] = hostsOf(desired, found);
  if (others.length > 0 && ours.size === 2) {
    return refuse(
      `${name} has a third node ${list(others)}, by ${file.path}`,
      `${leaveOut(name)} If ${list(others)} is gone for good, take it out of that file on each host yourself, and run \`drbdadm adjust ${name}\` where it runs.`,
    );
  }
  // Our own file follows the program: a host that was replaced there is replaced here.
  if (others.length > 0 && ours.has(side.hostname) && !isOurs(file.text)) {
    const peer = desired.hosts.find((one) => one !== side);
    return refuse(
      `by ${file.path}, ${name} is a resource of ${side.hostname} and ${list(others)}, and not of ${peer?.hostname ?? ""}`,
      `Name ${list(others)} in the program. If that host is gone for good, put ${peer?.hostname ?? ""} with its address in its place in that file yourself, and run \`pulumi up\` again.`,
    );
  }
  if (found.paths > 1) {
    return refuse(
      `${name} has ${found.paths} paths between its hosts, by ${file.path}`,
      `${leaveOut(name)} Or go on with one path: leave one in that file on each host, and run \`drbdadm adjust ${name}\` where it runs.`,
    );
  }
  return [];
}

/** The hosts of the program that a file names, and all others. One that goes by another name is known by its address. */
function hostsOf(
  { hosts: sides }: DesiredResource,
  found: FoundResource,
): readonly [ReadonlySet<string>, readonly string[]] {
  const ours = new Set<string>();
  const others: string[] = [];
  for (const host of found.hosts) {
    const addresses = found.addresses.filter((one) => one.host === host).map(({ address }) => address);
    const side =
      sides.find(({ hostname }) => sameHost(host, hostname)) ??
      sides.find(({ address }) => addresses.includes(address));
    if (side === undefined) others.push(host);
    else ours.add(side.hostname);
  }
  return [ours, others];
}
