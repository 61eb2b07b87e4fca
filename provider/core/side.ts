import type { DesiredResource, DesiredSide } from "./desired";
import { isJustCreated, parseGi, type GenerationIdentifiers } from "./generation-identifiers";
import type { Contents, KernelDevice, KernelResource, Metadata, ObservedNode, ObservedResource } from "./observed";
import { devicePath } from "./paths";
import type { Refusal } from "./plan";

/** Where one side of a resource stands on the way from a blank disk to a replicated one. */
export type Progress =
  /** No metadata, no data: create-md may run. */
  | { readonly kind: "blank"; readonly diskSize: number; readonly metaDiskSize: number }
  /** Metadata made, no data ever written through it. */
  | { readonly kind: "new"; readonly attached: boolean }
  /** Holds a generation of data. */
  | { readonly kind: "used"; readonly attached: boolean; readonly gi?: GenerationIdentifiers }
  /** drbd-utils are not there yet, so that the metadata cannot be read; only in a preview. */
  | { readonly kind: "unread" };

export interface Side {
  readonly desired: DesiredSide;
  readonly node: ObservedNode;
  /** Absent where the host's own tables already showed that all is well (settled.ts). */
  readonly observed?: ObservedResource;
  readonly kernel?: KernelResource;
  readonly device?: KernelDevice;
  readonly progress: Progress;
  /** Where the DRBD device is mounted here. */
  readonly mountedAt: readonly string[];
}

export const isPrimary = (side: Side): boolean => side.kernel?.role === "Primary";

/** Looks at one side, and stops at whatever create-md, attach or a mount would harm. */
export function classifySide(desired: DesiredResource, side: DesiredSide, node: ObservedNode): Side | Refusal[] {
  const host = side.hostname;
  const observed = node.resources.get(desired.name);
  const refuse = (found: string, way: string): Refusal[] => [{ node: host, found, way }];
  const kernel = node.kernelResources.get(desired.name);
  const device = kernel?.devices.find((one) => one.minor === desired.minor);
  const base = {
    desired: side,
    node,
    observed,
    kernel,
    device,
    mountedAt: node.mounts.filter((one) => one.source === devicePath(desired.minor)).map((one) => one.target),
  };

  const otherMinor = kernel?.devices.find((one) => one.minor !== desired.minor);
  if (otherMinor !== undefined) {
    return refuse(
      `${desired.name} runs there as minor ${otherMinor.minor}, and a running device cannot change its minor to ${desired.minor}`,
      `Keep minor ${otherMinor.minor}, or take the resource down yourself first.`,
    );
  }
  for (const other of node.kernelResources.values()) {
    if (other.name !== desired.name && other.devices.some((one) => one.minor === desired.minor)) {
      return refuse(`minor ${desired.minor} is in use by the resource ${other.name}`, "Choose another `minor`.");
    }
  }
  if (observed === undefined || observed.disk.kind === "attached") {
    if (device?.disk === "UpToDate") return { ...base, progress: { kind: "used", attached: true } };
    return refuse("the resource was not looked at there", "This is a defect of pulumi-drbd: please report it.");
  }
  if (kernel === undefined && observed.portTaken) {
    return refuse(`something listens on port ${desired.port} already`, "Choose another `port`.");
  }

  if (device !== undefined && device.disk !== "Diskless") {
    const gi = observed.kernelGi === undefined ? undefined : parseGi(observed.kernelGi);
    if (gi === undefined) {
      return refuse(
        `the generation identifiers of ${desired.name} could not be read`,
        `Look at \`drbdadm get-gi ${desired.name}\` there.`,
      );
    }
    const fresh = isJustCreated(gi) && device.disk === "Inconsistent";
    return { ...base, progress: fresh ? { kind: "new", attached: true } : { kind: "used", attached: true, gi } };
  }
  const progress = classifyDisk(desired, side, node, observed);
  return Array.isArray(progress) ? progress : { ...base, progress };
}

