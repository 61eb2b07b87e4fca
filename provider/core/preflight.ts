import { ageRefusals } from "./age-refusals";
import { beyondPairRefusals } from "./beyond-pair";
import { bootWaitWarnings } from "./boot-waits";
import { brokenFileRefusals, brokenOwnFileWarnings, unreadOwnFiles } from "./broken-file";
import { claimRefusals, sharedDiskRefusals } from "./claims";
import { redactSecrets, secretsIn } from "./config-file";
import { placeRefusals, replacedPath } from "./configuration-place";
import { diskUserWarnings } from "./disk-users";
import { flatRefusals } from "./flat-configuration";
import { includeRefusals } from "./includes";
import { filesystemToolRefusals, needRefusals } from "./host-needs";
import { mountUnitWarnings } from "./mount-units";
import { usableBytes } from "./metadata-size";
import { grammarOf, type Contents, type ObservedNode } from "./observed";
import { moduleAdvice } from "./module-advice";
import { optionWarnings } from "./option-warnings";
import { globalCommonPath, resourcePath } from "./paths";
import type { ResourceSituation } from "./plan-resource";
import type { Refusal } from "./plan";
import { takeOverRefusals } from "./take-over-refusals";
import { versionRefusals } from "./upgrade";

/** mkfs.xfs 6.1 refuses less. */
const smallestXfs = 300 * 1024 * 1024;
/** Seconds. Logs, certificates and `pulumi`'s own judgement of a sync suffer beyond that, DRBD itself does not. */
const clockTolerance = 60;

/** What must hold on both hosts before the first write on either. */
export function preflight(situation: ResourceSituation): Refusal[] {
  const { desired, nodes } = situation;
  const claimed = claimRefusals(desired, nodes);
  const versions = versionRefusals(desired, nodes);
  return [
    ...desired.sides.flatMap((side, index) => {
      const node = nodes[index === 0 ? 0 : 1];
      return [
        // Host and address are properties of the node.
        ...hostRefusals(side.hostname, side.address, node, situation.preview).map((one) => ({
          ...one,
          property: undefined,
        })),
        ...sharedDiskRefusals(desired, node, side.hostname),
        ...beyondPairRefusals(desired, node, side),
        ...filesystemToolRefusals(desired, side.hostname, node),
        ...takeOverRefusals(node, side.hostname, desired.name),
        ...wrongPlace(node, side.hostname, desired.name),
        // Of what belongs to another resource drbdadm complains too, in other words; and with two versions of DRBD, what
        // it says of a file follows from that.
        ...(claimed.length + versions.length > 0 ? [] : configurationRefusals(situation, side.hostname, node)),
      ];
    }),
    ...claimed,
    ...sizeRefusals(situation),
    ...versions,
  ];
}

function wrongPlace(node: ObservedNode, host: string, resource: string): Refusal[] {
  const flat = flatRefusals(node, host, new Set([resource]));
  const refusals = flat.length > 0 ? flat : placeRefusals(node, host, resource);
  return refusals.length > 0 ? refusals : includeRefusals(node, host, resourcePath(resource));
}

/** Also DrbdNode's own: what must hold on a host whatever stands on it. */
export function hostRefusals(hostname: string, address: string, node: ObservedNode, withoutUtils: boolean): Refusal[] {
  const found: Refusal[] = [];
  const refuse = (what: string, way: string, property?: string) =>
    found.push({ node: hostname, property, found: what, way });
  if (node.hostname !== hostname) {
    refuse(
      `\`uname -n\` says ${node.hostname} there`,
      `DRBD finds its own section by that name, to the letter: set \`hostname: ${node.hostname}\`, or check that \`connection.host\` leads to the right machine.`,
      "hostname",
    );
  }
  if (!node.addresses.includes(address)) {
    refuse(
      `no interface has the address ${address}`,
      `Set \`address\` to the one that replication shall use; it has ${node.addresses.filter((one) => one !== "127.0.0.1" && one !== "::1").join(", ")}.`,
      "address",
    );
  }
  if (node.module === null) {
    const said = node.modinfo?.split("\n")[0] ?? "";
    refuse(
      `the running kernel (${node.kernel}) has no drbd module${said === "" ? "" : ` (${said})`}`,
      moduleAdvice(node),
    );
  }
  found.push(...ageRefusals(hostname, node), ...needRefusals(hostname, node));
  if (node.utils === null && !withoutUtils) {
    refuse(
      "drbd-utils is not installed",
      "DrbdNode installs it: make the resource depend on its nodes, or run `pulumi up` again.",
    );
  }
  return found;
}

