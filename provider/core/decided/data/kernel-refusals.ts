import { wordFor, type VolumePair, type DesiredSide } from "../../wanted/desired";
import { diskStates, connectionStates, roles } from "../../seen/kernel-states";
import { type ObservedNode, type KernelResource, grammarOf } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import { about } from "./refusals-about";

/** DRBD 9 tells them for the peer that the host's file names, by its node id: not where the kernel has no such peer. */
export function unreadGenerations(
  { name }: VolumePair,
  { hostname }: DesiredSide,
  node: ObservedNode,
  kernel: KernelResource | undefined,
): Refusal {
  const found = `the generation identifiers of ${name} could not be read`;
  if (grammarOf(node) === "8.4") return { node: hostname, found, way: `Look at \`drbdadm get-gi ${name}\` there.` };
  const same = `the node ids in its file must be those that \`drbdsetup show ${name}\` tells (node-id, _peer_node_id)`;
  const peer = kernel?.connections?.[0];
  return peer === undefined
    ? {
        node: hostname,
        found: `${found}: DRBD has its disk, and no peer for it`,
        way: `\`drbdadm adjust ${name}\` there adds the peer that its file names. Where that fails, ${same}. Then run \`pulumi up\` again.`,
      }
    : {
        node: hostname,
        found,
        way: `\`drbdadm get-gi ${name}\` there says why. Where it finds the disk busy, DRBD has another peer than its file: ${same}. Then run \`pulumi up\` again.`,
      };
}

/** What the kernel runs by the resource's name or minor, where nothing can be planned on it. */
export function refuseKernel(desired: VolumePair, side: DesiredSide, node: ObservedNode): Refusal[] {
  const { name, volume } = desired;
  const { minor } = side;
  const refuse = (found: string, way: string): Refusal[] => [{ node: side.hostname, found, way }];
  const kernel = node.kernelResources.get(name);
  const device = kernel?.devices.find((one) => one.volume === volume);
  if (device !== undefined && device.minor !== minor) {
    return refuse(
      `${wordFor(desired)} runs there as minor ${device.minor}, and a running device cannot change its minor to ${minor}`,
      `Keep minor ${device.minor}, or take the resource down yourself first.`,
    );
  }
  const user = [...node.kernelResources.values()].find(
    (one) => one.name !== name && one.devices.some((device) => device.minor === minor),
  );
  if (user !== undefined)
    return about(
      "minor",
      refuse(
        `minor ${minor} is in use by the resource ${user.name}`,
        `Choose another \`minor\`; or, if that is the pair that you mean: \`name: ${user.name}\`.`,
      ),
    );
  if (kernel === undefined) return [];
  const { connection, role } = kernel;
  const disk = device?.disk;
  const strange = [
    ...(disk === undefined || disk in diskStates ? [] : [`disk state ${disk}`]),
    ...(connection === undefined || connection in connectionStates ? [] : [`connection state ${connection}`]),
    ...(roles.includes(role) ? [] : [`role ${role}`]),
  ];
  if (strange.length > 0) {
    return refuse(
      `drbdsetup tells of the ${strange.join(" and ")}, which pulumi-drbd does not know`,
      `Look at \`drbdsetup status --verbose ${name}\` there, and please report it.`,
    );
  }
  const meaning = disk === undefined ? "apart" : diskStates[disk];
  if (meaning === "passing") {
    return refuse(
      `the disk of ${wordFor(desired)} is ${disk ?? ""}, on its way to another state`,
      "Run `pulumi up` again in some seconds.",
    );
  }
  if (meaning === "broken") {
    return refuse(
      `the disk ${side.disk} behind ${name} has failed`,
      `The resource goes on with its peer's disk. \`drbdadm detach --force ${name}\` lets go of it; put another disk there, and \`pulumi up\` fills it from the peer.`,
    );
  }
  return [];
}
