/**
 * DRBD's options for a line between the hosts. Measured on DRBD 8.4.11 at 24 Mbit/s with 50 and 150 ms, 16 Mbit/s with 100 ms
 * and 8 Mbit/s with 50 ms: a resync takes 90 % of the line and more, where DRBD's own defaults take 21 to 42 %.
 */
import type { DesiredResource, OptionValues, Protocol } from "./desired";
import type { Link } from "./link";
import { findOption } from "./option-table";
import { numberOf } from "./option-value";

export interface LinkOption {
  readonly section: "net" | "disk";
  readonly name: string;
  readonly value: string;
  /** The formula, in words. */
  readonly reason: string;
}

/** What the user has set of both sections, by name. */
export type SetOptions = Readonly<Record<LinkOption["section"], OptionValues>>;

const KIB = 2 ** 10;
const MIB = 2 ** 20;
/** Seconds that the queue of a line adds to its round trip when it is full; a fast line's queue is shorter. */
const QUEUE = 0.1;
const LONGEST_QUEUE = 4 * MIB;
/** A keep-alive packet waits behind so much at least, which on a slow line takes longer than its queue. */
const AHEAD_OF_PING = 64 * KIB;
/** sndbuf-size and rcvbuf-size have no more. */
const LARGEST_BUFFER = 10 * MIB;
/** By itself the kernel lets a connection receive so much at a time, of the 6 MiB of tcp_rmem. */
const KERNELS_WINDOW = 3 * MIB;
/** So much the kernel sends at a time by itself, of tcp_wmem. */
const KERNELS_BUFFER = 4 * MIB;
const PAGE = 4 * KIB;
/** The peer may have to hold twice as much in memory. */
const MOST_UNDER_WAY = 32 * MIB;
/** DRBD takes no more of c-max-rate and c-min-rate, in KiB/s, and 8.4 no less of c-max-rate. */
const HIGHEST_RATE = 4194304;
const LOWEST_RATE = 250;
const MOST_KO_COUNT = 200;
/** 1 Gbit/s. */
const FASTEST_HASHED = 125e6;
export const CHECKSUMS = "csums-alg";
/** DRBD's default of al-extents, and the least that congestion-extents has. */
const AL_EXTENTS = 1237;
const LEAST_EXTENTS = 67;
/** A send buffer whose size is the kernel's may hold no more than 0.4 MB, right after the line was idle. */
const SMALLEST_BUFFER = 384 * KIB;
/** Of the send buffer, and of the activity log: what comes then, while the second host is told, still finds room. */
const NEARLY_FULL = 3 / 4;

const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value));

/** In whole KiB, as DRBD's options take it. */
const kib = (bytes: number): string => `${Math.floor(bytes / KIB)}K`;

/** A line with all devices that may be resynced over it at a time: each volume of each resource is one. */
type SharedLine = Link & { readonly devices: number };

/**
 * Those that differ from what DRBD has by itself, and that nobody has set, in the order of their sections. `volumes`: how many the
 * resource has. timeout and al-extents stay as DRBD has them: they held on each line that was measured.
 */
export function linkOptions(link: Link, protocol: Protocol, set: SetOptions, volumes = 1): LinkOption[] {
  const line = { ...link, devices: link.sharedBy * volumes };
  const all = [
    ...sendBuffer(link, protocol, set),
    ...receiving(link, set),
    ...patience(link),
    ...checksums(link),
    ...resync(line, set),
  ];
  const order = (one: LinkOption): number => (one.section === "net" ? 0 : 1);
  return all
    .filter((one) => set[one.section][one.name] === undefined && !isDefault(one))
    .sort((one, other) => order(one) - order(other));
}

function isDefault({ section, name, value }: LinkOption): boolean {
  const option = findOption(section, name);
  return option?.type === "number" && numberOf(option, value) === option.default;
}

const queueOf = ({ bandwidth }: Link): number => Math.min(QUEUE, LONGEST_QUEUE / bandwidth);
const underWayOf = (link: Link): number => 2 * link.bandwidth * (link.roundTrip + queueOf(link));
const inFlight = (link: Link): string =>
  `2 × bandwidth × (round trip + ${queueOf(link) === QUEUE ? "0.1 s" : "the time of 4 MiB"})`;

