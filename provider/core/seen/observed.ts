import type { TurnSeen } from "./turn";

/** What was found on a host: the probe's output (probe.ts) as data. Nothing here is a guess: what was not said is absent. */

import type { ResourceMeaning } from "../config/resource-meaning";
import type { XfsGeometry } from "./xfs";

export interface BlockDevice {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly readOnly: boolean;
  readonly fstype?: string;
  readonly uuid?: string;
  readonly label?: string;
  readonly partuuid?: string;
  readonly partlabel?: string;
  readonly partitionTable?: string;
  /** Bytes of a logical sector: what can be read or written at once, and no less. */
  readonly sector?: number;
  /** The kernel's number for it, `254:16`. */
  readonly number?: string;
  readonly serial?: string;
  readonly wwn?: string;
  /** Devices that stand on this one: partitions, LVM volumes, DRBD devices. */
  readonly children: readonly string[];
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly fstype: string;
  /** The kernel's number for the device, `254:16`. */
  readonly number?: string;
  /** Nothing can be written to it. */
  readonly readOnly?: true;
}

/** All names in /dev that lead to a resource's devices: links too. */
export interface DeviceNames {
  readonly disk: readonly string[];
  readonly metaDisk: readonly string[];
  /** Of that disk, where it has slots for the metadata of several. */
  readonly metaIndex?: number;
  readonly device: readonly string[];
}

/** A volume as the kernel runs it. */
export interface KernelDevice {
  readonly resource: string;
  readonly volume: number;
  readonly minor: number;
  /** Diskless, Attaching, Inconsistent, Outdated, Consistent, UpToDate, Failed … */
  readonly disk: string;
  /** KiB */
  readonly size?: number;
  /** DRBD 8.4 has a role for each volume: told where the resource has several. */
  readonly role?: string;
}

/** What a connection tells of one volume. */
export interface KernelPeerDevice {
  readonly volume: number;
  /** Off, Established, SyncSource, SyncTarget … */
  readonly replication: string;
  readonly peerDisk: string;
  /** KiB */
  readonly outOfSync?: number;
}

/** A connection to one peer. DRBD 9 can have several, each with several paths. */
export interface KernelConnection {
  /** The peer's, as the configuration names it; DRBD 8.4 calls it `peer`. */
  readonly name: string;
  /** DRBD 8.4 has none, and tells 0. */
  readonly peerNodeId?: number;
  /** StandAlone, Connecting, Connected … */
  readonly connection: string;
  readonly peerRole: string;
  /** `ipv4:10.0.0.1:7789`; DRBD 8.4 tells none. */
  readonly paths: readonly { readonly local: string; readonly peer: string }[];
  readonly peerDevices: readonly KernelPeerDevice[];
}

/** A resource as the kernel runs it. Of a connection, what is told here is the first one's. */
export interface KernelResource {
  readonly name: string;
  readonly role: string;
  readonly suspended: string;
  /** The peer's node id, as this host's kernel knows it; DRBD 8.4 has none, and tells 0. */
  readonly peerNodeId?: number;
  /** StandAlone, Connecting, Connected …; absent when there is no connection at all. */
  readonly connection?: string;
  readonly peerRole?: string;
  readonly devices: readonly KernelDevice[];
  /** What the first connection tells of each volume. */
  readonly peerDevices?: readonly KernelPeerDevice[];
  /** All that the kernel tells: what is beyond a pair is refused, and never overlooked (beyond-pair.ts). */
  readonly connections?: readonly KernelConnection[];
}

export interface SyncProgress {
  /** 0 to 100 */
  readonly percent: number;
  /** `0:04:19`, as /proc/drbd gives it. */
  readonly finish?: string;
  /** KiB/s */
  readonly speed?: number;
}

/** What stands on a disk. */
export type Contents =
  | { readonly kind: "missing" }
  | { readonly kind: "not-block" }
  /** DRBD has it, and all is well with it: no closer look was taken. Without a size, block devices were not asked for. */
  | { readonly kind: "attached"; readonly real: string; readonly size?: number }
  | { readonly kind: "blank"; readonly real: string; readonly size: number }
  | {
      readonly kind: "signature";
      readonly real: string;
      readonly size: number;
      readonly type: string;
      readonly uuid?: string;
      /** What these contents are known by where they have no UUID: a hash of samples. */
      readonly hash?: string;
      /** Where blkid finds more than one: each with its UUID. */
      readonly several?: readonly { readonly type: string; readonly uuid?: string }[];
      /** Of an XFS, also of one in front of DRBD's metadata. */
      readonly xfs?: XfsGeometry;
      /** Of a filesystem: how many bytes it takes, by its own superblock. */
      readonly taken?: number;
      /** Of a filesystem with DRBD's metadata behind it: how many bytes the disk had when that was at its end. */
      readonly ended?: number;
    }
  | {
      readonly kind: "data";
      readonly real: string;
      readonly size: number;
      readonly offset: number;
      readonly hash?: string;
    }
  /** It could not be read, or the answer was not understood: as good as full. */
  | { readonly kind: "unreadable"; readonly real: string; readonly size: number; readonly said: string };

