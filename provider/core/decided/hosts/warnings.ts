import { bootWaitWarnings } from "./boot-waits";
import { brokenOwnFileWarnings } from "../../installed/broken-file";
import { fencingWarnings } from "./inherited-options";
import { diskUserWarnings } from "./disk-users";
import { mountUnitWarnings } from "./mount-units";
import { snapshotWarnings } from "./snapshot-refusals";
import { virtualMachineWarnings } from "./virtual-machine-warnings";
import { grammarOf, kernelDeviceOf, peerDeviceOf, volumeSeen, type ObservedNode, sizeOf } from "../../seen/observed";
import { optionWarnings, resourceWarnings, volumeOptionWarnings } from "../../wanted/option-warnings";
import { mebibytes } from "../../seen/disk-identity";
import { memoryOf } from "../../seen/memory";
import { volumePairs, wordFor, type VolumePair } from "../../wanted/desired";
import type { ResourceSituation } from "./resource-situation";

/** Seconds. Logs, certificates and `pulumi`'s own judgement of a sync suffer beyond that, DRBD itself does not. */
export const clockTolerance = 60;

/** Worth knowing, though it stops nothing. */
export function warn(situation: ResourceSituation): string[] {
  const { desired, nodes, memory } = situation;
  const found: string[] = [
    ...optionWarnings(desired.sections),
    ...desired.volumes.flatMap(volumeOptionWarnings),
    ...resourceWarnings(desired),
    ...fencingWarnings(situation),
    ...snapshotWarnings(situation),
    ...virtualMachineWarnings(desired, nodes),
  ];
  const [first, second] = nodes;
  const volumes = volumePairs(desired);
  found.push(...volumes.flatMap((volume) => differentSizes(volume, nodes)));
  nodes.forEach((node, index) => {
    found.push(...brokenOwnFileWarnings(node, desired.hosts[index === 0 ? 0 : 1].hostname, desired.name));
    const connection = node.kernelResources.get(desired.name)?.connection;
    if (connection !== undefined && connection !== "Connected") {
      const host = desired.hosts[index === 0 ? 0 : 1];
      found.push(
        `${desired.name} is ${connection} on ${host.hostname}: what is written is not replicated until it is Connected again`,
      );
    }
  });
  found.push(...volumes.flatMap((volume) => [...paused(volume, nodes), ...outOfSync(volume, nodes)]));
  nodes.forEach((node, index) => {
    const peer = nodes[index === 0 ? 1 : 0];
    for (const volume of volumes) {
      const side = volume.sides[index === 0 ? 0 : 1];
      found.push(...mountUnitWarnings(volume, node));
      found.push(...diskUserWarnings(volume, side, node, { memory: memoryOf(memory, volume), peer }));
      found.push(...bootWaitWarnings(volume, side.hostname, node));
    }
  });
  const skew = Math.round(Math.abs(first.clock - second.clock));
  if (skew > clockTolerance) found.push(`the clocks of ${first.hostname} and ${second.hostname} differ by ${skew} s`);
  return found;
}

function differentSizes(volume: VolumePair, nodes: ResourceSituation["nodes"]): string[] {
  const [a, b] = nodes.map((node) => sizeOf(volumeSeen(node, volume)?.disk));
  if (a === undefined || b === undefined || a === b) return [];
  const smaller = volume.sides[a < b ? 0 : 1];
  const of = volume.isOnly ? "" : ` of ${wordFor(volume)}`;
  return [
    `the disks${of} differ in size (${mebibytes(a)} and ${mebibytes(b)}): the smaller one, ${smaller.hostname}:${smaller.disk}, counts`,
  ];
}

/** A sync that does not go on by itself, though it is not over. */
function paused(volume: VolumePair, nodes: ResourceSituation["nodes"]): string[] {
  const isPaused = nodes.some((node) => /^PausedSync/.test(peerDeviceOf(node, volume)?.replication ?? ""));
  if (!isPaused) return [];
  const name = wordFor(volume);
  return [
    `the sync of ${name} is paused: after \`drbdadm pause-sync\`, it goes on by \`drbdadm resume-sync ${name}\` on the same host; with \`resync-after\`, once the other resource's sync has ended`,
  ];
}

/** Blocks that differ though both disks are UpToDate: found by a verify, or left by a growth. No resync copies them by itself. */
function outOfSync(volume: VolumePair, nodes: ResourceSituation["nodes"]): string[] {
  const isIdle = nodes.every((node) => {
    const kernel = node.kernelResources.get(volume.name);
    return (
      kernel?.connection === "Connected" &&
      peerDeviceOf(node, volume)?.replication === "Established" &&
      kernelDeviceOf(node, volume)?.disk === "UpToDate"
    );
  });
  const different = Math.max(...nodes.map((node) => peerDeviceOf(node, volume)?.outOfSync ?? 0));
  if (!isIdle || different === 0) return [];
  const found = `${different} KiB of ${wordFor(volume)} are out of sync though both disks are UpToDate (a verify found them, or a disk was grown)`;
  return [`${found}: ${wayToCopy(volume, nodes)}`];
}

/**
 * With a DRBD 9 module (seen on 9.2.16) and an idle Primary, a reconnect clears the bitmap and copies nothing: the blocks
 * differ as before, and nobody is told any more. With 8.4 a reconnect copies them.
 */
function wayToCopy(volume: VolumePair, nodes: ResourceSituation["nodes"]): string {
  const { name } = volume;
  if (nodes.every((node) => grammarOf(node) === "8.4")) {
    return `while one host is Primary, \`drbdadm disconnect ${name}\` and \`drbdadm connect ${name}\` on the other copies them from it; without a Primary that does nothing`;
  }
  const isPrimary = (node: ObservedNode) => node.kernelResources.get(name)?.role === "Primary";
  const [primary, ...more] = nodes.filter(isPrimary);
  const secondary = nodes.find((node) => !isPrimary(node));
  const command = `drbdadm invalidate --reset-bitmap=no ${wordFor(volume)}`;
  if (primary === undefined || secondary === undefined || more.length > 0) {
    return `once one host alone is Primary, the one with the right data, \`${command}\` on the other copies them from it. Do not disconnect and connect instead: DRBD 9 then forgets which blocks differ`;
  }
  return `\`${command}\` on ${secondary.hostname} copies them from ${primary.hostname}, which is Primary. Do not disconnect and connect instead: DRBD 9 then forgets which blocks differ`;
}
