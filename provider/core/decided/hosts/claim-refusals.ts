/** What a resource cannot take on a host, since another one has it: of one program, or by a file of somebody else's. */
import type { Failure } from "../../wanted/failures";
import { wordFor, volumePairs, sideOn, type DesiredResource } from "../../wanted/desired";
import { metadataPlaceFrom, areApart, type MetadataPlace } from "../../wanted/metadata-place";
import { calledService, virtualMachineOf } from "../../wanted/virtual-machine";
import { shareAddress } from "../../wanted/same-address";
import { type Claim, claimsOf, type Claims } from "./claims";
import { namesOf, pathOf } from "../../seen/disk-names";
import { type ObservedNode, volumeSeen } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import { foreignClaims } from "./foreign-claims";

interface Clash {
  readonly property: "name" | "minor" | "port" | "nodes" | "services" | "virtualMachines";
  readonly what: string;
  readonly other: Claim;
}

/** Whether a path of the first claim's and one of another's lead to one disk. */
type IsSameDisk = (mine: string, other: string) => boolean;

/** A disk for metadata may have slots for several. */
function isSamePlace(mine: string, other: string, isSameDisk: IsSameDisk): boolean {
  const [one, another] = [metadataPlaceFrom(mine), metadataPlaceFrom(other)];
  return !areApart(one, another) && isSameDisk(one.metaDisk, another.metaDisk);
}

/** What two resources cannot both have on a host. drbdadm says nothing of some of these (the same address and port). */
function clashes(mine: Claim, others: readonly Claim[], isSameDisk: IsSameDisk = (a, b) => a === b): Clash[] {
  return others
    .filter((other) => other.host === mine.host)
    .flatMap((other): Clash[] => {
      if (other.resource === mine.resource) return [{ property: "name", what: `the name ${mine.resource}`, other }];
      const [disk, theirs] =
        mine.disks
          .flatMap((one) => other.disks.map((another) => [one, another] as const))
          .find(([one, another]) => isSamePlace(one, another, isSameDisk)) ?? [];
      const service = mine.services?.find((one) => other.services?.includes(one));
      return [
        ...(service === undefined
          ? []
          : [
              {
                ...(virtualMachineOf(service) === undefined
                  ? { property: "services" as const, what: `the service ${service}` }
                  : { property: "virtualMachines" as const, what: `the ${calledService(service)}` }),
                other,
              },
            ]),
        ...(mine.minor !== undefined && mine.minor === other.minor
          ? [{ property: "minor" as const, what: `minor ${mine.minor}`, other }]
          : []),
        ...(mine.port !== undefined && mine.port === other.port && shareAddress(mine.address, other.address)
          ? [{ property: "port" as const, what: `port ${mine.port}`, other }]
          : []),
        ...(disk === undefined
          ? []
          : [
              {
                property: "nodes" as const,
                what: `the disk ${disk}${theirs === undefined || theirs === disk ? "" : `, there called ${theirs},`}`,
                other,
              },
            ]),
      ];
    });
}

/**
 * Between a resource and the others of one program, before any host is asked. `declared` has those that are not checked
 * yet, and the resource itself: so the first one that is checked is told everything, too.
 */
