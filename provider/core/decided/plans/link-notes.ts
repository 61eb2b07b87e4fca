/** What a preview says of the options that come from `link`, and of what the line costs. */
import { changedOptions, effectiveOptions } from "../../config/compare-options";
import { installedFile } from "../../installed/configuration-place";
import { filesRead } from "../../installed/includes";
import { grammarOf, type ObservedNode } from "../../seen/observed";
import { CHECKSUMS, isHashed } from "../../wanted/link-options";
import { findOption } from "../../wanted/option-table";
import { numberOf } from "../../wanted/option-value";
import type { DesiredLink, DesiredResource, OptionValues } from "../../wanted/desired";

/** Where its file is written. */
export function linkNotes({ name, protocol, link }: DesiredResource, nodes: readonly ObservedNode[]): string[] {
  if (link === undefined) return [];
  const { bandwidth, roundTrip, options } = link;
  const names = Math.max(0, ...options.map((one) => one.name.length));
  const values = Math.max(0, ...options.map(({ value }) => value.length));
  return [
    `from link, ${bandwidth} with ${roundTrip}:${options.length === 0 ? " nothing" : ""}`,
    ...options.map((one) => `  ${one.name.padEnd(names)}  ${one.value.padEnd(values)}  ${one.reason}`),
    `  protocol ${protocol}: ${costs(protocol, link)}`,
    ...[...fromNextConnection(name, link, nodes), ...withoutChecksums(name, link, nodes)].map((text) => `  ${text}`),
  ];
}

/** checksums-as-found.ts */
function withoutChecksums(name: string, { line, net }: DesiredLink, nodes: readonly ObservedNode[]): string[] {
  const isThere = nodes.some((node) => installedFile(node, name) !== undefined || node.kernelResources.has(name));
  if (!isThere || net[CHECKSUMS] !== undefined || !isHashed(line)) return [];
  return [
    `${CHECKSUMS}: not set, as the pair was set up without it. DRBD does not connect two hosts that differ in it, not even for the time between the two`,
  ];
}

function costs(protocol: DesiredResource["protocol"], { roundTrip, net }: DesiredLink): string {
  const waits = `each write waits for the round trip, ${roundTrip}`;
  switch (protocol) {
    case "A":
      return atRisk(net);
    case "B":
      return `${waits}; where both are UpToDate, nothing acknowledged is lost unless both hosts lose their power`;
    case "C":
      return `${waits}; where both are UpToDate, nothing acknowledged is lost`;
  }
}

function atRisk(net: OptionValues): string {
  const buffer = sizeOf(net["sndbuf-size"] ?? "0");
  switch (net["on-congestion"]) {
    case "pull-ahead":
      return "with on-congestion pull-ahead, what is lost where the Primary dies is unbounded: all that was written since a burst began";
    case "disconnect":
      return "with on-congestion disconnect, all that was written since the send buffer was full is lost where the Primary dies: the two are no longer connected then";
    default:
      return buffer === 0
        ? "what is in the send buffer is lost where the Primary dies; writes wait while it is full"
        : `up to ${Math.ceil(buffer / 1024)} KiB of acknowledged writes are lost where the Primary dies; writes wait where so much is under way`;
  }
}

/** In bytes. */
function sizeOf(value: string): number {
  const option = findOption("net", "sndbuf-size");
  return option?.type === "number" ? (numberOf(option, value) ?? 0) : 0;
}

const bufferSizes = ["net sndbuf-size", "net rcvbuf-size"];

/** DRBD 8.4 gives the sizes of its buffers to a socket when it is made: a connection that is there keeps the old ones. */
function fromNextConnection(name: string, { net }: DesiredLink, nodes: readonly ObservedNode[]): string[] {
  const wanted = new Map(Object.entries(net).map(([option, value]) => [`net ${option}`, value]));
  const changed = nodes
    .filter((node) => grammarOf(node) === "8.4" && node.kernelResources.get(name)?.connection === "Connected")
    .flatMap((node) => changedOptions(effectiveOptions([...filesRead(node).values()], name), wanted))
    .filter(({ key }) => bufferSizes.includes(key))
    .map(({ key }) => key.replace("net ", ""));
  if (changed.length === 0) return [];
  return [
    `${[...new Set(changed)].join(" and ")}: counts from the next connection on, as after a reboot of either host`,
  ];
}
