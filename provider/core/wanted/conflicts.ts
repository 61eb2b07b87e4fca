/**
 * What is wrong with properties only when they are seen together. drbdadm lets nearly all of it pass, and the kernel
 * or the next reboot complains. A property that is undefined here is unknown or was refused by itself already.
 */
import { type Failure, type Path, failureAt } from "./failures";
import { sameHost } from "./names";
import { OPTIONS } from "./option-table";
import { numberOf } from "./option-value";
import type { OptionValues } from "./desired";
import type { ConnectionProperties, NodeProperties, ResourceProperties, SideProperties } from "./properties";

/** An option of the net section as a number: the one that is set, or DRBD's default; undefined when it is unknown. */
function netNumber(net: OptionValues, name: string): number | undefined {
  const option = OPTIONS.net[name];
  if (option?.type !== "number") throw new Error(`${name} is no number`);
  const text = net[name];
  return text === undefined ? option.default : numberOf(option, text);
}

/** `timeout` is in tenths of a second and must be below connect-int and ping-int, which are in seconds. */
function timeouts(net: OptionValues, path: Path): Failure[] {
  const timeout = netNumber(net, "timeout");
  return ["ping-int", "connect-int"].flatMap((name) => {
    const seconds = netNumber(net, name);
    if (timeout === undefined || seconds === undefined || timeout < seconds * 10) return [];
    const blamed = net["timeout"] === undefined ? name : "timeout";
    const reason = `timeout is ${timeout} tenths of a second, ${name} ${seconds} s: timeout must be the shorter one (at most ${seconds * 10 - 1})`;
    return [failureAt([...path, blamed], reason)];
  });
}

function fencing(net: OptionValues | undefined, handlers: OptionValues | undefined): Failure[] {
  if (net === undefined || handlers === undefined) return [];
  const handler = handlers["fence-peer"] !== undefined;
  if (net["fencing"] === "resource-and-stonith" && !handler) {
    const reason =
      "resource-and-stonith freezes all I/O until a fence-peer handler has answered: set handlers.fence-peer too";
    return [failureAt(["net", "fencing"], reason)];
  }
  if (net["fencing"] === "dont-care" && handler) {
    const reason = "fence-peer never runs with net.fencing dont-care: use resource-only or resource-and-stonith";
    return [failureAt(["handlers", "fence-peer"], reason)];
  }
  return [];
}

export function nodeConflicts(node: NodeProperties): Failure[] {
  const common = node.common;
  const net = common?.net;
  if (net === undefined) return [];
  const failures = timeouts(net, ["common", "net"]);
  for (const [name, value] of [
    ["allow-two-primaries", "yes"],
    ["on-congestion", "pull-ahead"],
  ] as const) {
    if (net[name] !== value) continue;
    const reason = `${value} goes with one protocol alone: set it on the resource, beside its protocol`;
    failures.push(failureAt(["common", "net", name], reason));
  }
  if (net["fencing"] !== undefined) {
    const reason =
      "each resource has its own, resource-only where it says nothing, so that this would have no effect: set it on the resource";
    failures.push(failureAt(["common", "net", "fencing"], reason));
  }
  return failures;
}

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

function authentication(resource: ResourceProperties): Failure[] {
  if (resource.auth !== false) return [];
  const failures: Failure[] = [];
  if (resource.sharedSecret !== undefined) {
    failures.push(failureAt(["sharedSecret"], "is given although auth is false: leave out one of the two"));
  }
  if (resource.cramHmacAlg !== undefined) {
    failures.push(failureAt(["cramHmacAlg"], "is given although auth is false: leave out one of the two"));
  }
  return failures;
}

function replication(resource: ResourceProperties): Failure[] {
  const { net, protocol } = resource;
  if (net === undefined) return [];
  const failures = timeouts(net, ["net"]);
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
  failures.push(...fencing(resource.net, resource.handlers));

  const after = resource.disk?.["resync-after"]?.split("/")[0];
  if (after !== undefined && after === resource.name) {
    failures.push(failureAt(["disk", "resync-after"], "is the resource itself, which would wait for ever"));
  }
  return failures;
}
