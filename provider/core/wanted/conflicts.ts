/**
 * What is wrong with properties only when they are seen together. drbdadm lets nearly all of it pass, and the kernel
 * or the next reboot complains. A property that is undefined here is unknown or was refused by itself already.
 */
import { isMade } from "./filesystem-types";
import { type Failure, type Path, failureAt } from "./failures";
import { areApart, metadataPlaceFrom, type MetadataPlace } from "./metadata-place";
import { sameHost } from "./names";
import { PEER_DEVICE_OPTIONS } from "./option-table";
import { otherHandlers } from "./snapshot-handlers";
import type { ConnectionProperties, ResourceProperties, SideProperties } from "./input-schema";

const endpointOf = (connection: ConnectionProperties | undefined): string | undefined =>
  connection?.host === undefined || connection.port === undefined
    ? undefined
    : JSON.stringify([connection.host, connection.port, connection.proxy?.host, connection.proxy?.port]);

function betweenSides(first: SideProperties, second: SideProperties): Failure[] {
  const failures: Failure[] = [];
  const blame = (property: string, reason: string): void =>
    void failures.push(failureAt(["nodes", 1, property], reason));
  if (first.hostname !== undefined && second.hostname !== undefined && sameHost(first.hostname, second.hostname)) {
    const reason =
      first.hostname === second.hostname
        ? `is ${first.hostname} like the other node's: a pair is two hosts`
        : `DRBD 9 takes ${second.hostname} and ${first.hostname} for one host (it compares without case, and a short name fits a long one)`;
    blame("hostname", reason);
  }
  if (first.address !== undefined && second.address !== undefined) {
    if (first.address === second.address)
      blame("address", `is ${first.address} like the other node's: each node has its own`);
    else if (first.address.includes(":") !== second.address.includes(":")) {
      blame("address", "is of another family than the other node's: both IPv4, or both IPv6");
    }
  }
  const endpoint = endpointOf(first.connection);
  if (endpoint !== undefined && endpoint === endpointOf(second.connection)) {
    blame("connection", "leads to the same host and port as the other node's: a pair is two hosts");
  }
  return failures;
}

function ofSide(side: SideProperties, index: number): Failure[] {
  if (side.disk === undefined || side.disk !== metadataPlaceFrom(side.metaDisk ?? "").metaDisk) return [];
  const reason = "is the data disk itself: for metadata at its end write internal";
  return [failureAt(["nodes", index, "metaDisk"], reason)];
}

/** An algorithm alone, or a secret alone, is what some pairs have; with both of them DRBD authenticates. */
function authentication({ auth, sharedSecret, cramHmacAlg }: ResourceProperties): Failure[] {
  if (auth !== false || sharedSecret === undefined || cramHmacAlg === undefined) return [];
  const reason =
    "and cramHmacAlg are both given although auth is false, and with both DRBD authenticates: leave out auth, or one of the two";
  return [failureAt(["sharedSecret"], reason)];
}

/** `whenFull` stands for options, of which the user may say something else. */
function fullBuffer({ link, net, protocol }: ResourceProperties): Failure[] {
  const whenFull = link?.whenFull;
  const given = net?.["on-congestion"];
  const fault = (reason: string): Failure[] => [failureAt(["link", "whenFull"], reason)];
  if (whenFull === undefined) return [];
  if (given !== undefined && given !== whenFull)
    return fault(`is ${whenFull}, and \`net\` has on-congestion ${given}: leave out one of the two`);
  if (whenFull === "pull-ahead" && given === undefined && protocol !== undefined && protocol !== "A")
    return fault(
      `pull-ahead needs protocol A, not ${protocol}: ${protocol} waits for the second host with each write, and cannot go on without it. Give it protocol A, or a \`link\` of its own without \`whenFull\``,
    );
  return [];
}