export function claimFailures(
  desired: DesiredResource,
  urn: string,
  claims: Claims,
  declared: readonly Claim[] = [],
): Failure[] {
  const others = [
    ...declared.filter(({ resource }) => resource !== desired.name),
    ...[...claims].flatMap(([of, its]) => (of === urn ? [] : its)),
  ];
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

/** Against the files of the two hosts that others wrote. */
export function claimRefusals(desired: DesiredResource, nodes: readonly ObservedNode[]): Refusal[] {
  const found = desired.hosts.flatMap(({ hostname }, place) => {
    const node = nodes[place];
    return node === undefined ? [] : foreignClashes(desired, node, hostname);
  });
  const resources = [...new Set(found.map(({ other }) => other.resource))];
  return resources.flatMap((resource) =>
    oneOrEach(
      resource,
      found.filter(({ other }) => other.resource === resource),
    ),
  );
}

function foreignClashes(desired: DesiredResource, node: ObservedNode, host: string): Clash[] {
  const mine = claimsOf(desired).filter((claim) => claim.host === host);
  const others = foreignClaims(node, host).filter(({ resource }) => resource !== desired.name);
  return mine.flatMap((claim) => clashes(claim, others, onHost(desired, node)));
}

/** Who takes several things of one resource means that resource, and calls it by another name. */
function oneOrEach(resource: string, found: readonly Clash[]): Refusal[] {
  const kinds = new Set(found.map(({ property }) => property));
  if (kinds.size > 1) {
    const [last = "", ...before] = [...new Set(found.map(({ what }) => what))].reverse();
    const hosts = [...new Set(found.map(({ other }) => other.host))];
    return [
      {
        node: hosts.length === 1 ? hosts[0] : undefined,
        property: "name",
        found: `${before.reverse().join(", ")} and ${last} belong to the resource ${resource}${hosts.length === 1 ? "" : ` on ${hosts.join(" and ")}`}, by ${found[0]?.other.by ?? ""}`,
        way: `If that is the pair that you mean: \`name: ${resource}\`. Else choose others, or remove its file if ${resource} is no more.`,
      },
    ];
  }
  return found.map(({ property, what, other }) => ({
    node: other.host,
    property: property === "nodes" ? undefined : property,
    found: `${what} belongs to the resource ${resource}, by ${other.by ?? ""}`,
    way: `Choose another one, or remove that file if the resource is no more. If ${resource} is the pair that you mean: \`name: ${resource}\`.`,
  }));
}

/** By the device that a name leads to there. */
function onHost(desired: DesiredResource, node: ObservedNode): IsSameDisk {
  return (mine, other) =>
    volumePairs(desired).some((volume) => {
      const places = volume.sides.flatMap(({ disk, metaDisk }) => [
        ...(disk === mine ? ["disk" as const] : []),
        ...(metaDisk === mine ? ["metaDisk" as const] : []),
      ]);
      return places.some((place) =>
        namesOf(node, volume, place, mine, volumeSeen(node, volume)?.[place]).has(pathOf(other)),
      );
    });
}

/**
 * Two names of one disk, in one program or in one resource, which a host must tell apart: refused before the first write
 * on either. All that a program declares is looked at together.
 */
export function sharedDiskRefusals(desired: DesiredResource, node: ObservedNode, host: string): Refusal[] {
  const refuse = (found: string): Refusal => ({
    node: host,
    found,
    way: "Give each resource a disk, a minor and a port of its own.",
  });
  const mine = volumePairs(desired).flatMap((volume) => {
    const own = node.names.get(desired.name)?.get(volume.volume);
    const { disk, metaDisk, metaIndex } = sideOn(volume, host);
    return [
      { what: "the data", of: wordFor(volume), path: disk, names: own?.disk ?? [] },
      { what: "the metadata", of: wordFor(volume), path: metaDisk, metaIndex, names: own?.metaDisk ?? [] },
    ];
  });
  const itself = mine.flatMap((one, place) =>
    mine
      .slice(place + 1)
      .filter((other) => !areApart(one, other) && other.names.some((name) => one.names.includes(name)))
      .map((other) => {
        const first = one.of === other.of ? one.what : `${one.what} of ${one.of}`;
        return refuse(
          `${one.path} and ${other.path} are one disk, named for ${first} and for ${other.what} of ${other.of}`,
        );
      }),
  );
  const named = mine.flatMap(({ path, metaIndex, names }) => names.map((name) => ({ name, path, metaIndex })));
  const shared = [...node.names].flatMap(([resource, volumes]) => {
    const theirs = [...volumes.values()].flatMap(({ disk, metaDisk, metaIndex }): MetadataPlace[] => [
      ...disk.map((name) => ({ metaDisk: name })),
      ...metaDisk.map((name) => ({ metaDisk: name, metaIndex })),
    ]);
    const found = named.find((one) => theirs.some((other) => one.name === other.metaDisk && !areApart(one, other)));
    return resource === desired.name || found === undefined
      ? []
      : [
          refuse(
            `${found.path}${found.name === found.path ? "" : ` (${found.name})`} is a disk of the resource ${resource} of this program, too`,
          ),
        ];
  });
  return [...itself, ...shared];
}
