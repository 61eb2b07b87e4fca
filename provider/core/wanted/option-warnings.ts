/**
 * Options that may be set, since they are right for somebody, and that cost data or hang a pair where they are not:
 * told in every plan, so that nobody has them without knowing.
 */
import type { DesiredResource, DesiredVolume, OptionValues, Sections } from "./desired";
import { isLinkLocal, isLoopback } from "./address";
import { OPTIONS } from "./option-table";
import { numberOf } from "./option-value";

const pageBytes = 4096;

export function optionWarnings({ net, disk, options, handlers }: Sections): string[] {
  return [
    ...splitBrainPolicies(net),
    ...unflushed(disk),
    ...smallBuffers(net),
    ...longTimeout(net),
    ...runsAhead(net),
    ...idleHandler(net, handlers),
    ...quorum(options),
  ];
}

/** Of one volume's disk alone. */
export function volumeOptionWarnings({ number, disk = {} }: DesiredVolume): string[] {
  return unflushed(disk).map((warning) => `volume ${number}: ${warning}`);
}

/** Of what a DrbdNode has in `common`. */
export function commonOptionWarnings(common: Sections): string[] {
  const own = ["protocol", "fencing"].filter((name) => common.net[name] !== undefined);
  return [
    ...optionWarnings(common),
    ...own.map(
      (name) =>
        `common: ${name} ${common.net[name] ?? ""} counts for resources that this program does not describe: each DrbdResource has its own, ${name === "protocol" ? "C" : "resource-only"} where it says nothing`,
    ),
  ];
}

/** What else is to be known of a resource before somebody relies on it. */
export function resourceWarnings({ hosts, auth }: DesiredResource): string[] {
  const linkLocal = hosts.map(({ address }) => address).filter(isLinkLocal);
  const loopback = hosts.map(({ address }) => address).filter(isLoopback);
  return [
    ...linkLocal
      .slice(0, 1)
      .map((address) => `address ${address}: both hosts must have an interface of that name, on the same network`),
    ...loopback
      .slice(0, 1)
      .map(
        (address) =>
          `address ${address} is a loopback address: only a tunnel leads from there to the peer, and it must be up before DRBD at each boot`,
      ),
    ...(auth !== null && auth.algorithm !== "" && auth.secret === ""
      ? [
          `cramHmacAlg ${auth.algorithm} without a secret: DRBD takes the empty secret, so that anybody who reaches the port passes for the peer`,
        ]
      : []),
    ...(auth !== null && auth.algorithm === ""
      ? ["sharedSecret without an algorithm: DRBD does not authenticate the peer, and the secret is of no use"]
      : []),
  ];
}

/** Values by which nobody's changes are given up. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  "after-sb-0pri": ["disconnect"],
  "after-sb-1pri": ["disconnect"],
  "after-sb-2pri": ["disconnect"],
  "rr-conflict": ["disconnect", "retry-connect"],
};

function splitBrainPolicies(net: OptionValues): string[] {
  const policies = Object.entries(harmless).flatMap(([name, values]) => {
    const value = net[name];
    return value === undefined || values.includes(value) ? [] : [`${name} ${value}`];
  });
  if (net["always-asbp"] === "yes") policies.push("always-asbp yes");
  return policies.map(
    (policy) =>
      `net: ${policy} lets DRBD give up one side's changes after a split brain, without asking; with disconnect a person decides`,
  );
}

/** What was acknowledged stands in the disk's cache only. */
function unflushed(disk: OptionValues): string[] {
  return ["disk-flushes", "md-flushes", "disk-drain"]
    .filter((name) => disk[name] === "no")
    .map((name) =>
      name === "disk-drain"
        ? "disk: disk-drain no lets the disk write in another order than was asked: after a power cut, what is on it may be no filesystem any more"
        : `disk: ${name} no loses acknowledged writes in a power cut, unless the write caches of both hosts' disks have a battery`,
    );
}

/** `timeout` is in tenths of a second, connect-int and ping-int are in seconds. Both may be the default. */
function longTimeout(net: OptionValues): string[] {
  const inNet = (name: string): number | undefined => {
    const option = OPTIONS.net[name];
    if (option?.type !== "number") return undefined;
    return net[name] === undefined ? option.default : numberOf(option, net[name]);
  };
  const timeout = inNet("timeout");
  const shorter = ["ping-int", "connect-int"].filter((name) => {
    const seconds = inNet(name);
    return timeout !== undefined && seconds !== undefined && timeout >= seconds * 10;
  });
  if (timeout === undefined || shorter.length === 0) return [];
  const told = shorter.map((name) => `${name} ${inNet(name) ?? ""} s`).join(" and ");
  return [
    `net: timeout ${timeout} (${timeout / 10} s) is not below ${told}, as drbd.conf's manual wants it: a peer that is dead is noticed later, and writes wait for that long`,
  ];
}

/** Measured on 8.4.11: 62.6 of 64 MiB were missing on a peer that was made Primary 1.5 s after the burst. */
function runsAhead(net: OptionValues): string[] {
  if (net["on-congestion"] !== "pull-ahead") return [];
  return [
    "net: on-congestion pull-ahead lets writes go on when the send buffer is full, and what is lost where the Primary dies then is unbounded. The peer is Inconsistent, and cannot be used, until a resync has ended; under an endless load that happens again and again. In the first seconds the peer does not know that it is behind: made Primary then, it silently lacks all that was written since the burst began, and a split brain follows",
  ];
}

function idleHandler(net: OptionValues, handlers: OptionValues): string[] {
  if (net["fencing"] !== "dont-care" || handlers["fence-peer"] === undefined) return [];
  return ["handlers: fence-peer never runs with net.fencing dont-care"];
}

function smallBuffers(net: OptionValues): string[] {
  const set = (name: string): number | undefined => {
    const option = OPTIONS.net[name];
    return net[name] === undefined || option?.type !== "number" ? undefined : numberOf(option, net[name]);
  };
  const buffers = set("max-buffers");
  const sent = set("sndbuf-size");
  const usual = OPTIONS.net["max-buffers"];
  if (buffers === undefined || usual?.type !== "number" || buffers >= usual.default) return [];
  // 0 lets the kernel tune it.
  if (sent === undefined || sent === 0 || sent >= buffers * pageBytes) return [];
  return [
    `net: max-buffers ${buffers} (${buffers * pageBytes} bytes) with a sndbuf-size of ${sent} bytes may stop a resync for good, each side waiting for the other's buffers: leave out one of the two, or take max-buffers ${usual.default} or more`,
  ];
}

function quorum(options: OptionValues): string[] {
  const value = options["quorum"];
  if (value === undefined || value === "off") return [];
  return [
    `options: quorum ${value} may stop a pair's writes while one of the two hosts is away; after it was lost and they have met again, compare the disks (\`drbdadm verify\`): there were versions of DRBD 9 in which they could differ`,
  ];
}