function replication(resource: ResourceProperties): Failure[] {
  const { net, protocol } = resource;
  if (net === undefined) return [];
  const failures: Failure[] = [];
  const blame = (name: string, reason: string): void => void failures.push(failureAt(["net", name], reason));
  if (net["allow-two-primaries"] === "yes") {
    if (protocol !== undefined && protocol !== "C") blame("allow-two-primaries", `needs protocol C, not ${protocol}`);
    if (resource.primary !== undefined)
      failures.push(
        failureAt(
          ["primary"],
          "names the one host that is Primary, and allow-two-primaries lets both be: leave out one",
        ),
      );
    if ((resource.virtualMachines ?? []).length > 0)
      failures.push(
        failureAt(
          ["virtualMachines"],
          "run on the one host that is Primary, and allow-two-primaries lets both be: leave out one",
        ),
      );
    if (filesystemsOf(resource).length > 0) {
      blame(
        "allow-two-primaries",
        "would let two nodes mount a filesystem that is made for one at a time, which would destroy it: leave out one of the two",
      );
    }
  }
  if (net["on-congestion"] === "pull-ahead" && protocol !== undefined && protocol !== "A") {
    blame("on-congestion", `pull-ahead needs protocol A, not ${protocol}`);
  }
  return failures;
}

function filesystemsOf({ filesystem, volumes = [] }: ResourceProperties) {
  return [filesystem, ...volumes.map((volume) => volume?.filesystem)].filter((one) => one !== undefined);
}

/** What is for mkfs alone. */
function madeFilesystems(resource: ResourceProperties): Failure[] {
  const { filesystem, volumes = [] } = resource;
  const all = [
    { given: filesystem, path: ["filesystem"] as Path },
    ...volumes.map((volume, index) => ({ given: volume?.filesystem, path: ["volumes", index, "filesystem"] as Path })),
  ];
  return all.flatMap(({ given, path }) => {
    if (given?.type === undefined || isMade({ type: given.type })) return [];
    const reason = `is for a filesystem that is made, and ${given.type} is mounted as it is, never made: leave it out`;
    return [
      ...(given.label === undefined ? [] : [failureAt([...path, "label"], reason)]),
      ...((given.mkfsOptions ?? []).length === 0 ? [] : [failureAt([...path, "mkfsOptions"], reason)]),
    ];
  });
}

function keepsData({ existingData, volumes = [] }: ResourceProperties): boolean {
  return existingData === "keep" || volumes.some((volume) => volume?.existingData === "keep");
}

/** What is kept has to be sent. */
function skipping(resource: ResourceProperties): Failure[] {
  if (resource.initialSync !== "skip" || !keepsData(resource)) return [];
  const reason = "skip is for two disks that hold nothing, and what `existingData` keeps has to be sent: leave out one";
  return [failureAt(["initialSync"], reason)];
}

/** All its metadata there is in slots of disks that others use, too. */
function hasSlotsOnly({ nodes, volumes }: ResourceProperties, host: string): boolean {
  const side = nodes?.find((node) => node?.hostname === host);
  const given = volumes === undefined ? [side?.metaDisk] : volumes.map((volume) => volume?.metaDisks?.[host]);
  return given.every((one) => one !== undefined && metadataPlaceFrom(one).metaIndex !== undefined);
}

function discards(resource: ResourceProperties, hostnames: readonly (string | undefined)[]): Failure[] {
  const { discard = {}, syncSource } = resource;
  return Object.keys(discard).flatMap((host) => {
    if (hostnames.every((name) => name !== undefined) && !hostnames.includes(host))
      return [failureAt(["discard", host], `is none of the two nodes, ${hostnames.join(" and ")}`)];
    if (hasSlotsOnly(resource, host))
      return [
        failureAt(
          ["discard", host],
          "is for disks that get new metadata, and none is made in a slot: leave it out; where the metadata there is missing, the refusal says by which command it is made",
        ),
      ];
    if (keepsData(resource) && host === syncSource)
      return [
        failureAt(["discard", host], "is the sync source, whose data `existingData` keeps: leave out one of the two"),
      ];
    return [];
  });
}

