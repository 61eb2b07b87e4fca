/** A machine as the probe would see it (provider/core/seen/probe.ts and parse-probe.ts). */
import { observedOf, type OneLook } from "../core/one-volume";
import type {
  BlockDevice,
  CommandOutput,
  Contents,
  KernelResource,
  Metadata,
  MetadataFound,
  ObservedNode,
  ObservedResource,
} from "../../provider/core/seen/observed";
import type { Look, ProbeRequest, VolumeLook } from "../../provider/core/seen/probe";
import { adjustLines } from "./adjust";
import { isRunning } from "./connection";
import {
  anyMetadata,
  dataBlocks,
  type Disk,
  giText,
  type Metadata as DiskMetadata,
  metadataAt,
  unseenBlock,
} from "./disk";
import { moduleVersion } from "./drbd";
import { attachedMetadata, type Kernel, nodeIdOf, peerName } from "./kernel";
import {
  device,
  diskPath,
  type Machine,
  metaDiskPath,
  minor,
  othersFile,
  resource,
  resourceFile,
  sizeFile,
} from "./machine";
import type { World } from "./world";

/** KiB that stand for a block. */
const blockSize = 65536;

export function observe(world: World, machine: Machine, request: ProbeRequest): ObservedNode {
  const { looks, candidates, depth, givenBack = [] } = request;
  const installed = machine.files.get(resourceFile);
  const isAsked = machine.hasUtils && [resourceFile, othersFile].some((path) => machine.files.has(path));
  const drift = isAsked ? withEachAlone(machine, adjustOutput(machine, installed)) : undefined;
  const resources = new Map<string, ObservedResource>();
  const isEnough =
    machine.moduleLoaded &&
    looks.every(({ volumes }) => volumes.every((look) => look.minor === minor) && isWell(machine));
  const closely = depth === "close" || (depth === "needed" && !isEnough);
  for (const look of closely ? looks : []) resources.set(look.name, lookAt(world, machine, look, drift));
  for (const { name, resource: text } of machine.hasUtils && closely ? candidates : []) {
    const looked = resources.get(name);
    if (looked === undefined) continue;
    const output = machine.parseErrorWith(text);
    const candidate = { exit: output === undefined ? 0 : 10, output: output ?? "" };
    resources.set(name, { ...looked, candidate, change: adjustOutput(machine, text) });
  }
  const { kernel } = machine;
  return {
    hostname: machine.name,
    kernel: "6.1.0-44-cloud-amd64",
    os: { id: "debian", like: [], name: "Debian GNU/Linux 12 (bookworm)" },
    clock: 1_700_000_000,
    addresses: ["127.0.0.1", machine.address],
    module: { version: moduleVersion[machine.drbd], loaded: machine.moduleLoaded },
    closely,
    utils: !machine.hasUtils ? null : closely ? "9.22.0" : "unknown",
    files: new Map(machine.files),
    links: [...machine.links],
    names: new Map(),
    mounts: [
      { source: "/dev/vda", target: "/", fstype: "ext4" },
      ...(machine.mountsDisk ? [{ source: diskPath, target: "/mnt", fstype: "xfs" }] : []),
      ...(machine.mountedAt === undefined ? [] : [{ source: device, target: machine.mountedAt, fstype: "xfs" }]),
    ],
    swaps: [],
    blocks: new Map(closely ? blocksOf(world, machine).map((one) => [one.path, one]) : []),
    kernelResources: new Map(kernel === undefined ? [] : [[resource, running(machine, kernel)]]),
    sync: new Map(kernel?.replication.startsWith("Sync") === true ? [[minor, { percent: 50 }]] : []),
    adjust: drift,
    givenBack: givenBack.map(({ name, globalCommon, resource: text }) => {
      const change = adjustOutput(machine, text === "" ? installed : text);
      return { name, globalCommon, resource: text, change };
    }),
    resources,
  };
}