function configurationRefusals(situation: ResourceSituation, host: string, node: ObservedNode): Refusal[] {
  const { name } = situation.desired;
  const ours = [globalCommonPath, resourcePath(name), replacedPath(node, name) ?? ""];
  const broken = brokenFileRefusals(node, host, ours);
  if (broken.length > 0) return broken;
  const observed = node.resources.get(name);
  const { candidate, change = node.adjust } = observed ?? {};
  const secrets = [situation.configuration, ...node.files.values()].flatMap(secretsIn);
  if (candidate !== undefined && candidate.exit !== 0) {
    return [
      {
        node: host,
        found: `drbdadm does not take the configuration (exit ${candidate.exit}): ${redactSecrets(candidate.output.trim(), secrets)}`,
        way: "Line numbers count all files of /etc/drbd.d together. If the complaint is about a file of yours there, mend or remove it.",
      },
    ];
  }
  // One file that drbdadm cannot read breaks every resource: handlers fail, and the next resync parts the pair.
  const asked =
    candidate !== undefined || node.files.get(resourcePath(situation.desired.name)) === situation.configuration;
  const isTheirs = unreadOwnFiles(node).length === 0;
  if (asked && isTheirs && change !== undefined && change.exit !== 0 && node.module?.loaded === true) {
    return [
      {
        node: host,
        found: `drbdadm fails on what is installed there (exit ${change.exit}): ${redactSecrets(change.output.trim(), secrets)}`,
        way: "Mend or remove the file of /etc/drbd.d that it complains about.",
      },
    ];
  }
  return [];
}

function sizeRefusals({ desired, nodes }: ResourceSituation): Refusal[] {
  return desired.sides.flatMap((side, index) => {
    const contents = nodes[index === 0 ? 0 : 1].resources.get(desired.name)?.disk;
    const size = sizeOf(contents);
    if (size === undefined) return [];
    const usable = side.metaDisk === "internal" ? usableBytes(size) : size;
    if (desired.filesystem?.type === "xfs" && usable < smallestXfs) {
      return [
        {
          node: side.hostname,
          property: `nodes[${index}].disk`,
          found: `${side.disk} has ${mebibytes(size)}, of which DRBD leaves ${mebibytes(usable)}, and XFS needs at least ${mebibytes(smallestXfs)}`,
          way: "Use a bigger disk.",
        },
      ];
    }
    if (usable <= 0)
      return [
        {
          node: side.hostname,
          property: `nodes[${index}].disk`,
          found: `${side.disk} is too small for DRBD's metadata`,
          way: "Use a bigger disk.",
        },
      ];
    return [];
  });
}

