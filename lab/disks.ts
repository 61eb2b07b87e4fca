import { access, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { executeOrThrow } from "./command";
import { type LabState, writeLabState } from "./lab-state";
import {
  DEFAULT_SECTOR_SIZE,
  type Disk,
  type MachineName,
  SLOTS,
  type SectorSize,
  blockNode,
  diskDevice,
  diskId,
  machineFiles,
} from "./machines";
import { withMonitor } from "./monitor";
import { isRunning } from "./power";
import { pause } from "./report";

const LET_GO_SECONDS = 30;

/** An empty disk of a size in bytes, for a slot; it sits in no machine yet. */
export async function makeDisk(folder: string, name: MachineName, disk: DiskRequest, slot: number): Promise<Disk> {
  const disks = join(folder, "disks");
  await mkdir(disks, { recursive: true });
  // A new file each time: a snapshot may still need the file of an earlier disk of that serial.
  let file = join(disks, `${name}-${disk.serial}.qcow2`);
  for (let n = 2; await isThere(file); n++) file = join(disks, `${name}-${disk.serial}-${n}.qcow2`);
  await executeOrThrow(["qemu-img", "create", "-q", "-f", "qcow2", file, String(disk.size)]);
  return { serial: disk.serial, file, slot, sectors: disk.sectors ?? DEFAULT_SECTOR_SIZE };
}

export interface DiskRequest {
  size: number;
  serial: string;
  /** Bytes of a sector; 512 by default. */
  sectors?: SectorSize;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function findDisk(state: LabState, name: MachineName, serial: string): Disk {
  const disk = state.disks[name].find((each) => each.serial === serial);
  if (disk) return disk;
  throw new Error(`${name} has no disk ${serial}, only ${state.disks[name].map((each) => each.serial).join(", ")}`);
}

/** The lowest slot of a machine without a disk. */
export function freeSlot(disks: readonly Disk[]): number | undefined {
  return [...Array(SLOTS).keys()].find((slot) => !disks.some((disk) => disk.slot === slot));
}

export async function attachDisk(folder: string, state: LabState, name: MachineName, disk: DiskRequest): Promise<void> {
  const disks = state.disks[name];
  const { serial } = disk;
  if (!/^[A-Za-z0-9]{1,20}$/.test(serial)) throw new Error(`${serial} is no serial: up to 20 letters and digits`);
  if (disks.some((each) => each.serial === serial)) throw new Error(`${name} has a disk ${serial} already`);
  const slot = freeSlot(disks);
  if (slot === undefined) throw new Error(`${name} has no free slot for a disk (${SLOTS} in all)`);
  const made = await makeDisk(folder, name, disk, slot);
  disks.push(made);
  await writeLabState(folder, state);
  if (!(await isRunning(folder, name))) return;
  await withMonitor(machineFiles(folder, name).monitor, async (monitor) => {
    await monitor.execute("blockdev-add", blockNode(diskId(serial), made.file));
    await monitor.execute("device_add", diskDevice(made));
  });
}

export async function detachDisk(folder: string, state: LabState, name: MachineName, serial: string): Promise<void> {
  const disk = findDisk(state, name, serial);
  if (await isRunning(folder, name)) await unplugDisk(folder, name, serial);
  state.disks[name] = state.disks[name].filter((each) => each !== disk);
  await removeUnusedDisks(state, [disk]);
  await writeLabState(folder, state);
}

/** The device goes when the machine's kernel has let go of it. */
async function unplugDisk(folder: string, name: MachineName, serial: string): Promise<void> {
  await withMonitor(machineFiles(folder, name).monitor, async (monitor) => {
    await monitor.execute("device_del", { id: `dev-${serial}` });
    const deadline = performance.now() + LET_GO_SECONDS * 1000;
    for (;;) {
      const blocks = (await monitor.execute("query-block")) as { inserted?: { "node-name"?: string } }[];
      if (!blocks.some((each) => each.inserted?.["node-name"] === diskId(serial))) break;
      if (performance.now() > deadline) throw new Error(`${name} does not let go of disk ${serial}`);
      await pause(50);
    }
    await monitor.execute("blockdev-del", { "node-name": diskId(serial) });
  });
}

export async function growDisk(
  folder: string,
  state: LabState,
  name: MachineName,
  disk: { serial: string; bytes: number },
): Promise<void> {
  const { serial, bytes } = disk;
  const { file } = findDisk(state, name, serial);
  if (!(await isRunning(folder, name))) {
    await executeOrThrow(["qemu-img", "resize", "-q", "-f", "qcow2", file, String(bytes)]);
    return;
  }
  await withMonitor(machineFiles(folder, name).monitor, (monitor) =>
    monitor.execute("block_resize", { "node-name": diskId(serial), size: bytes }),
  );
}

/** A disk that no snapshot and no machine has any more is deleted. */
export async function removeUnusedDisks(state: LabState, candidates: readonly Disk[]): Promise<void> {
  const used = [state.disks, ...Object.values(state.snapshots)].flatMap((each) => [...each.alpha, ...each.bravo]);
  const files = new Set(used.map((disk) => disk.file));
  for (const { file } of candidates) if (!files.has(file)) await rm(file, { force: true });
}
