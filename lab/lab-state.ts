import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Image } from "./image";
import type { LinkQuality } from "./link/link-quality";
import type { Accelerator, Disk, PerMachine, Ports } from "./machines";
import type { Make } from "./make";

/** What a lab remembers from one command to the next; the machines themselves are asked for everything else. */
export interface LabState {
  make: Make;
  images: PerMachine<Image>;
  accelerator: Accelerator;
  /** A snapshot of the running machine loads only in the qemu that made it. */
  qemu: string;
  ports: PerMachine<Ports>;
  disks: PerMachine<Disk[]>;
  /** By the snapshot's name, the disks each machine had in it. */
  snapshots: Record<string, PerMachine<Disk[]>>;
  linkIsCut: boolean;
  /** What lies between the machines in place of the plain cable. */
  link?: {
    quality: LinkQuality;
    /** UDP: where the relay takes the frames that each machine sends. */
    relay: PerMachine<number>;
  };
}

function stateFile(folder: string): string {
  return join(folder, "lab.json");
}

export async function readLabState(folder: string): Promise<LabState | undefined> {
  try {
    const state = JSON.parse(await readFile(stateFile(folder), "utf8")) as LabState;
    // One that an earlier version of the lab wrote does not say what its machines are made of.
    return Object.hasOwn(state, "make") ? state : undefined;
  } catch {
    return undefined;
  }
}

export async function writeLabState(folder: string, state: LabState): Promise<void> {
  const half = `${stateFile(folder)}.half`;
  await writeFile(half, `${JSON.stringify(state, null, 2)}\n`);
  await rename(half, stateFile(folder));
}
