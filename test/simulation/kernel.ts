/** One node's DRBD device as the kernel runs it (DRBD 8.4 and 9), and what its states do to the metadata. */
import { type Disk, type Metadata, visibleMetadata } from "./disk";
import type { Actor } from "./commands";
import type { Drbd } from "./drbd";
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
  /** DRBD 9: this Primary lost its peer, and begins a new generation with its next write. */
  owesGeneration: boolean;
  /** DRBD 9: it became Primary because somebody opened it to write, and is Secondary again when that one closes it. */
  autoPromoted: boolean;
  /** Its disk came to a connection that was there, and the two have not agreed yet: until then it tells no other state. */
  isNegotiating?: boolean;
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
    owesGeneration: false,
    autoPromoted: false,
  };
}

const setting = (configuration: string, name: string): string | undefined =>
  new RegExp(`^\\s*${name} "?([^";]*)"?;$`, "m").exec(configuration)?.[1];

export const protocolOf = (configuration: string): string => setting(configuration, "protocol") ?? "C";
export const secretOf = (configuration: string): string => setting(configuration, "shared-secret") ?? "";
export const fences = (configuration: string): boolean =>
  (setting(configuration, "fencing") ?? "dont-care") !== "dont-care";

/** The id of a host in a file for DRBD 9. */
export function nodeIdOf(configuration: string, host: string): number | undefined {
  const id = new RegExp(`^\\s*on "?${host}"? \\{\\s*node-id (\\d+);`, "m").exec(configuration)?.[1];
  return id === undefined ? undefined : Number(id);
}

export const peerName = (host: string): string => (host === "alpha" ? "bravo" : "alpha");

/** DRBD 9: whoever opens a Secondary's device to write makes it Primary, unless it is told not to. */
export const promotesItself = (configuration: string): boolean => setting(configuration, "auto-promote") !== "no";

/** A device with its disk. Only what is attached has metadata that the kernel writes. */
export interface Device {
  readonly name: string;
  readonly drbd: Drbd;
  readonly kernel: Kernel;
  /** The disk that its metadata is on. */
  readonly holder: Disk;
}

export function attachedMetadata({ kernel, holder }: Device): Metadata | undefined {
  return kernel.disk === "Diskless" ? undefined : holder.metadata;
}

/** What a write of the Primary begins, where its peer does not get it (DRBD 9). */
export function beginOwed({ kernel, holder }: Device, generations: Generations): void {
  if (!kernel.owesGeneration || holder.metadata === undefined) return;
  kernel.owesGeneration = false;
  if (holder.metadata.bitmap === 0) generations.begin(holder.metadata);
}

/** A disk lets go. DRBD 9 notes on it that it is not the newest from now on, where the peer has what is. */
export function detach(device: Device, generations: Generations): void {
  const { kernel, holder } = device;
  if (device.drbd === "9" && kernel.peerDisk === "UpToDate" && holder.metadata !== undefined)
    holder.metadata.flags.wasUpToDate = false;
  change(device, { disk: "Diskless" }, generations);
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
  if (device.drbd === "9") {
    const parted = old.connection === "Connected" && kernel.connection !== "Connected";
    if ((wentAway || parted) && kernel.role === "Primary") kernel.owesGeneration = true;
    if (bothUpToDate(kernel) || kernel.role === "Secondary") kernel.owesGeneration = false;
  } else if (wentAway && inUse && metadata.bitmap === 0 && kernel.disk === "UpToDate") generations.begin(metadata);
  metadata.flags = {
    consistent: atLeast(kernel.disk, "Outdated"),
    wasUpToDate: atLeast(kernel.disk, "DUnknown"),
    primary: kernel.role === "Primary",
    peerIsPrimary: kernel.peerRole === "Primary",
    crashed: kernel.crashedPrimary,
    peerOutdated: kernel.peerDisk === "Inconsistent" || kernel.peerDisk === "Outdated",
  };
}

/** drbd_adm_attach; false where there is no metadata to be found. */
export function attach(device: Device, generations: Generations): boolean {
  const { kernel, holder } = device;
  const metadata = visibleMetadata(holder, device.drbd);
  if (metadata === undefined) return false;
  if (device.drbd === "9") {
    // The metadata says whose it is: with another id the kernel does not take it.
    const nodeId = nodeIdOf(kernel.configuration, device.name);
    if (metadata.nodeId !== undefined && metadata.nodeId !== nodeId) return false;
    metadata.nodeId = nodeId;
    metadata.peerId = nodeIdOf(kernel.configuration, peerName(device.name));
  }
  const { consistent, wasUpToDate, primary, crashed, peerOutdated } = metadata.flags;
  kernel.crashedPrimary = crashed || primary;
  if (primary) {
    metadata.active.forEach((active, block) => (metadata.outOfSync[block] ||= active));
  }
  metadata.active.fill(false);
  const peerDisk = peerOutdated ? "Outdated" : "DUnknown";
  const found = !consistent ? "Inconsistent" : wasUpToDate ? "Consistent" : "Outdated";
  // With a peer that is there already, the two negotiate: what this side knew of it is not asked.
  if (kernel.replication !== "Off") {
    change(device, { disk: found }, generations);
    return true;
  }
  const certain = found === "Consistent" && (peerOutdated || !fences(kernel.configuration));
  change(device, { disk: certain ? "UpToDate" : found, peerDisk }, generations);
  return true;
}
