/**
 * What the user wants, after validation: complete, defaults filled in, nothing unknown, no secrets but in `secret`.
 * `parse-inputs.ts` makes it, `render-configuration.ts` renders it, and `decided/` compares it with what is observed.
 */
import type { Link } from "./link";
import type { LinkOption } from "./link-options";
import type { FilesystemType } from "./filesystem-types";
import type { ManagerName } from "./manager-names";
import type { MetadataPlace } from "./metadata-place";
import type { DesiredVirtualMachine } from "./virtual-machine";

/** Option name as drbd.conf spells it (`max-buffers`) → value as drbd.conf spells it (`8000`, `yes`, `1M`). Sorted by name. */
export type OptionValues = Readonly<Record<string, string>>;

/** The sections of drbd.conf that the provider lets a user set, each with its own set of options (see option-table.ts). */
export interface Sections {
  readonly net: OptionValues;
  readonly disk: OptionValues;
  readonly options: OptionValues;
  readonly startup: OptionValues;
  readonly handlers: OptionValues;
}

/** One host, as DrbdNode wants it. */
export interface DesiredNode {
  /** Exactly what `uname -n` says there. */
  readonly hostname: string;
  /** The IPv4 or IPv6 address that replication uses. */
  readonly address: string;
  readonly global: OptionValues;
  readonly common: Sections;
}

/** A host of a resource. */
export interface DesiredHost {
  readonly hostname: string;
  readonly address: string;
  readonly port: number;
  /** How it is reached over SSH, where that tells its peer of another address by which it can be seen to be alive. */
  readonly reachedAt?: { readonly host: string; readonly port?: number };
}

/** Where one volume is on one host. */
export interface DesiredPlace extends MetadataPlace {
  readonly minor: number;
  /** The backing disk, an absolute path below /dev. */
  readonly disk: string;
}

/** One side of a volume: a host of the resource, and where the volume is there. */
export interface DesiredSide extends DesiredHost, DesiredPlace {}

export interface DesiredFilesystem {
  readonly type: FilesystemType;
  readonly label?: string;
  readonly mkfsOptions: readonly string[];
  readonly mountPoint?: string;
  readonly mountOptions: readonly string[];
}

export type Protocol = "A" | "B" | "C";

/** One volume of a resource: a replicated device. */
export interface DesiredVolume {
  /** 0 to 65535. */
  readonly number: number;
  /** In the order of the resource's hosts. */
  readonly places: readonly [DesiredPlace, DesiredPlace];
  /** Options of its disk on both hosts, which count before the resource's. */
  readonly disk?: OptionValues;
  /** What stands on the sync source's disk without DRBD stays, and becomes what is replicated. */
  readonly existingData?: "keep";
  readonly filesystem?: DesiredFilesystem;
}

/** What is on by default, so that a new pair is a safe one. */
export type SafeDefault = "fencing" | "authentication";

/** What the line between the hosts is. */
export interface DesiredLink {
  /** As the user wrote it. */
  readonly bandwidth: string;
  readonly roundTrip: string;
  readonly line: Link;
  /** Those that come from it: link-options.ts adds them to the sections, once it is known what is set for all resources. */
  readonly options: readonly LinkOption[];
  /** All that counts of `net`, with what is set for all resources. */
  readonly net: OptionValues;
}

