import { parseResFile } from "./config-file";
import type { DesiredResource } from "./desired";
import type { Failure } from "./failures";
import type { ObservedNode } from "./observed";
import type { Refusal } from "./plan";

/** What a resource takes up on one host, and nobody else may have. */
export interface Claim {
  readonly resource: string;
  readonly host: string;
  readonly minor?: number;
  readonly port?: number;
  readonly disks: readonly string[];
}

export function claimsOf(desired: DesiredResource): Claim[] {
  return desired.sides.map(({ hostname, disk, metaDisk }) => ({
    resource: desired.name,
    host: hostname,
    minor: desired.minor,
    port: desired.port,
    disks: metaDisk === "internal" ? [disk] : [disk, metaDisk],
  }));
}

interface Clash {
  readonly property: "name" | "minor" | "port" | "nodes";
  readonly what: string;
  readonly other: Claim;
}

/** What two resources cannot both have on a host. drbdadm says nothing of some of these (the same address and port). */
function clashes(mine: Claim, others: readonly Claim[]): Clash[] {
  return others
    .filter((other) => other.host === mine.host)
    .flatMap((other): Clash[] => {
      if (other.resource === mine.resource) return [{ property: "name", what: `the name ${mine.resource}`, other }];
      const disk = mine.disks.find((one) => other.disks.includes(one));
      return [
        ...(mine.minor !== undefined && mine.minor === other.minor
          ? [{ property: "minor" as const, what: `minor ${mine.minor}`, other }]
          : []),
        ...(mine.port !== undefined && mine.port === other.port
          ? [{ property: "port" as const, what: `port ${mine.port}`, other }]
          : []),
        ...(disk === undefined ? [] : [{ property: "nodes" as const, what: `the disk ${disk}`, other }]),
      ];
    });
}

/** What each resource of a program takes up, by URN: one may be checked twice in a process, and is no other then. */
export type Claims = ReadonlyMap<string, readonly Claim[]>;

/** Between a resource and the others of one program, before any host is asked. */
export function claimFailures(desired: DesiredResource, urn: string, claims: Claims): Failure[] {
  const others = [...claims].flatMap(([of, its]) => (of === urn ? [] : its));
  const found = claimsOf(desired).flatMap((mine) => clashes(mine, others));
  const reasons = new Map(
    found.map(({ property, what, other }) => [
      `${property} ${what}`,
      {
        // Pulumi prints the value of the property it is told, and `nodes` holds keys.
        property: property === "nodes" ? "" : property,
        reason: `${what} belongs to ${property === "name" ? "another resource" : `the resource ${other.resource}`} on ${other.host} already: each needs one of its own`,
      },
    ]),
  );
  return [...reasons.values()];
}

/** Against the files that others wrote into /etc/drbd.d. */
export function foreignClaimRefusals(desired: DesiredResource, node: ObservedNode, host: string): Refusal[] {
  const mine = claimsOf(desired).filter((claim) => claim.host === host);
  const others = foreignClaims(node, host).filter(({ resource }) => resource !== desired.name);
  return mine.flatMap((claim) =>
    clashes(claim, others).map(({ property, what, other }) => ({
      node: host,
      property: property === "nodes" ? undefined : property,
      found: `${what} belongs to the resource ${other.resource}, by a file in /etc/drbd.d`,
      way: "Choose another one, or remove that file if the resource is no more.",
    })),
  );
}

function foreignClaims(node: ObservedNode, host: string): Claim[] {
  const texts = [...node.files].filter(([path]) => /^\/etc\/drbd\.d\/.*\.res$/.test(path)).map(([, text]) => text);
  return texts.flatMap(parseResFile).flatMap((found) => {
    const volumes = found.volumes.filter((volume) => volume.host === host);
    const ports = found.addresses.filter((address) => address.host === host).map(({ port }) => port);
    const claims: Claim[] = volumes.map(({ minor, disk, metaDisk }) => ({
      resource: found.resource,
      host,
      minor,
      disks: [disk, metaDisk?.replace(/\s*\[.*$/, "")].flatMap((one) =>
        one === undefined || one === "internal" ? [] : [one],
      ),
    }));
    return [...claims, ...ports.map((port) => ({ resource: found.resource, host, port, disks: [] }))];
  });
}
