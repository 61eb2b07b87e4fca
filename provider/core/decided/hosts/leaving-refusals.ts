/** What keeps a volume that the program describes no more from being taken away. */
import { leavesNone, leavingOn, type LeavingVolume } from "../../installed/leaving-volumes";
import { devicePath } from "../../config/paths";
import { deviceNames, linesOf } from "../../seen/parse-fstab";
import { grammarOf, type ObservedNode } from "../../seen/observed";
import { quote } from "../../seen/shell-words";
import type { Refusal } from "../../steps/plan";
import { sideOn, volumePairs, wordFor, type DesiredResource } from "../../wanted/desired";

export function leavingRefusals(node: ObservedNode, hostname: string, desired: DesiredResource): Refusal[] {
  const leaving = leavingOn(desired, node, hostname);
  const { name } = desired;
  if (leavesNone(desired, node, hostname)) {
    return [
      {
        node: hostname,
        found: `${name} has ${leaving.map(({ volume }) => `volume ${volume}`).join(" and ")} there, and the program describes no volume that it has`,
        way: `To give the resource up, remove it from the program: data and metadata stay on the disks. To go on with it, describe one of its volumes in \`volumes\`.`,
      },
    ];
  }
  return leaving.flatMap((volume) => [
    ...refuseSameMinor(hostname, desired, volume),
    ...refuseInUse(node, hostname, volume),
    ...refuseLastCopy(node, hostname, volume),
  ]);
}

/** The device of one volume is never another's in one run: what is known of the one would be taken for the other's. */
function refuseSameMinor(node: string, desired: DesiredResource, { name, volume, minor }: LeavingVolume): Refusal[] {
  const other = volumePairs(desired).find((pair) => sideOn(pair, node).minor === minor);
  if (other === undefined) return [];
  return [
    {
      node,
      property: "minor",
      found: `${name}/${volume} has minor ${minor} there and is not in the program any more, which gives that minor to ${wordFor(other)}`,
      way: `Choose another minor for ${wordFor(other)}. Or leave ${wordFor(other)} as it was before, or out, for one \`pulumi up\`, which takes ${name}/${volume} out of use: its minor is free then.`,
    },
  ];
}

/** DRBD 9 has one role for all volumes, and lets no Primary lose the last copy of any, mounted or not (-2). */
function refuseLastCopy(node: ObservedNode, hostname: string, { name, volume, device }: LeavingVolume): Refusal[] {
  const kernel = node.kernelResources.get(name);
  if (device === undefined || kernel?.role !== "Primary" || grammarOf(node) !== "9") return [];
  const devices = kernel.devices.map(({ minor }) => devicePath(minor));
  const mounted = node.mounts.filter(({ source }) => devices.includes(source)).map(({ target }) => target);
  const commands = [...mounted.reverse().map((target) => `umount ${quote(target)}`), `drbdadm secondary ${name}`];
  return [
    {
      node: hostname,
      found: `${name}/${volume} is not in the program any more, and ${name} is Primary there: DRBD 9 lets no Primary go without a copy of one of its volumes, though nobody uses that one`,
      way: `Stop what uses ${name}, and make it Secondary there: \`${commands.join(" && ")}\`. Then run \`pulumi up\` again: ${name}/${volume} is taken out of use, its data stays on its disks, and the other volumes are mounted again where the program has a mount point for them.`,
    },
  ];
}

/** Where our own line of fstab mounts a volume. */
export function ownMountPoints(node: ObservedNode, volume: LeavingVolume): string[] {
  const { own } = linesOf(node, deviceNames(volume));
  return own.flatMap((line) => line.trim().split(/\s+/)[1]?.replaceAll("\\040", " ") ?? []);
}

/** By anything but our own mount. What has it open is seen just before each step. */
function refuseInUse(node: ObservedNode, hostname: string, volume: LeavingVolume): Refusal[] {
  const device = devicePath(volume.minor);
  const ours = ownMountPoints(node, volume);
  const mounted = node.mounts.filter(({ source, target }) => source === device && !ours.includes(target));
  const uses = [
    ...mounted.map(({ target }) => `is mounted at ${target}, and not by pulumi-drbd`),
    ...(node.swaps.includes(device) ? ["holds swap that is in use"] : []),
    ...(node.blocks.get(device)?.children ?? []).map((child) => `is held by ${child}`),
  ];
  return uses.map((use) => ({
    node: hostname,
    found: `${volume.name}/${volume.volume} is not in the program any more, and ${device} ${use}`,
    way: "Stop that first, and run `pulumi up` again: the volume is taken out of use then, and its data stays on its disks.",
  }));
}
