/**
 * Options that may be set, since they are right for somebody, and that cost data or hang a pair where they are not:
 * told in every plan, so that nobody has them without knowing.
 */
import type { OptionValues, Sections } from "./desired";
import { OPTIONS } from "./option-table";
import { numberOf } from "./option-value";

const pageBytes = 4096;

export function optionWarnings({ net, disk, options }: Sections): string[] {
  return [...splitBrainPolicies(net), ...unflushed(disk), ...smallBuffers(net), ...quorum(options)];
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
