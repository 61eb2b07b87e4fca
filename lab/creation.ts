import { chmod, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chooseAccelerator } from "./accelerator";
import { undoneOnFailure } from "./cleanup";
import { CommandFailed, executeOrThrow } from "./command";
import { makeDisk } from "./disks";
import { freeTcpPort, freeUdpPort } from "./free-ports";
import type { Image } from "./image";
import { type LabState, writeLabState } from "./lab-state";
import { MACHINES, type MachineName, type PerMachine, machineFiles } from "./machines";
import { bootMachine, stopBoth } from "./power";
import type { Make } from "./make";
import { type Report, timed } from "./report";
import { requireSpace } from "./requirements";
import { makeKey, writeSeededInitrd } from "./seed";
import { loadSnapshot, saveSnapshot } from "./snapshots";
import { accessFiles, runOverSsh, writeAccessFiles } from "./ssh-access";

/** bare: without drbd-utils, which apt can install; utils: drbd-utils installed, no module loaded, nothing configured. */
export const FRESH_SNAPSHOTS = ["bare", "utils"] as const;

/** mkfs.xfs wants more than 300 MB behind DRBD's metadata. */
export const DATA_DISK_BYTES = 320 * 1024 * 1024;

/** The file that tells a lab's folder, which may be removed, from any other. */
const MARKER = "this-is-a-drbd-lab";

/** The serial number of a machine's data disk. */
export function dataDiskSerial(name: MachineName): string {
  return `${name}0`;
}

/** A lab of which all is there; without its snapshots it is one whose making was interrupted. */
export function isWhole(state: LabState | undefined): state is LabState {
  return state !== undefined && FRESH_SNAPSHOTS.every((name) => state.snapshots[name] !== undefined);
}

/** Makes a lab in an empty folder, or in the place of an earlier one; it runs after it, at the snapshot bare. */
export async function createLab(
  folder: string,
  make: Make,
  images: PerMachine<Image>,
  qemu: string,
  report: Report,
): Promise<void> {
  await removeLab(folder);
  await requireSpace(folder, 2048, "the two machines", "free some, or set LAB_DIR to a folder on another disk");
  await chmod(folder, 0o700);
  await writeFile(join(folder, MARKER), "A lab of pulumi-drbd; `npm run lab -- down --delete` removes it.\n");
  const state: LabState = {
    make,
    images,
    accelerator: await chooseAccelerator(images.alpha, qemu, report),
    qemu,
    ports: { alpha: { ssh: 0, link: 0 }, bravo: { ssh: 0, link: 0 } },
    disks: { alpha: [], bravo: [] },
    snapshots: {},
    linkIsCut: false,
  };
  const onBoth = (work: (name: MachineName) => Promise<void>) => Promise.all(MACHINES.map(work));
  await undoneOnFailure(
    () => stopBoth(folder),
    async () => {
      await timed(report, "disks and keys", () => prepare(folder, state));
      await timed(report, "both machines boot", () => onBoth((name) => bootMachine(folder, state, name)));
      await timed(report, "snapshot bare", () => saveSnapshot(folder, state, "bare"));
      await timed(report, "drbd-utils installed in both", () => onBoth((name) => installUtils(folder, name)));
      await timed(report, "snapshot utils", () => saveSnapshot(folder, state, "utils"));
      await timed(report, "back to the snapshot bare", () => loadSnapshot(folder, state, "bare"));
    },
  );
}

async function prepare(folder: string, state: LabState): Promise<void> {
  const { key } = accessFiles(folder);
  await makeKey(key, "pulumi-drbd lab");
  for (const name of MACHINES) {
    const files = machineFiles(folder, name);
    await makeKey(files.hostKey, name);
    await writeSeededInitrd(folder, name, state.images[name].initrd, key);
    const backing = ["-b", state.images[name].root, "-F", "qcow2"];
    await executeOrThrow(["qemu-img", "create", "-q", "-f", "qcow2", ...backing, files.root]);
    const disk = { serial: dataDiskSerial(name), size: DATA_DISK_BYTES, sectors: state.make.sectors[name] };
    state.disks[name] = [await makeDisk(folder, name, disk, 0)];
  }
  await pickPorts(folder, state);
}

async function installUtils(folder: string, name: MachineName): Promise<void> {
  const script = "apt-get -q update && apt-get -q install -y drbd-utils";
  const installed = await runOverSsh(folder, name, script, { timeout: 300 });
  if (installed.exit !== 0) throw new CommandFailed(`${name}: ${script}`, installed);
}

/** Ports that are free now, for machines that are off; the earlier ones where they still are. */
export async function pickPorts(folder: string, state: LabState): Promise<void> {
  for (const name of MACHINES) {
    const { ssh, link } = state.ports[name];
    state.ports[name] = { ssh: await freeTcpPort(ssh), link: await freeUdpPort(link) };
  }
  const { link } = state;
  if (link) {
    const { alpha, bravo } = link.relay;
    state.link = { ...link, relay: { alpha: await freeUdpPort(alpha), bravo: await freeUdpPort(bravo) } };
  }
  await writeAccessFiles(folder, state.ports);
  await writeLabState(folder, state);
}

/** Stops the machines and removes all there is of the lab. */
export async function removeLab(folder: string): Promise<void> {
  await stopBoth(folder);
  const files = await readdir(folder).catch((): string[] => []);
  // LAB_DIR may have been set to a folder with something else in it.
  if (files.length > 0 && !files.includes(MARKER)) {
    throw new Error(`${folder} is not a lab's folder, and not empty: set LAB_DIR to another`);
  }
  await rm(folder, { recursive: true, force: true });
}
