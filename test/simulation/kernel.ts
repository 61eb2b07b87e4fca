/** One node's DRBD device as the kernel runs it (DRBD 8.4), and what its states do to the metadata. */
import { type Disk, type Metadata, visibleMetadata } from "./disk";
import type { Actor } from "./commands";
import type { Generations } from "./generations";

/** In the kernel's order: more is better. */
export const diskStates = [
  "Diskless",
  "Attaching",
  "Failed",
  "Negotiating",
  "Inconsistent",
  "Outdated",
  "DUnknown",
  "Consistent",
  "UpToDate",
] as const;
export type DiskState = (typeof diskStates)[number];

export const atLeast = (state: DiskState, least: DiskState): boolean =>
  diskStates.indexOf(state) >= diskStates.indexOf(least);

export interface Kernel {
  /** The resource's file as it was when this was configured. */
  configuration: string;
  role: "Primary" | "Secondary";
  disk: DiskState;
  connection: "StandAlone" | "Connecting" | "Connected";
  replication: "Off" | "Established" | "SyncSource" | "SyncTarget";
  peerRole: "Primary" | "Secondary" | "Unknown";
  peerDisk: DiskState;
  crashedPrimary: boolean;
  /** Who had it look for its peer. */
  startedBy: Actor;
  /** connect --discard-my-data */
  discardsOwn: boolean;
  /** As target of a sync: the source's identifiers when it began. */
  source?: Pick<Metadata, "current" | "bitmap" | "history">;
}

export function newKernel(configuration: string, startedBy: Actor): Kernel {
  return {
    configuration,
    role: "Secondary",
    disk: "Diskless",
    connection: "StandAlone",
    replication: "Off",
    peerRole: "Unknown",
    peerDisk: "DUnknown",
    crashedPrimary: false,
    startedBy,
    discardsOwn: false,
  };
}

const setting = (configuration: string, name: string): string | undefined =>
  new RegExp(`^\\s*${name} "?([^";]*)"?;$`, "m").exec(configuration)?.[1];

export const protocolOf = (configuration: string): string => setting(configuration, "protocol") ?? "C";
export const secretOf = (configuration: string): string => setting(configuration, "shared-secret") ?? "";
export const fences = (configuration: string): boolean =>
  (setting(configuration, "fencing") ?? "dont-care") !== "dont-care";

/** A device with its disk. Only what is attached has metadata that the kernel writes. */
export interface Device {
  readonly kernel: Kernel;
  /** The disk that its metadata is on. */
  readonly holder: Disk;
}

export function attachedMetadata({ kernel, holder }: Device): Metadata | undefined {
  return kernel.disk === "Diskless" ? undefined : holder.metadata;
}

/** A change of state, with what follows from it: __drbd_set_state and after_state_ch. */
export function change(device: Device, to: Partial<Kernel>, generations: Generations): void {
  const { kernel } = device;
  const old = { ...kernel };
  Object.assign(kernel, to);
  const metadata = attachedMetadata(device);
  if (metadata === undefined) return;
  const bothUpToDate = (one: Kernel) => one.disk === "UpToDate" && one.peerDisk === "UpToDate";
  if (bothUpToDate(kernel) && !bothUpToDate(old)) kernel.crashedPrimary = false;
  const seen = (state: DiskState) => ["Inconsistent", "Consistent", "UpToDate"].includes(state);
  const wentAway = seen(old.peerDisk) && !seen(kernel.peerDisk);
  const inUse = kernel.role === "Primary" || kernel.peerRole === "Primary";
  if (wentAway && inUse && metadata.bitmap === 0 && kernel.disk === "UpToDate") generations.begin(metadata);
  metadata.flags = {
    consistent: atLeast(kernel.disk, "Outdated"),
    wasUpToDate: atLeast(kernel.disk, "DUnknown"),
    primary: kernel.role === "Primary",
    crashed: kernel.crashedPrimary,
    peerOutdated: kernel.peerDisk === "Inconsistent" || kernel.peerDisk === "Outdated",
  };
}

/** drbd_adm_attach; false where there is no metadata to be found. */
export function attach(device: Device, generations: Generations): boolean {
  const { kernel, holder } = device;
  const metadata = visibleMetadata(holder);
  if (metadata === undefined) return false;
  const { consistent, wasUpToDate, primary, crashed, peerOutdated } = metadata.flags;
  kernel.crashedPrimary = crashed || primary;
  if (primary) {
    metadata.active.forEach((active, block) => (metadata.outOfSync[block] ||= active));
  }
  metadata.active.fill(false);
  const peerDisk = peerOutdated ? "Outdated" : "DUnknown";
  const found = !consistent ? "Inconsistent" : wasUpToDate ? "Consistent" : "Outdated";
  // With a peer that is there already, the two negotiate: what this side knew of it is not asked.
  if (kernel.connection === "Connected") {
    change(device, { disk: found }, generations);
    return true;
  }
  const certain = found === "Consistent" && (peerOutdated || !fences(kernel.configuration));
  change(device, { disk: certain ? "UpToDate" : found, peerDisk }, generations);
  return true;
}