/** A disk that DRBD has not attached: is it free, is it ours, or is it somebody's? */
function classifyDisk(
  desired: DesiredResource,
  side: DesiredSide,
  node: ObservedNode,
  observed: ObservedResource,
): Progress | Refusal[] {
  const disks: [string, Contents][] = [[side.disk, observed.disk]];
  if (side.metaDisk !== "internal") disks.push([side.metaDisk, observed.metaDisk ?? { kind: "missing" }]);
  const refusals = disks.flatMap(([path, contents]) => refuseDisk(side.hostname, path, contents, node));
  if (refusals.length > 0) return refusals;

  const { metadata } = observed;
  if (metadata.kind === "present") return usedOrNew(side, metadata);
  const [, holder] = disks.at(-1) ?? [];
  if (metadata.kind === "unknown" && holder?.kind === "signature" && holder.type === "drbd") return { kind: "unread" };
  if (metadata.kind === "busy" || metadata.kind === "unreadable") {
    return [
      {
        node: side.hostname,
        found: `the DRBD metadata of ${desired.name} could not be read: ${metadata.said}`,
        way: "Anything that is not plainly absent counts as present, so nothing is created over it. Look at what holds the disk.",
      },
    ];
  }
  const taken = disks.flatMap(([path, contents]) => refuseContents(side.hostname, path, contents));
  if (taken.length > 0) return taken;
  return {
    kind: "blank",
    diskSize: observed.disk.kind === "blank" ? observed.disk.size : 0,
    metaDiskSize: observed.metaDisk?.kind === "blank" ? observed.metaDisk.size : 0,
  };
}

function usedOrNew(side: DesiredSide, metadata: Metadata & { kind: "present" }): Progress | Refusal[] {
  const gi = parseGi(metadata.gi);
  if (gi === undefined) {
    return [
      {
        node: side.hostname,
        found: `generation identifiers that are none: ${metadata.gi}`,
        way: "Look at the disk's metadata.",
      },
    ];
  }
  return isJustCreated(gi) ? { kind: "new", attached: false } : { kind: "used", attached: false, gi };
}

/** What rules a disk out, whatever stands on it. */
function refuseDisk(host: string, path: string, contents: Contents, node: ObservedNode): Refusal[] {
  const refuse = (found: string, way: string): Refusal[] => [{ node: host, found, way }];
  if (contents.kind === "missing") {
    const disks = [...node.blocks.values()].filter((one) => one.type === "disk").map((one) => one.path);
    return refuse(`there is no ${path}`, `Name the disk to use in \`disk\`; its disks are ${disks.join(", ")}.`);
  }
  if (contents.kind === "not-block")
    return refuse(`${path} is no block device`, "Name a disk, a partition or a logical volume.");
  const held = descendants(node, contents.real);
  const family = [contents.real, node.blocks.get(contents.real)?.path, ...held];
  const mounted = node.mounts.find((one) => family.includes(one.source));
  if (mounted) {
    return refuse(
      `${mounted.source} is mounted at ${mounted.target}`,
      `A disk that is in use is never given to DRBD. If what is on it may go: unmount it and wipe it yourself (\`wipefs -a ${path}\`, then \`blkdiscard\` or dd).`,
    );
  }
  const swap = node.swaps.find((one) => family.includes(one));
  if (swap !== undefined) return refuse(`${swap} is swap space in use`, "Name another disk.");
  if (held.length > 0) {
    return refuse(
      `${path} is held by ${held.join(", ")}`,
      "Name a disk that nothing stands on, or remove what stands on it yourself.",
    );
  }
  if (node.blocks.get(contents.real)?.readOnly === true)
    return refuse(`${path} is read-only`, "Name a disk that can be written.");
  const inFstab = (node.files.get("/etc/fstab") ?? "")
    .split("\n")
    .find((line) => [path, contents.real].includes(line.trim().split(/\s+/)[0] ?? ""));
  if (inFstab !== undefined) {
    return refuse(
      `/etc/fstab mounts ${path} itself: ${inFstab.trim()}`,
      "Remove that line: what is mounted is the DRBD device, never the disk behind it.",
    );
  }
  return [];
}

/** What stands on a disk that holds no metadata of ours. */
function refuseContents(host: string, path: string, contents: Contents): Refusal[] {
  const wipe = `If it may go, wipe the disk yourself on ${host} (\`wipefs -a ${path}\`, then \`blkdiscard ${path}\` or \`dd if=/dev/zero of=${path} bs=1M\`) and run \`pulumi up\` again.`;
  const refuse = (found: string): Refusal[] => [{ node: host, found, way: wipe }];
  switch (contents.kind) {
    case "signature":
      return refuse(
        `${path} holds ${contents.type}${contents.uuid === undefined ? "" : ` (${contents.uuid})`}, which create-md and the sync would overwrite`,
      );
    case "data":
      return refuse(`${path} holds data (the first at byte ${contents.offset}) of no known kind`);
    case "unreadable":
      return [
        {
          node: host,
          found: `${path} could not be read: ${contents.said}`,
          way: "Look at the disk: nothing is created on a disk that cannot be read.",
        },
      ];
    default:
      return [];
  }
}

function descendants(node: ObservedNode, path: string): string[] {
  const children = node.blocks.get(path)?.children ?? [];
  return children.flatMap((child) => [child, ...descendants(node, child)]);
}