/** Under protocol A so much is taken at disk speed. Under the others it is of matter where more is under way than the kernel sends. */
function sendBuffer(link: Link, protocol: Protocol, set: SetOptions): LinkOption[] {
  const window = windowOf(link);
  const underWay = underWayOf(link);
  const size = within(2 * MIB, underWay, LARGEST_BUFFER);
  const why = size === underWay ? inFlight(link) : size > underWay ? "2 MiB at least" : "the most that DRBD has";
  const own =
    protocol === "A"
      ? [net("sndbuf-size", kib(size), `${why}: so much is taken at disk speed`)]
      : window > KERNELS_WINDOW
        ? [net("sndbuf-size", kib(Math.min(LARGEST_BUFFER, 2 * window)), windows)]
        : [];
  // 0 leaves the size to the kernel.
  const given = numberOfOption("sndbuf-size", set) ?? (protocol === "A" ? size : 0);
  return [...own, ...koCount(link, given === 0 ? KERNELS_BUFFER : given, set), ...pullAhead(link, given, set)];
}

/** DRBD goes on without the second host before a write would have to wait for it: for the buffer, or for the activity log. */
function pullAhead(link: Link, buffer: number, set: SetOptions): LinkOption[] {
  if (link.whenFull !== "pull-ahead") return [];
  const fill = NEARLY_FULL * (buffer === 0 ? SMALLEST_BUFFER : buffer);
  const of = buffer === 0 ? "384 KiB, as small as a buffer may be that the kernel sizes" : "sndbuf-size";
  const then =
    fill < underWayOf(link) / 2
      ? ", less than the line holds: the second host falls behind before the line is full"
      : ": from there on writes go on without the second host";
  const extents = numberOfOption("al-extents", set, "disk") ?? AL_EXTENTS;
  return [
    net("on-congestion", "pull-ahead", "whenFull"),
    net("congestion-fill", kib(fill), `3/4 of ${of}${then}`),
    net("congestion-extents", String(Math.max(LEAST_EXTENTS, Math.floor(NEARLY_FULL * extents))), "3/4 of al-extents"),
  ];
}

/** A write may wait until all of the send buffers have gone: that must throw no peer out. */
function koCount({ bandwidth, sharedBy }: Link, buffer: number, set: SetOptions): LinkOption[] {
  const timeout = (numberOfOption("timeout", set) ?? 60) / 10;
  const count = Math.ceil((2 * buffer * sharedBy) / (timeout * bandwidth));
  if (count <= 7) return [];
  const all = sharedBy === 1 ? "the send buffer" : `the send buffers of all ${sharedBy}`;
  return count > MOST_KO_COUNT
    ? [net("ko-count", String(MOST_KO_COUNT), `the most that DRBD has: ${all} may take as long as that`)]
    : [net("ko-count", String(count), `times timeout: twice as long as ${all} may take`)];
}

function numberOfOption(name: string, set: SetOptions, section: LinkOption["section"] = "net"): number | undefined {
  const option = findOption(section, name);
  const value = set[section][name];
  return option?.type !== "number" || value === undefined ? undefined : numberOf(option, value);
}

const windowOf = ({ bandwidth, roundTrip }: Link): number => bandwidth * roundTrip;
const windows = "2 × bandwidth × round trip, 10 MiB at most";

function receiving(link: Link, set: SetOptions): LinkOption[] {
  const window = windowOf(link);
  const pages = Math.ceil((2 * fillTarget(link, set)) / PAGE);
  // Less than DRBD's own defaults is no help to anybody; where the user sets one of the two, the other one is the user's as well.
  const isRaised = pages > 2048 && set.net["max-buffers"] === undefined;
  return [
    ...(window > KERNELS_WINDOW ? [net("rcvbuf-size", kib(Math.min(LARGEST_BUFFER, 2 * window)), windows)] : []),
    ...(isRaised
      ? [
          net("max-buffers", String(pages), "twice c-fill-target, in pages of 4 KiB"),
          net("max-epoch-size", String(pages), "as many as max-buffers"),
        ]
      : []),
  ];
}

/**
 * A resync copies no block whose digests are the same: a weak digest could leave a block that differs. Hashing costs no time on a
 * line that is slower than it. Of a pair that is there already: installed/checksums-as-found.ts.
 */
function checksums(link: Link): LinkOption[] {
  return isHashed(link) ? [net(CHECKSUMS, "sha256", "a resync sends no block that is the same on both")] : [];
}

