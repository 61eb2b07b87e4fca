/** Which part of a resource in a file is a host's: by its name there, or by its address, as `floating` has it. */
import type { FoundResource, FoundVolume } from "../config/found-resource";
import { sameHost } from "../wanted/names";
import type { ObservedNode } from "../seen/observed";

/** The names under which a file has the host. */
export function namesInFile(found: FoundResource, hostname: string, { addresses }: ObservedNode): ReadonlySet<string> {
  // A host of `floating` is called by its address and port.
  const byAddress = found.addresses
    .filter(({ host, address }) => host.includes(":") && addresses.includes(address))
    .map(({ host }) => host);
  const all = [...found.hosts, ...found.volumes.map(({ host }) => host)];
  return new Set([...all.filter((name) => sameHost(name, hostname)), ...byAddress]);
}

/** A resource's volumes on the host. */
export function volumesOn(found: FoundResource, hostname: string, node: ObservedNode): FoundVolume[] {
  const names = namesInFile(found, hostname, node);
  return found.volumes.filter(({ host }) => names.has(host));
}