/** What all volumes of a resource have in common. */
interface DesiredContext {
  readonly name: string;
  readonly protocol: Protocol;
  readonly sections: Sections;
  readonly link?: DesiredLink;
  /** A snapshot of the logical volume below each volume is made before a resync overwrites it (snapshot-handlers.ts). */
  readonly snapshotBeforeResync?: true;
  /** Peer authentication; null when the user turned it off. `secret` is missing until one was given or generated. */
  readonly auth: { readonly algorithm: string; readonly secret?: string } | null;
  /** The safe defaults of which the program says nothing: a pair that was set up another way keeps its way. */
  readonly unnamed?: readonly SafeDefault[];
  /** Those of them that are left as they were found (as-found.ts). */
  readonly asFound?: readonly SafeDefault[];
  /** The hostname whose disks count in the initial sync. */
  readonly syncSource: string;
  /** Two new disks are taken for the same once each was read as zeros: nothing is sent. Absent: the sync source's is sent. */
  readonly initialSync?: "skip";
  /** The hostname of the side where it shall be Primary, where the user names one. */
  readonly primary?: string;
  /** Hostname → what may be destroyed there, by its identity (disk-identity.ts). */
  readonly discard?: Readonly<Record<string, readonly string[]>>;
  /** Hostname → the generations of its volumes, by which a split brain is decided: that side's changes are given up. */
  readonly giveUp?: Readonly<Record<string, readonly string[]>>;
  /** Where a copy of each volume of that side goes first, in the order of their numbers; empty: no copy. */
  readonly keep?: readonly string[];
  /** Hostname → the token that stands for a person's word that this host is off, as long as the two are apart. */
  readonly peerIsOff?: Readonly<Record<string, string>>;
  readonly waitForSync: boolean;
  /** Longest wait for the initial sync, in seconds. */
  readonly waitForSyncSeconds: number;
  /** Other tools that manage it, as the user says, and are passed over. */
  readonly ignoreManagers?: readonly ManagerName[];
  /** Units of systemd on both hosts, which run where the resource is mounted, or Primary where it is not mounted. */
  readonly services: readonly string[];
  /** Of libvirt: each is one of the services, too, by its unit. Absent: none. */
  readonly virtualMachines?: readonly DesiredVirtualMachine[];
}

/** A resource, as DrbdResource wants it: hosts × volumes. */
export interface DesiredResource extends DesiredContext {
  /** In the order that the user gave; the rendered file keeps it. */
  readonly hosts: readonly [DesiredHost, DesiredHost];
  /** By number; at least one. */
  readonly volumes: readonly [DesiredVolume, ...DesiredVolume[]];
}

/** One volume with both its sides: what every decision about data is made of. */
export interface VolumePair extends DesiredContext {
  readonly volume: number;
  /** The resource has no other volume. */
  readonly isOnly: boolean;
  readonly sides: readonly [DesiredSide, DesiredSide];
  readonly disk?: OptionValues;
  readonly existingData?: "keep";
  readonly filesystem?: DesiredFilesystem;
}

/** The volumes of a resource, each with both its sides. */
export function volumePairs(desired: DesiredResource): readonly [VolumePair, ...VolumePair[]] {
  const { hosts, volumes, ...context } = desired;
  const pairOf = ({ number, places, ...own }: DesiredVolume): VolumePair => ({
    ...context,
    ...own,
    volume: number,
    isOnly: volumes.length === 1,
    sides: [
      { ...hosts[0], ...places[0] },
      { ...hosts[1], ...places[1] },
    ],
  });
  const [first, ...others] = volumes;
  return [pairOf(first), ...others.map(pairOf)];
}

/** A volume as drbdadm's commands take it: `r0/1`, or the resource where it is the only one. */
export function wordFor({ name, volume, isOnly }: VolumePair): string {
  return isOnly ? name : `${name}/${volume}`;
}

/** A volume's device on a host, by its resource's name, its number and its minor there. */
export interface VolumeDevice {
  readonly name: string;
  readonly volume: number;
  readonly minor: number;
}

export function deviceOn(pair: VolumePair, hostname: string): VolumeDevice {
  return { name: pair.name, volume: pair.volume, minor: sideOn(pair, hostname).minor };
}

/** The devices of a resource on a host. */
export function devicesOn(desired: DesiredResource, hostname: string): VolumeDevice[] {
  return volumePairs(desired).map((volume) => deviceOn(volume, hostname));
}

/** Where each of its volumes is on a host. */
export function placesOn({ hosts, volumes }: DesiredResource, hostname: string): DesiredPlace[] {
  const place = hosts[0].hostname === hostname ? 0 : 1;
  return volumes.map(({ places }) => places[place]);
}

/** A volume's side on a host. */
export function sideOn({ sides }: VolumePair, hostname: string): DesiredSide {
  const found = sides.find((side) => side.hostname === hostname);
  if (found === undefined) throw new Error(`no side on ${hostname}`);
  return found;
}