export const isHashed = ({ bandwidth }: Link): boolean => bandwidth <= FASTEST_HASHED;

/** How long an answer may take. */
function patience(link: Link): LinkOption[] {
  const [queue, ahead] = [queueOf(link), AHEAD_OF_PING / link.bandwidth];
  const tenths = Math.ceil(20 * (link.roundTrip + Math.max(queue, ahead)));
  if (tenths <= 5) return [];
  const waits = ahead > queue ? "the time of 64 KiB" : queue === QUEUE ? "0.1 s" : "the time of 4 MiB";
  return [net("ping-timeout", String(tenths), `2 × (round trip + ${waits}), in tenths of a second`)];
}

/**
 * Bytes under way for which a resync of one device aims. It is the same where several share the line: with less, one that is alone
 * does not fill it (24 Mbit/s with 50 ms: 64 % with half of it, 93 % with all), and TCP shares it out between those that run at a
 * time (95 % for two together; a ping took 0.13 s meanwhile, with the half of it as well).
 */
function fillTarget(link: Link, set: SetOptions): number {
  const ofBuffers = ((numberOfOption("max-buffers", set) ?? Infinity) * PAGE) / 2;
  return within(50 * KIB, underWayOf(link), Math.min(MOST_UNDER_WAY, Math.max(50 * KIB, ofBuffers)));
}

function whyOf(link: Link, target: number): string {
  if (target < underWayOf(link) && target < MOST_UNDER_WAY) return "half of max-buffers";
  return target === MOST_UNDER_WAY ? "32 MiB at most, for the peer's memory" : inFlight(link);
}

function resync(line: SharedLine, set: SetOptions): LinkOption[] {
  const { bandwidth, roundTrip, devices } = line;
  const planAhead = Math.ceil(50 * roundTrip);
  const target = fillTarget(line, set);
  const rate = Math.floor(bandwidth / KIB);
  const least = Math.floor(rate / 4 / devices);
  const highest = rate < LOWEST_RATE ? "the least that DRBD 8.4 takes" : "the bandwidth";
  return [
    ...(planAhead > 20 ? [disk("c-plan-ahead", String(planAhead), "5 round trips, in tenths of a second")] : []),
    disk("c-fill-target", kib(target), whyOf(line, target)),
    disk(
      "c-max-rate",
      `${within(LOWEST_RATE, rate, HIGHEST_RATE)}K`,
      rate > HIGHEST_RATE ? "the most that DRBD has" : highest,
    ),
    disk(
      "c-min-rate",
      `${within(1, least, HIGHEST_RATE)}K`,
      `a quarter of the bandwidth${devices === 1 ? "" : `, shared by ${devices}`}, whatever else is written`,
    ),
  ];
}

const net = (name: string, value: string, reason: string): LinkOption => ({ section: "net", name, value, reason });
const disk = (name: string, value: string, reason: string): LinkOption => ({ section: "disk", name, value, reason });

/** Of volumes that have activity logs of their own, the one that is full first. */
function smallestLog(volumes: DesiredResource["volumes"], ofAll: OptionValues): OptionValues {
  const logs = volumes.map(({ disk = {} }) => disk["al-extents"] ?? ofAll["al-extents"] ?? String(AL_EXTENTS));
  const own = volumes.some(({ disk = {} }) => disk["al-extents"] !== undefined);
  return own ? { "al-extents": String(Math.min(...logs.map(Number))) } : {};
}

/** `common`: what the hosts' global_common.conf sets for all resources, which counts as set by the user, too. */
export function withLinkOptions(desired: DesiredResource, common: SetOptions): DesiredResource {
  const { link, sections, protocol } = desired;
  if (link === undefined) return desired;
  const disk = { ...common.disk, ...sections.disk };
  const set = { net: { ...common.net, ...sections.net }, disk: { ...disk, ...smallestLog(desired.volumes, disk) } };
  const options = linkOptions(link.line, protocol, set, desired.volumes.length);
  const added = (section: LinkOption["section"]): OptionValues => {
    const own = options.filter((one) => one.section === section).map(({ name, value }) => [name, value] as const);
    const all = { ...Object.fromEntries(own), ...sections[section] };
    return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const net = added("net");
  return {
    ...desired,
    link: { ...link, options, net: { ...common.net, ...net } },
    sections: { ...sections, net, disk: added("disk") },
  };
}