/** DRBD 9 keeps a bitmap and its identifier for each peer, found by the peer's node id. */
export interface PeerSlot {
  readonly nodeId: number;
  /** The identifiers, with this slot's bitmap identifier. */
  readonly gi: string;
}

/** What DRBD's own block of metadata says. */
export interface MetadataFound {
  readonly version: "v08" | "v09";
  /** The identifiers. Of v09, with the bitmap identifier of the first of the `slots`. */
  readonly gi: string;
  /** v09: the host's own node id, -1 before the first attach. */
  readonly nodeId?: number;
  /** v09: the slots in use, or one that is not, which then stands for all. */
  readonly slots?: readonly PeerSlot[];
}

/** DRBD's metadata on a disk. */
export type Metadata =
  | { readonly kind: "unknown" }
  | { readonly kind: "absent" }
  | ({ readonly kind: "present" } & MetadataFound)
  /** Where the device ended when DRBD last knew its size (`bytes`): it was grown since. */
  | ({ readonly kind: "moved"; readonly bytes: number; readonly uuid: string } & MetadataFound)
  | { readonly kind: "busy"; readonly said: string }
  | { readonly kind: "unreadable"; readonly said: string };

export interface CommandOutput {
  readonly exit: number;
  readonly output: string;
}

/** What is left on the filesystem that a path is on; `files` where that has a limit. */
export interface Room {
  readonly path: string;
  readonly kibibytes: number;
  readonly files?: number;
}

/** The folder to mount at, or the nearest one above it that is there (`at`), by its own path (`real`). */
export type Folder =
  | { readonly kind: "not-a-folder"; readonly at: string }
  | { readonly kind: "folder"; readonly at: string; readonly real: string; readonly holds: readonly string[] };

/** What LVM says of a disk. Sizes in bytes. */
export type LogicalVolume =
  | { readonly kind: "none"; readonly said: string }
  | {
      readonly kind: "logical";
      readonly group: string;
      readonly name: string;
      readonly size: number;
      /** As `lvs` has them: the first letter is its type. */
      readonly attributes: string;
      /** Of its volume group. */
      readonly free: number;
      readonly extent: number;
      /** What has the name of the snapshot before a resync; `origin` is empty where that is no snapshot. */
      readonly snapshot?: { readonly origin: string; readonly size: number; readonly attributes: string };
    };

/** One volume of a resource, looked at closely. */
export interface ObservedVolume {
  readonly disk: Contents;
  readonly metaDisk?: Contents;
  readonly metadata: Metadata;
  /** The generation identifiers of the running device. */
  readonly kernelGi?: string;
  /** Where the filesystem shall be mounted. */
  readonly folder?: Folder;
  /** The DRBD device's own contents; only where this host is Primary. */
  readonly device?: Contents;
  /** Who has it in use beside its services, in words for a person; only where it was asked for, and this host is Primary. */
  readonly users?: readonly string[];
  /** The logical volume that the disk is; only where snapshots of it are wanted. */
  readonly logical?: LogicalVolume;
  /** What was written last, as far as the host tells; only of sides that do not speak. */
  readonly written?: LastWritten;
}

/** Times in the host's own zone, `2026-11-27 13:01:42`. */
export interface LastWritten {
  readonly file?: { readonly time: string; readonly path: string; readonly isOfSome?: true };
  readonly mounted?: string;
  readonly changed?: string;
}

