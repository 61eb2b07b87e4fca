/** What resources take up on their hosts: minors, ports, disks, services. Whether two want the same is told in claim-refusals.ts. */
import { type DesiredResource } from "../../wanted/desired";
import { metaDiskText } from "../../wanted/metadata-place";

/** What a resource takes up on one host, and nobody else may have. */
export interface Claim {
  readonly resource: string;
  readonly host: string;
  readonly minor?: number;
  readonly port?: number;
  /** At which the port is; any, where it is not known. */
  readonly address?: string;
  /** Paths; of a slot for metadata, `/dev/vdc[1]`. */
  readonly disks: readonly string[];
  /** Units of systemd: one stops with one resource. */
  readonly services?: readonly string[];
  /** The file that says so, of somebody else's. */
  readonly by?: string;
}

export function claimsOf({ name, services, hosts, volumes }: DesiredResource): Claim[] {
  return hosts.flatMap(({ hostname, address, port }, place) =>
    volumes.map(({ places }) => {
      const { minor, disk, ...metadata } = places[place === 0 ? 0 : 1];
      return {
        resource: name,
        host: hostname,
        minor,
        port,
        address,
        disks: metadata.metaDisk === "internal" ? [disk] : [disk, metaDiskText(metadata)],
        ...(services.length === 0 ? {} : { services }),
      };
    }),
  );
}

/** What each resource of a program takes up, by URN: one may be checked twice in a process, and is no other then. */
export type Claims = ReadonlyMap<string, readonly Claim[]>;

/**
 * The hosts on which the program of this run describes a resource, whatever it calls it: who deletes it under an old name
 * (renamed, moved below a parent, replaced, tainted) takes nothing from there. Without a program, as in `destroy`, none.
 */
export function describedHosts(
  name: string,
  claims: Claims,
  declared: ReadonlyMap<string, ReadonlySet<string>>,
): Set<string> {
  const checked = [...claims.values()].flat().filter(({ resource }) => resource === name);
  const hosts = [...declared].filter(([, names]) => names.has(name)).map(([hostname]) => hostname);
  return new Set([...checked.map(({ host }) => host), ...hosts]);
}