/** One side's changes are given up, never both; and each volume has a place for its copy, or none has. */
function givingUp(resource: ResourceProperties, hostnames: readonly (string | undefined)[]): Failure[] {
  const { giveUp = {}, keep, volumes } = resource;
  const named = Object.keys(giveUp);
  const count = volumes === undefined ? 1 : volumes.length;
  const copies = keep?.filter((one) => one !== "none") ?? [];
  return [
    ...byHostFailures(giveUp, hostnames, ["giveUp"], false),
    ...(named.length < 2
      ? []
      : [failureAt(["giveUp"], `names ${named.join(" and ")}: one side's changes stay, so name the other one alone`)]),
    ...named.flatMap((host) =>
      giveUp[host]?.length === count
        ? []
        : [failureAt(["giveUp", host], `must name one generation for each volume, which are ${count} here`)],
    ),
    ...(copies.length === 0 || (copies.length === count && keep?.length === count)
      ? []
      : [failureAt(["keep"], `must name one place for each volume, which are ${count} here, or be "none"`)]),
    ...(new Set(copies).size === copies.length ? [] : [failureAt(["keep"], "names one place twice")]),
  ];
}

/** It is about the host that `primary` takes it from. */
function peerOff(
  { peerIsOff = {}, primary }: ResourceProperties,
  hostnames: readonly (string | undefined)[],
): Failure[] {
  const named = Object.keys(peerIsOff);
  if (named.length === 0) return [];
  return [
    ...byHostFailures(peerIsOff, hostnames, ["peerIsOff"], false),
    ...(primary === undefined
      ? [failureAt(["peerIsOff"], "is for a resource that moves away from a dead host: give `primary`, too")]
      : named
          .filter((host) => host === primary)
          .map((host) => failureAt(["peerIsOff", host], `names ${host}, where \`primary\` has the resource run`))),
  ];
}

/** What is given by host must be given for both, and for no other. */
function byHostFailures(
  given: Readonly<Record<string, unknown>>,
  hostnames: readonly (string | undefined)[],
  path: Path,
  isWhole: boolean,
): Failure[] {
  if (!hostnames.every((name) => name !== undefined)) return [];
  const strangers = Object.keys(given).filter((host) => !hostnames.includes(host));
  const missing = isWhole ? hostnames.filter((host) => !Object.hasOwn(given, host)) : [];
  return [
    ...strangers.map((host) => failureAt([...path, host], `is none of the two nodes, ${hostnames.join(" and ")}`)),
    ...missing.map((host) => failureAt([...path, host], "is missing")),
  ];
}

function hostsOf(resource: ResourceProperties, hostnames: readonly (string | undefined)[]): Failure[] {
  const { port, minor, volumes = [] } = resource;
  const given = [
    [port, ["port"]] as const,
    [minor, ["minor"]] as const,
    ...volumes.flatMap((volume, index) => [
      [volume?.minor, ["volumes", index, "minor"]] as const,
      [volume?.disks, ["volumes", index, "disks"]] as const,
    ]),
  ];
  return [
    ...given.flatMap(([value, path]) =>
      typeof value === "object" ? byHostFailures(value, hostnames, [...path], true) : [],
    ),
    ...volumes.flatMap((volume, index) =>
      byHostFailures(volume?.metaDisks ?? {}, hostnames, ["volumes", index, "metaDisks"], false),
    ),
  ];
}

