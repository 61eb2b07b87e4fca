/**
 * What is wrong with properties only when they are seen together. drbdadm lets nearly all of it pass, and the kernel
 * or the next reboot complains. A property that is undefined here is unknown or was refused by itself already.
 */
import { type Failure, failureAt } from "./failures";
import { sameHost } from "./names";
import type { ConnectionProperties, ResourceProperties, SideProperties } from "./properties";

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
  if (side.disk === undefined || side.disk !== side.metaDisk) return [];
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

function replication(resource: ResourceProperties): Failure[] {
  const { net, protocol } = resource;
  if (net === undefined) return [];
  const failures: Failure[] = [];
  const blame = (name: string, reason: string): void => void failures.push(failureAt(["net", name], reason));
  if (net["allow-two-primaries"] === "yes") {
    if (protocol !== undefined && protocol !== "C") blame("allow-two-primaries", `needs protocol C, not ${protocol}`);
    if (resource.filesystem !== undefined) {
      blame(
        "allow-two-primaries",
        "would let two nodes mount an XFS, which is no cluster filesystem and would be destroyed: leave out one of the two",
      );
    }
  }
  if (net["on-congestion"] === "pull-ahead" && protocol !== undefined && protocol !== "A") {
    blame("on-congestion", `pull-ahead needs protocol A, not ${protocol}`);
  }
  return failures;
}

function discards(
  { discard = {}, existingData, syncSource }: ResourceProperties,
  hostnames: readonly (string | undefined)[],
): Failure[] {
  return Object.keys(discard).flatMap((host) => {
    if (hostnames.every((name) => name !== undefined) && !hostnames.includes(host))
      return [failureAt(["discard", host], `is none of the two nodes, ${hostnames.join(" and ")}`)];
    if (existingData === "keep" && host === syncSource)
      return [
        failureAt(["discard", host], "is the sync source, whose data `existingData` keeps: leave out one of the two"),
      ];
    return [];
  });
}

export function resourceConflicts(resource: ResourceProperties): Failure[] {
  const failures: Failure[] = [];
  const [first, second] = resource.nodes ?? [];
  if (first !== undefined && second !== undefined) failures.push(...betweenSides(first, second));
  if (first !== undefined) failures.push(...ofSide(first, 0));
  if (second !== undefined) failures.push(...ofSide(second, 1));

  const hostnames = [first?.hostname, second?.hostname];
  const { syncSource } = resource;
  if (syncSource !== undefined && hostnames.every((name) => name !== undefined) && !hostnames.includes(syncSource)) {
    failures.push(failureAt(["syncSource"], `must be one of the two nodes, ${hostnames.join(" or ")}`));
  }

  failures.push(...discards(resource, hostnames));
  failures.push(...authentication(resource), ...replication(resource));

  const after = resource.disk?.["resync-after"]?.split("/")[0];
  if (after !== undefined && after === resource.name) {
    failures.push(failureAt(["disk", "resync-after"], "is the resource itself, which would wait for ever"));
  }
  return failures;
}