function adjustOutput(machine: Machine, text: string | undefined): CommandOutput {
  const parseError = machine.parseErrorWith(text ?? "");
  if (parseError !== undefined) return { exit: 10, output: parseError };
  if (text === undefined) return { exit: 0, output: "" };
  return { exit: 0, output: adjustLines(machine, text).join("\n") };
}

/** Where drbdadm cannot read a file, it is asked about each alone (probe.ts). */
function withEachAlone(machine: Machine, { exit, output }: CommandOutput): CommandOutput {
  if (exit === 0) return { exit, output };
  return { exit, output: [output, ...machine.parseErrorsWith(machine.files.get(resourceFile) ?? "")].join("\n") };
}

function running(machine: Machine, kernel: Kernel): KernelResource {
  const missing = machine.holder.metadata?.outOfSync.filter(Boolean).length ?? 0;
  return {
    name: resource,
    role: kernel.role,
    suspended: "no",
    ...(machine.drbd === "9" ? { peerNodeId: nodeIdOf(kernel.configuration, peerName(machine.name)) } : {}),
    connection: kernel.connection,
    peerRole: kernel.peerRole,
    devices: [
      {
        resource,
        volume: 0,
        minor,
        disk: kernel.isNegotiating === true ? "Negotiating" : kernel.disk,
        size: dataBlocks * blockSize,
      },
    ],
    peerDevices: [
      {
        volume: 0,
        replication: kernel.replication,
        peerDisk: kernel.peerDisk,
        outOfSync: kernel.disk === "Diskless" ? 0 : missing * blockSize,
      },
    ],
  };
}

function blocksOf(world: World, machine: Machine): BlockDevice[] {
  const { disk } = machine;
  const attached = isAttached(machine);
  const found: BlockDevice[] = [
    { path: "/dev/vda", type: "disk", size: 3 * 2 ** 30, readOnly: false, fstype: "ext4", children: [] },
    ...machine.disks.map((one) => {
      const path = one === disk ? diskPath : metaDiskPath;
      const children = attached && [disk, machine.holder].includes(one) ? [device] : [];
      const { size, serial } = one;
      return { path, type: "disk", size, readOnly: false, serial, children, ...signed(readBlocks(world, one, path)) };
    }),
  ];
  if (attached) {
    const fs = machine.isPrimary ? signed(readBlocks(world, disk, device)) : {};
    found.push({ path: device, type: "disk", size: disk.size, readOnly: !machine.isPrimary, children: [], ...fs });
  }
  return found;
}

const signed = (contents: Contents): Pick<BlockDevice, "fstype" | "uuid"> =>
  contents.kind === "signature" ? { fstype: contents.type, uuid: contents.uuid } : {};

const isAttached = (machine: Machine): boolean => isRunning(machine) && machine.kernel.disk !== "Diskless";

/** Connected, UpToDate, and mounted where it is Primary: the probe takes no closer look (probe.ts, tellMinors). */
function isWell({ kernel, mountedAt }: Machine): boolean {
  const well = kernel?.connection === "Connected" && kernel.disk === "UpToDate";
  return well && (kernel.role !== "Primary" || mountedAt !== undefined);
}

function lookAt(world: World, machine: Machine, { volumes }: Look, drift: CommandOutput | undefined): ObservedResource {
  const [look] = volumes;
  if (look === undefined) throw new Error("a look at no volume");
  return observedOf(lookAtVolume(world, machine, look, drift));
}