/** Worth knowing, though it stops nothing. */
export function warn({ desired, nodes, memory }: ResourceSituation): string[] {
  const found: string[] = optionWarnings(desired.sections);
  const [first, second] = nodes;
  const sizes = nodes.map((node) => sizeOf(node.resources.get(desired.name)?.disk));
  const [a, b] = sizes;
  if (a !== undefined && b !== undefined && a !== b) {
    const smaller = a < b ? desired.sides[0] : desired.sides[1];
    found.push(
      `the disks differ in size (${mebibytes(a)} and ${mebibytes(b)}): the smaller one, ${smaller.hostname}:${smaller.disk}, counts`,
    );
  }
  nodes.forEach((node, index) => {
    found.push(...brokenOwnFileWarnings(node, desired.sides[index === 0 ? 0 : 1].hostname, desired.name));
    const connection = node.kernelResources.get(desired.name)?.connection;
    if (connection !== undefined && connection !== "Connected") {
      const side = desired.sides[index === 0 ? 0 : 1];
      found.push(
        `${desired.name} is ${connection} on ${side.hostname}: what is written is not replicated until it is Connected again`,
      );
    }
  });
  found.push(...paused(desired.name, nodes), ...outOfSync(desired.name, nodes));
  nodes.forEach((node, index) => {
    const side = desired.sides[index === 0 ? 0 : 1];
    const peer = nodes[index === 0 ? 1 : 0];
    found.push(...mountUnitWarnings(desired, node));
    found.push(...diskUserWarnings(desired, side, node, { memory, peer }));
    found.push(...bootWaitWarnings(desired, side.hostname, node));
  });
  const skew = Math.round(Math.abs(first.clock - second.clock));
  if (skew > clockTolerance) found.push(`the clocks of ${first.hostname} and ${second.hostname} differ by ${skew} s`);
  return found;
}

/** A sync that does not go on by itself, though it is not over. */
function paused(name: string, nodes: ResourceSituation["nodes"]): string[] {
  const isPaused = nodes.some((node) => /^PausedSync/.test(node.kernelResources.get(name)?.replication ?? ""));
  if (!isPaused) return [];
  return [
    `the sync of ${name} is paused: after \`drbdadm pause-sync\`, it goes on by \`drbdadm resume-sync ${name}\` on the same host; with \`resync-after\`, once the other resource's sync has ended`,
  ];
}

/** Blocks that differ though both disks are UpToDate: found by a verify, or left by a growth. No resync copies them by itself. */
function outOfSync(name: string, nodes: ResourceSituation["nodes"]): string[] {
  const isIdle = nodes.every((node) => {
    const kernel = node.kernelResources.get(name);
    return (
      kernel?.connection === "Connected" &&
      kernel.replication === "Established" &&
      kernel.devices.every(({ disk }) => disk === "UpToDate")
    );
  });
  const different = Math.max(...nodes.map((node) => node.kernelResources.get(name)?.outOfSync ?? 0));
  if (!isIdle || different === 0) return [];
  const found = `${different} KiB of ${name} are out of sync though both disks are UpToDate (a verify found them, or a disk was grown)`;
  return [`${found}: ${wayToCopy(name, nodes)}`];
}

/**
 * With a DRBD 9 module (seen on 9.2.16) and an idle Primary, a reconnect clears the bitmap and copies nothing: the blocks
 * differ as before, and nobody is told any more. With 8.4 a reconnect copies them.
 */
function wayToCopy(name: string, nodes: ResourceSituation["nodes"]): string {
  if (nodes.every((node) => grammarOf(node) === "8.4")) {
    return `while one host is Primary, \`drbdadm disconnect ${name}\` and \`drbdadm connect ${name}\` on the other copies them from it; without a Primary that does nothing`;
  }
  const isPrimary = (node: ObservedNode) => node.kernelResources.get(name)?.role === "Primary";
  const [primary, ...more] = nodes.filter(isPrimary);
  const secondary = nodes.find((node) => !isPrimary(node));
  const command = `drbdadm invalidate --reset-bitmap=no ${name}`;
  if (primary === undefined || secondary === undefined || more.length > 0) {
    return `once one host alone is Primary, the one with the right data, \`${command}\` on the other copies them from it. Do not disconnect and connect instead: DRBD 9 then forgets which blocks differ`;
  }
  return `\`${command}\` on ${secondary.hostname} copies them from ${primary.hostname}, which is Primary. Do not disconnect and connect instead: DRBD 9 then forgets which blocks differ`;
}

function sizeOf(contents: Contents | undefined): number | undefined {
  return contents !== undefined && "size" in contents ? contents.size : undefined;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
