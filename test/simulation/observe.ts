/** A machine as the probe would see it (provider/core/seen/probe.ts and parse-probe.ts). */
import type {
  BlockDevice,
  CommandOutput,
  Contents,
  KernelResource,
  Metadata,
  MetadataFound,
  ObservedNode,
  ObservedResource,
  ObservedVolume,
} from "../../provider/core/seen/observed";
import type { Look, ProbeRequest, VolumeLook } from "../../provider/core/seen/probe";
import { adjustLines } from "./adjust";
import { connectionOf } from "./connection";
import {
  anyMetadata,
  blockSize,
  dataBlocks,
  type Disk,
  giText,
  type Metadata as DiskMetadata,
  metadataAt,
  outOfSyncKib,
  smallSize,
  unseenBlock,
} from "./disk";
import { moduleVersion } from "./drbd";
import { attachedMetadata, nodeIdOf, peerName } from "./kernel";
import { type Machine, othersFile, resource, resourceFile } from "./machine";
import { isAttached, isMet, isRunning, type Volume } from "./volume";
import { observedGuests } from "./virtual-machines";
import type { World } from "./world";

export function observe(world: World, machine: Machine, request: ProbeRequest): ObservedNode {
  const { looks, candidates, depth, givenBack = [] } = request;
  const installed = machine.files.get(resourceFile);
  const isAsked = machine.hasUtils && [resourceFile, othersFile].some((path) => machine.files.has(path));
  const drift = isAsked ? withEachAlone(machine, adjustOutput(machine, installed)) : undefined;
  const resources = new Map<string, ObservedResource>();
  const isEnough =
    machine.moduleLoaded &&
    looks.every(({ volumes }) =>
      volumes.every((look) => {
        const volume = machine.withMinor(look.minor);
        return volume !== undefined && isWell(volume);
      }),
    );
  const closely = depth === "close" || (depth === "needed" && !isEnough);
  const isLookedAt = (look: Look) => closely || (depth === "needed" && isMoving(machine, look));
  for (const look of looks.filter(isLookedAt))
    resources.set(look.name, lookAt(world, machine, look, { drift, closely }));
  for (const { name, resource: text } of machine.hasUtils && closely ? candidates : []) {
    const looked = resources.get(name);
    if (looked === undefined) continue;
    const output = machine.parseErrorWith(text);
    const candidate = { exit: output === undefined ? 0 : 10, output: output ?? "" };
    resources.set(name, { ...looked, candidate, change: adjustOutput(machine, text) });
  }
  const syncing = machine.running.filter(({ kernel }) => kernel.replication.startsWith("Sync"));
  return {
    hostname: machine.name,
    kernel: "6.1.0-44-cloud-amd64",
    os: { id: "debian", like: [], name: "Debian GNU/Linux 12 (bookworm)" },
    clock: 1_700_000_000,
    turn: { last: machine.lastTurn },
    addresses: ["127.0.0.1", machine.address],
    module: { version: moduleVersion[machine.drbd], loaded: machine.moduleLoaded },
    closely,
    utils: !machine.hasUtils ? null : closely ? "9.22.0" : "unknown",
    files: new Map(machine.files),
    links: [...machine.links],
    names: new Map(),
    mounts: [
      { source: "/dev/vda", target: "/", fstype: "ext4" },
      ...machine.volumes.flatMap(({ mountsDisk, diskPath, number }) =>
        mountsDisk ? [{ source: diskPath, target: `/mnt${number === 0 ? "" : number}`, fstype: "xfs" }] : [],
      ),
      ...machine.volumes.flatMap(({ mountedAt, device }) =>
        mountedAt === undefined ? [] : [{ source: device, target: mountedAt, fstype: "xfs" }],
      ),
    ],
    swaps: [],
    blocks: new Map(closely ? blocksOf(world, machine).map((one) => [one.path, one]) : []),
    kernelResources: new Map(machine.isConfigured ? [[resource, running(machine)]] : []),
    sync: new Map(syncing.map(({ minor }) => [minor, { percent: 50 }])),
    adjust: drift,
    givenBack: givenBack.map(({ name, globalCommon, resource: text }) => {
      const change = adjustOutput(machine, text === "" ? installed : text);
      return { name, globalCommon, resource: text, change };
    }),
    ...observedGuests(
      machine,
      looks.flatMap(({ virtualMachines = [] }) => virtualMachines),
      looks.flatMap(({ services = [] }) => services),
    ),
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

/** As the kernel tells it: the resource as a whole, and each volume. */
function running(machine: Machine): KernelResource {
  const volumes = machine.running;
  const [first] = volumes;
  if (first === undefined) throw new Error("nothing runs");
  const { configuration, connection } = first.kernel;
  // As parse-events.ts takes it: before the handshake of every volume is done, DRBD says Connected, too.
  const isMeeting = connection === "Connected" && volumes.some((one) => !isMet(one));
  const isPeerPrimary = volumes.some(({ kernel }) => kernel.peerRole === "Primary");
  return {
    name: resource,
    role: machine.isPrimary ? "Primary" : "Secondary",
    suspended: "no",
    ...(machine.drbd === "9" ? { peerNodeId: nodeIdOf(configuration, peerName(machine.name)) } : {}),
    connection: isMeeting ? "Connecting" : connection,
    peerRole: isPeerPrimary ? "Primary" : first.kernel.peerRole,
    devices: volumes.map(({ number, minor, kernel }) => ({
      resource,
      volume: number,
      minor,
      disk: kernel.isNegotiating === true ? "Negotiating" : kernel.disk,
      size: dataBlocks * blockSize,
      ...(machine.drbd === "8.4" && volumes.length > 1 ? { role: kernel.role } : {}),
    })),
    peerDevices: volumes.map(({ number, kernel, holder }) => {
      const differs = kernel.disk === "Diskless" ? 0 : outOfSyncKib(holder);
      return {
        volume: number,
        replication: kernel.replication,
        peerDisk: kernel.peerDisk,
        outOfSync: differs,
      };
    }),
  };
}

function blocksOf(world: World, machine: Machine): BlockDevice[] {
  return [
    { path: "/dev/vda", type: "disk", size: 3 * 2 ** 30, readOnly: false, fstype: "ext4", children: [] },
    ...machine.volumes.flatMap((volume) => blocksOfVolume(world, volume)),
  ];
}

function blocksOfVolume(world: World, volume: Volume): BlockDevice[] {
  const { disk, holder, device, diskPath, metaDiskPath } = volume;
  const attached = isAttached(volume);
  const found = volume.disks.map((one): BlockDevice => {
    const path = one === disk ? diskPath : metaDiskPath;
    const children = attached && [disk, holder].includes(one) ? [device] : [];
    const { size, serial } = one;
    return { path, type: "disk", size, readOnly: false, serial, children, ...signed(readBlocks(world, one, path)) };
  });
  if (attached) {
    const fs = volume.isPrimary ? signed(readBlocks(world, disk, device)) : {};
    found.push({ path: device, type: "disk", size: disk.size, readOnly: !volume.isPrimary, children: [], ...fs });
  }
  return found;
}

const signed = (contents: Contents): Pick<BlockDevice, "fstype" | "uuid"> =>
  contents.kind === "signature" ? { fstype: contents.type, uuid: contents.uuid } : {};

/** Connected, UpToDate, and mounted where it is Primary: the probe takes no closer look (host/probe/minors.sh). */
function isWell({ kernel, mountedAt, machine }: Volume): boolean {
  const well = connectionOf(machine) === "Connected" && kernel?.disk === "UpToDate";
  return well && (!machine.isPrimary || mountedAt !== undefined);
}

interface Looking {
  readonly drift: CommandOutput | undefined;
  /** Else it is well and about to move: who uses it is asked for, and nothing of what DRBD has attached. */
  readonly closely: boolean;
}

function lookAt(world: World, machine: Machine, look: Look, { drift, closely }: Looking): ObservedResource {
  const change = drift === undefined || drift.output === "" ? {} : { change: drift };
  const configuration = machine.running[0]?.kernel.configuration;
  const own = machine.drbd === "9" && configuration !== undefined ? nodeIdOf(configuration, machine.name) : undefined;
  const moves = isMoving(machine, look);
  const looked = look.volumes.map((one) => {
    const seen = lookAtVolume(world, machine, one, moves);
    return [one.volume, closely ? seen : lightly(seen)] as const;
  });
  const isKnown = looked.some(([, { disk }]) => disk.kind !== "missing");
  return {
    volumes: new Map(looked),
    portTaken: false,
    ...(own === undefined || !isKnown ? {} : { nodeId: own }),
    ...(isKnown ? change : {}),
  };
}

function lightly({ disk, metadata, users }: ObservedVolume): ObservedVolume {
  const real = "real" in disk ? disk.real : "";
  return { disk: { kind: "attached", real }, metadata, ...(users === undefined ? {} : { users }) };
}

/** It runs in another role than the wanted one (host/probe). */
function isMoving({ running }: Machine, { wanted }: Look): boolean {
  return wanted !== undefined && running.some(({ isPrimary }) => isPrimary !== (wanted === "Primary"));
}

function lookAtVolume(world: World, machine: Machine, look: VolumeLook, moves: boolean): ObservedVolume {
  const volume = machine.volumes[look.volume];
  if (volume?.diskPath !== look.disk) return { disk: { kind: "missing" }, metadata: { kind: "unknown" } };
  const { disk, device, diskPath } = volume;
  const inside = volume.isPrimary
    ? {
        device: readBlocks(world, disk, device),
        ...(moves && volume.heldOpen ? { users: ["process 600 (sleep)"] } : {}),
      }
    : {};
  const metadata = isRunning(volume) ? attachedMetadata(volume) : undefined;
  const kernelGi =
    metadata === undefined || machine.parseError !== undefined || !isInFile(volume)
      ? {}
      : { kernelGi: giText(metadata, volume.isPrimary) };
  if (isWell(volume)) {
    const attached = { kind: "attached", real: diskPath, size: disk.size } as const;
    return { disk: attached, metadata: { kind: "unknown" }, ...kernelGi, ...inside };
  }
  return {
    disk: readBlocks(world, disk, diskPath),
    ...(look.metaDisk === "internal" ? {} : { metaDisk: readBlocks(world, volume.metaDisk, look.metaDisk) }),
    metadata: metadataOf(volume, look),
    ...kernelGi,
    ...inside,
  };
}

/** `drbdadm get-gi` answers for what its file has. */
const isInFile = (volume: Volume): boolean =>
  volume.machine.volumes.length === 1 || volume.machine.defined().includes(volume);

function metadataOf(volume: Volume, look: VolumeLook): Metadata {
  if (!volume.machine.hasUtils) return { kind: "unknown" };
  if (isAttached(volume)) return { kind: "busy", said: "error 20 Device or resource busy" };
  const isInternal = look.metaDisk === "internal";
  const found = anyMetadata(isInternal ? volume.disk : volume.metaDisk);
  if (found !== undefined) return { kind: "present", ...superblockOf(found) };
  if (!isInternal) return { kind: "absent" };
  const bytes = Number((volume.machine.files.get(volume.sizeFile) ?? "").split("\t")[0]);
  const moved = metadataAt(volume.disk, bytes);
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
  const isDevice = real.startsWith("/dev/drbd");
  const isForData = !isDevice && disk.size > smallSize;
  const visible = isDevice ? undefined : anyMetadata(disk);
  if (visible !== undefined) {
    return isForData
      ? { kind: "signature", real, size, type: "drbd", uuid: visible.deviceUuid }
      : { kind: "data", real, size, offset: 0, hash: fingerprint([visible.current % 4096, Number(visible.isOwn)]) };
  }
  const blocks = isDevice ? disk.blocks.slice(0, dataBlocks) : disk.blocks;
  const [head = 0] = blocks;
  const first = head === 0 ? undefined : world.ledger.content(head);
  if (first !== undefined && first.type !== "data") {
    return { kind: "signature", real, size, type: first.type, uuid: first.uuid, taken: first.taken };
  }
  const at = blocks.findIndex((version, block) => version !== 0 && block !== unseenBlock);
  // Metadata that a disk has outgrown is data like any other.
  const remains = isForData && disk.metadata !== undefined;
  if (at < 0 && !remains) return { kind: "blank", real, size };
  const offset = (at < 0 ? dataBlocks : at) * blockSize * 1024;
  return { kind: "data", real, size, offset, hash: fingerprint(blocks) };
}