/** One resource looked at closely. */
export interface ObservedResource {
  /** By number: those that were asked for. */
  readonly volumes: ReadonlyMap<number, ObservedVolume>;
  /** Its own node id, as the kernel tells it; only DRBD 9 has them, and only where not all is well. */
  readonly nodeId?: number;
  /** Something listens on the resource's port. */
  readonly portTaken: boolean;
  /** What the handlers that make snapshots need and is not there, and whether the host has settings for them; only where wanted. */
  readonly snapshots?: { readonly missing: readonly string[]; readonly hasSettings: boolean };
  /** Digests that were asked for and that the kernel has not. */
  readonly missingDigests?: readonly string[];
  /** When the kernel's log says that the peer was lost, or `… or before` a split brain was found; only of sides that do not speak. */
  readonly apartSince?: string;
  /** drbdadm's opinion of the wanted configuration beside all that is installed. */
  readonly candidate?: CommandOutput;
  /** The commands that would bring the kernel to the wanted configuration. */
  readonly change?: CommandOutput;
  /** Where somebody else's file defines it: what drbdadm takes that for, and what it would take the wanted one for. */
  readonly meanings?: { readonly installed: ResourceMeaning; readonly wanted: ResourceMeaning };
}

/** What drbdadm makes of all resources with the global_common.conf that is there, and with another one. */
export interface CommonSeen {
  /** The other one's text. */
  readonly globalCommon: string;
  readonly now: CommandOutput;
  readonly then: CommandOutput;
}

/** What drbdadm would change of a resource that runs, if it lived by these files, which a destroy may give back. */
export interface GivenBackSeen {
  readonly name: string;
  /** The texts that were asked about; the second is empty where it was the installed file. */
  readonly globalCommon: string;
  readonly resource: string;
  readonly change: CommandOutput;
}

/** A volume, by its resource's name and its number. */
export interface VolumeName {
  readonly name: string;
  readonly volume: number;
}

/** What a close look at a volume saw. */
export function volumeSeen(node: ObservedNode, { name, volume }: VolumeName): ObservedVolume | undefined {
  return node.resources.get(name)?.volumes.get(volume);
}

/** Where the name of a disk leads, where that was seen. */
export function realPathOf(contents: Contents | undefined): string | undefined {
  return contents !== undefined && "real" in contents ? contents.real : undefined;
}

/** In bytes, where that was seen. */
export function sizeOf(contents: Contents | undefined): number | undefined {
  return contents !== undefined && "size" in contents ? contents.size : undefined;
}

/** What a host's kernel tells of the peer's copy of a volume. */
export function peerDeviceOf(node: ObservedNode, { name, volume }: VolumeName): KernelPeerDevice | undefined {
  return node.kernelResources.get(name)?.peerDevices?.find((one) => one.volume === volume);
}

/** A volume as the kernel runs it. */
export function kernelDeviceOf(node: ObservedNode, { name, volume }: VolumeName): KernelDevice | undefined {
  return node.kernelResources.get(name)?.devices.find((one) => one.volume === volume);
}

/** A statement that drbdadm comes to from /etc/drbd.conf. */
export interface Include {
  /** The file that has it, and how it names there what it includes. */
  readonly from: string;
  readonly written: string;
  /** From the root on, as glob(3) takes it. */
  readonly pattern: string;
}

export interface Unread {
  readonly path: string;
  readonly why: string;
  /** A link to nothing that a pattern led to: drbdadm of DRBD 9 passes over it. */
  readonly isPassedOver?: boolean;
}

/** What drbdadm reads from /etc/drbd.conf on. */
export interface Includes {
  readonly includes: readonly Include[];
  /** The files that they lead to, with /etc/drbd.conf. */
  readonly files: readonly string[];
  /** What they lead to and what no text could be had of. */
  readonly unread: readonly Unread[];
}

export interface InstalledCommand {
  /** By its second line; the first one is for the kernel. */
  readonly isOurs: boolean;
  /** sha256 of what is in it. */
  readonly digest: string;
}

/** A unit of systemd, as systemctl show tells of it. */
export interface ServiceSeen {
  /** loaded, not-found, masked, error, bad-setting. */
  readonly load: string;
  /** active, activating, inactive, failed, … */
  readonly active: string;
  /** It ends by itself, and then is not active: what runs it is no matter of ours. */
  readonly ends: boolean;
}

const running: readonly string[] = ["active", "activating", "reloading", "refreshing"];

/** What a host has of the virtual machines that were asked for. */
export interface VirtualMachinesSeen {
  /** What is wrong with libvirt itself: `virsh` is not there, or nothing answers it. */
  readonly fault?: { readonly kind: "missing" | "silent"; readonly said: string };
  /** By name: those that were asked for. */
  readonly machines: ReadonlyMap<string, VirtualMachineSeen>;
}