function lookAtVolume(world: World, machine: Machine, look: VolumeLook, drift: CommandOutput | undefined): OneLook {
  if (look.disk !== diskPath) return { disk: { kind: "missing" }, metadata: { kind: "unknown" }, portTaken: false };
  const { disk, kernel } = machine;
  const inside = machine.isPrimary ? { device: readBlocks(world, disk, device) } : {};
  const change = drift === undefined || drift.output === "" ? {} : { change: drift };
  const metadata = kernel !== undefined && isRunning(machine) ? attachedMetadata(machine) : undefined;
  const kernelGi =
    metadata === undefined || machine.parseError !== undefined ? {} : { kernelGi: giText(metadata, machine.isPrimary) };
  if (isWell(machine)) {
    const attached = { kind: "attached", real: diskPath, size: disk.size } as const;
    return { disk: attached, metadata: { kind: "unknown" }, portTaken: false, ...kernelGi, ...inside, ...change };
  }
  const own = machine.drbd === "9" && kernel !== undefined ? nodeIdOf(kernel.configuration, machine.name) : undefined;
  return {
    disk: readBlocks(world, disk, diskPath),
    ...(own === undefined ? {} : { nodeId: own }),
    ...(look.metaDisk === "internal" ? {} : { metaDisk: readBlocks(world, machine.metaDisk, look.metaDisk) }),
    metadata: metadataOf(machine, look),
    portTaken: false,
    ...(machine.drbd === "9" && kernel !== undefined ? { nodeId: nodeIdOf(kernel.configuration, machine.name) } : {}),
    ...kernelGi,
    ...inside,
    ...change,
  };
}

function metadataOf(machine: Machine, look: VolumeLook): Metadata {
  if (!machine.hasUtils) return { kind: "unknown" };
  if (isAttached(machine)) return { kind: "busy", said: "error 20 Device or resource busy" };
  const isInternal = look.metaDisk === "internal";
  const found = anyMetadata(isInternal ? machine.disk : machine.metaDisk);
  if (found !== undefined) return { kind: "present", ...superblockOf(found) };
  if (!isInternal) return { kind: "absent" };
  const bytes = Number((machine.files.get(sizeFile) ?? "").split("\t")[0]);
  const moved = metadataAt(machine.disk, bytes);
  if (moved === undefined) return { kind: "absent" };
  return { kind: "moved", bytes, uuid: moved.deviceUuid, ...superblockOf(moved) };
}

/** Of v09, with the one slot that is in use, or with one that stands for all. */
function superblockOf(found: DiskMetadata): MetadataFound {
  const { version, nodeId, peerId = 0 } = found;
  const gi = giText(found, false);
  return version === "v08" ? { version, gi } : { version, gi, nodeId: nodeId ?? -1, slots: [{ nodeId: peerId, gi }] };
}

function fingerprint(blocks: readonly number[]): string {
  return blocks
    .map((version) => version.toString(16).padStart(3, "0"))
    .join("")
    .padEnd(16, "0")
    .slice(0, 16);
}

/**
 * What low-level probing and samples find at a path that leads to the disk, or to the DRBD device on it. Metadata at the
 * disk's end goes before all else; that on a disk of its own stands at its beginning, and is nothing that blkid knows.
 */
export function readBlocks(world: World, disk: Disk, real: string): Contents {
  const { size } = disk;
  const visible = real === device ? undefined : anyMetadata(disk);
  if (visible !== undefined) {
    return real === diskPath
      ? { kind: "signature", real, size, type: "drbd", uuid: visible.deviceUuid }
      : { kind: "data", real, size, offset: 0, hash: fingerprint([visible.current % 4096, Number(visible.isOwn)]) };
  }
  const blocks = real === device ? disk.blocks.slice(0, dataBlocks) : disk.blocks;
  const [head = 0] = blocks;
  const first = head === 0 ? undefined : world.ledger.content(head);
  if (first !== undefined && first.type !== "data") {
    return { kind: "signature", real, size, type: first.type, uuid: first.uuid, taken: first.taken };
  }
  const at = blocks.findIndex((version, block) => version !== 0 && block !== unseenBlock);
  // Metadata that a disk has outgrown is data like any other.
  const remains = real === diskPath && disk.metadata !== undefined;
  if (at < 0 && !remains) return { kind: "blank", real, size };
  const offset = (at < 0 ? dataBlocks : at) * blockSize * 1024;
  return { kind: "data", real, size, offset, hash: fingerprint(blocks) };
}