/** What two volumes cannot both have. */
function betweenVolumes({ volumes = [] }: ResourceProperties, hostnames: readonly (string | undefined)[]): Failure[] {
  const known = volumes.flatMap((volume, index) => (volume === undefined ? [] : [{ volume, index }]));
  const taken = new Map<string, readonly { readonly index: number; readonly place: MetadataPlace }[]>();
  const claim = (what: string, value: string | number | undefined, path: Path, index: number): Failure[] => {
    if (value === undefined || value === "internal") return [];
    const place = metadataPlaceFrom(String(value));
    const key = `${what} ${place.metaDisk}`;
    const before = taken.get(key) ?? [];
    const other = before.find((one) => !areApart(one.place, place))?.index;
    if (other === undefined) {
      taken.set(key, [...before, { index, place }]);
      return [];
    }
    const of = other === index ? "for something else in this volume" : `for volumes[${other}]`;
    return [failureAt(path, `is named ${of} already: each volume has its own`)];
  };
  return known.flatMap(({ volume, index }) => {
    const path = (...rest: PropertyKey[]): Path => ["volumes", index, ...rest] as Path;
    const minor = (host: string) => (typeof volume.minor === "object" ? volume.minor[host] : volume.minor);
    return [
      ...claim("number", volume.volume, path("volume"), index),
      ...claim("mount point", volume.filesystem?.mountPoint, path("filesystem", "mountPoint"), index),
      ...hostnames.flatMap((host) =>
        host === undefined
          ? []
          : [
              ...claim(`minor on ${host}`, minor(host), path("minor"), index),
              ...claim(`disk on ${host}`, volume.disks?.[host], path("disks", host), index),
              ...claim(`disk on ${host}`, volume.metaDisks?.[host], path("metaDisks", host), index),
            ],
      ),
    ];
  });
}

function waitingForItself({ name, disk, volumes = [] }: ResourceProperties): Failure[] {
  const given = [
    { after: disk?.["resync-after"], path: ["disk"] as Path },
    ...volumes.map((volume, index) => ({
      after: volume?.disk?.["resync-after"],
      path: ["volumes", index, "disk"] as Path,
    })),
  ];
  return given
    .filter(({ after }) => after !== undefined && after.split("/")[0] === name)
    .map(({ path }) => failureAt([...path, "resync-after"], "is the resource itself, which would wait for ever"));
}

/** DRBD 9 keeps these for each connection, and DRBD 8.4 for each disk: as one value for all volumes they mean the same in both. */
function optionsOfConnection({ volumes = [] }: ResourceProperties): Failure[] {
  return volumes.flatMap((volume, index) =>
    Object.keys(volume?.disk ?? {})
      .filter((name) => PEER_DEVICE_OPTIONS.has(name))
      .map((name) =>
        failureAt(
          ["volumes", index, "disk", name],
          "is an option of the connection in DRBD 9, and stands in the resource's `disk`, for all volumes",
        ),
      ),
  );
}

/** They are drbd-utils' own then: another one in the place of one of them would make a snapshot that nobody removes, or none. */
function snapshots({ snapshotBeforeResync, handlers = {} }: ResourceProperties): Failure[] {
  if (snapshotBeforeResync !== true) return [];
  return otherHandlers(handlers).map((name) =>
    failureAt(["handlers", name], "is what `snapshotBeforeResync` sets: leave out one of the two"),
  );
}

export function resourceConflicts(resource: ResourceProperties): Failure[] {
  const failures: Failure[] = [];
  const [first, second] = resource.nodes ?? [];
  if (first !== undefined && second !== undefined) failures.push(...betweenSides(first, second));
  if (first !== undefined) failures.push(...ofSide(first, 0));
  if (second !== undefined) failures.push(...ofSide(second, 1));

  const hostnames = [first?.hostname, second?.hostname];
  for (const key of ["syncSource", "primary"] as const) {
    const host = resource[key];
    if (host !== undefined && hostnames.every((name) => name !== undefined) && !hostnames.includes(host))
      failures.push(failureAt([key], `must be one of the two nodes, ${hostnames.join(" or ")}`));
  }

  failures.push(...hostsOf(resource, hostnames), ...betweenVolumes(resource, hostnames));
  failures.push(...discards(resource, hostnames), ...givingUp(resource, hostnames), ...peerOff(resource, hostnames));
  failures.push(
    ...authentication(resource),
    ...replication(resource),
    ...fullBuffer(resource),
    ...madeFilesystems(resource),
    ...skipping(resource),
  );

  failures.push(...waitingForItself(resource), ...optionsOfConnection(resource), ...snapshots(resource));
  return failures;
}
