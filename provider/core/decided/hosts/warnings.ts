import { bootWaitWarnings } from "./boot-waits";
import { brokenOwnFileWarnings } from "../../installed/broken-file";
import { fencingWarnings } from "./inherited-options";
import { diskUserWarnings } from "./disk-users";
import { mountUnitWarnings } from "./mount-units";
import { grammarOf, type ObservedNode, type Contents } from "../../seen/observed";
import { optionWarnings, resourceWarnings } from "../../wanted/option-warnings";
import { mebibytes } from "./preflight";
import type { ResourceSituation } from "./resource-situation";

/** Seconds. Logs, certificates and `pulumi`'s own judgement of a sync suffer beyond that, DRBD itself does not. */
export const clockTolerance = 60;

/** Worth knowing, though it stops nothing. */
export function warn(situation: ResourceSituation): string[] {
  const { desired, nodes, memory } = situation;
  const found: string[] = [
    ...optionWarnings(desired.sections),
    ...resourceWarnings(desired),
    ...fencingWarnings(situation),
  ];
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

export function sizeOf(contents: Contents | undefined): number | undefined {
  return contents !== undefined && "size" in contents ? contents.size : undefined;
}