export interface VirtualMachineSeen {
  /** Whether libvirt has one of that name; else only `places` tells something. */
  readonly isDefined: boolean;
  /** `running`, `shut off`, `paused`, … */
  readonly state: string;
  readonly isPersistent: boolean;
  /** libvirt starts it when the host boots. */
  readonly startsItself: boolean;
  readonly hasManagedSave: boolean;
  /** `virsh dumpxml --inactive`, and its sha256: what counts from the next start. */
  readonly definition: string;
  readonly digest: string;
  /** There is more in it that is shown to nobody: passwords. */
  readonly hasSecrets: boolean;
  /** Where the paths that it names lead, by the path. */
  readonly places: ReadonlyMap<string, string>;
  /** Path → what stands behind it, by the headers of the images. */
  readonly behind: ReadonlyMap<string, readonly string[]>;
  /** Path → why what stands behind it is not known. */
  readonly unread: ReadonlyMap<string, string>;
}

export const isRunning = (seen: ServiceSeen | undefined): boolean =>
  seen !== undefined && running.includes(seen.active);

export interface ObservedNode {
  readonly hostname: string;
  readonly kernel: string;
  readonly os: {
    readonly id: string;
    readonly like: readonly string[];
    readonly name: string;
    /** `12`, `22.04`; a rolling release has none. */
    readonly version?: string;
    /** Of the release that it is made of: `focal` for Ubuntu 20.04 and for Mint 20. */
    readonly codename?: string;
  };
  /** Seconds since 1970. */
  readonly clock: number;
  readonly addresses: readonly string[];
  /** The module that runs, or the one that could be loaded; null when the running kernel has none. */
  readonly module: { readonly version: string; readonly loaded: boolean } | null;
  /** What modinfo said where there is none. */
  readonly modinfo?: string;
  /** Whether a run of the provider was at work there; absent where it was not asked. */
  readonly turn?: TurnSeen;
  /** Whether more was looked at than the host's own tables: else there are no `blocks` and `resources`, and no version. */
  readonly closely: boolean;
  /** drbd-utils' version, "unknown" where it was not asked for; null when drbdadm is not there. */
  readonly utils: string | null;
  /** mkfs.xfs, where it was asked for: null where it is not there. */
  readonly mkfs?: { readonly version: string; readonly configurations: readonly string[] } | null;
  /** Path → text, of the files that matter to us. */
  readonly files: ReadonlyMap<string, string>;
  /** Absent where /etc/drbd.conf is not there, or says what drbd-utils installs, and nothing includes more. */
  readonly includes?: Includes;
  /** Path → the lines that may name a disk, of the files of programs that give disks away (given-disks.ts). */
  readonly given?: ReadonlyMap<string, string>;
  /** Paths that are there: the symlinks by which systemd starts DRBD units at boot, and those of services that are active. */
  readonly links: readonly string[];
  /** Files at the paths of our commands (steps/command-steps.ts), and what is kept beside them; absent: not looked at. */
  readonly commands?: ReadonlyMap<string, InstalledCommand>;
  /** Of each resource that was asked for, by volume, however close the look. */
  readonly names: ReadonlyMap<string, ReadonlyMap<number, DeviceNames>>;
  readonly mounts: readonly Mount[];
  readonly swaps: readonly string[];
  /** Of the tools that later steps need, those that are not there. */
  readonly missing?: readonly string[];
  /** Where we write; only after a close look. */
  readonly room?: readonly Room[];
  /** By path, and by the kernel's own name where that is another one. */
  readonly blocks: ReadonlyMap<string, BlockDevice>;
  readonly kernelResources: ReadonlyMap<string, KernelResource>;
  readonly sync: ReadonlyMap<number, SyncProgress>;
  /** The units of systemd that were asked for, by the names that were given. */
  readonly services?: ReadonlyMap<string, ServiceSeen>;
  /** The virtual machines that were asked for. */
  readonly virtualMachines?: VirtualMachinesSeen;
  /** What `drbdadm -d adjust all` says of the installed configuration; absent without drbd-utils. */
  readonly adjust?: CommandOutput;
  /** What drbdadm reads, where that may be more than we wrote: `drbdadm --verbose dump all`. Only after a close look. */
  readonly dump?: CommandOutput;
  /** Where it was asked for. */
  readonly common?: CommonSeen;
  /** Where it was asked for. */
  readonly givenBack?: readonly GivenBackSeen[];
  /** Resources looked at closely, by name. */
  readonly resources: ReadonlyMap<string, ObservedResource>;
}

/** The configuration grammar that this host's drbdadm uses: DRBD 8's for a module of version 8. */
export function grammarOf(node: ObservedNode): "8.4" | "9" {
  return node.module === null || node.module.version.startsWith("8.") ? "8.4" : "9";
}
