/** The minors, ports and disks that resources on a host take up by what drbdadm reads there, in whatever way it is written. */
import { parseResFile, type FoundResource } from "../../config/found-resource";
import { parseDump } from "../../config/parse-dump";
import { fileOf } from "../../config/resource-meaning";
import { topPath } from "../../config/paths";
import { namesInFile } from "../../installed/file-hosts";
import { filesRead } from "../../installed/includes";
import type { ObservedNode } from "../../seen/observed";
import type { Claim } from "./claims";

/** Files with resources, whether drbdadm reads them now or with the next include: of /etc/drbd.d, flat ones, LINSTOR's. */
const withResources = /^\/etc\/drbd\.d\/.*\.res$|^\/etc\/drbd\.conf$|^\/var\/lib\/linstor\.d\/.*\.res$/;

interface Defined {
  readonly path: string;
  readonly found: FoundResource;
}

export function foreignClaims(node: ObservedNode, host: string): Claim[] {
  const all = definedOn(node);
  return all.flatMap(({ path, found }) => {
    const own = {
      resource: found.resource,
      host,
      by: /^\/etc\/drbd\.d\/[^/]*$/.test(path) ? "a file in /etc/drbd.d" : path,
    };
    const names = namesInFile(found, host, node);
    const isAbove = all.some(
      ({ found: lower }) => lower.resource === found.stackedOn && namesInFile(lower, host, node).size > 0,
    );
    const above = isAbove ? found.stacked : undefined;
    const volumes = [...found.volumes.filter((volume) => names.has(volume.host)), ...(above?.volumes ?? [])];
    const isMine = ({ host: named }: { readonly host: string }) => names.has(named);
    const ends = [...found.addresses.filter(isMine), ...found.proxies.filter(isMine), ...(above?.addresses ?? [])];
    return [
      ...volumes.map(({ minor, disk, metaDisk }): Claim => ({ ...own, minor, disks: disksOf(disk, metaDisk) })),
      ...ends.map(({ address, port }): Claim => ({ ...own, address, port, disks: [] })),
    ];
  });
}

function disksOf(disk: string | undefined, metaDisk: string | undefined): string[] {
  return [disk, metaDisk].flatMap((one) => (one === undefined || one === "internal" || one === "none" ? [] : [one]));
}

/** As drbdadm understands it, where it was asked; by the text of the files, what it did not tell. */
function definedOn(node: ObservedNode): Defined[] {
  const { dump } = node;
  const output = dump?.exit === 0 ? dump.output : "";
  const places = new Map(parseDump(output).map((one) => [one.name, fileOf(one)]));
  const dumped = parseResFile(output).map((found) => ({ path: places.get(found.resource) ?? topPath, found }));
  const told = new Set(dumped.map(({ found }) => found.resource));
  const read = filesRead(node);
  const files = [...node.files].filter(([path]) => withResources.test(path) || read.has(path));
  const written = files.flatMap(([path, text]) => parseResFile(text).map((found) => ({ path, found })));
  return [...dumped, ...written.filter(({ found }) => !told.has(found.resource))];
}
