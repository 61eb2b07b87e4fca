/** One volume on one host: its disks, and its device as the kernel runs it. */
import type { Drbd } from "./drbd";
import { generationOf } from "../../provider/core/seen/generation-identifiers";
import { type Disk, giText, newDisk, smallSize, usualSize } from "./disk";
import { attachedMetadata, type Kernel } from "./kernel";
import { type Machine, resource, resourceFile } from "./machine";

/** Such as the simulation knows; the hosts call their devices by different minors from the second on. */
export const mostVolumes = 3;
const letters = ["b", "c", "d", "e", "f", "g"];
const mountPoints = ["/srv/data", "/srv/logs", "/srv/more"];

/** Where a volume is on a host, in a program and on the simulated machine. */
export interface VolumePlace {
  readonly minor: number;
  readonly diskPath: string;
  readonly metaDiskPath: string;
  readonly mountPoint: string;
}

export function placeOf(host: string, number: number): VolumePlace {
  return {
    minor: host === "alpha" ? 1 + number : 1 + 4 * number,
    diskPath: `/dev/vd${letters[2 * number]!}`,
    metaDiskPath: `/dev/vd${letters[2 * number + 1]!}`,
    mountPoint: mountPoints[number]!,
  };
}

/** The numbers of the volumes that a resource's file has. */
export function volumesIn(text: string): number[] {
  const numbers = [...text.matchAll(/^ *volume (\d+) \{/gm)].map(([, number]) => Number(number));
  return numbers.length > 0 ? [...new Set(numbers)] : text === "" ? [] : [0];
}

export class Volume implements VolumePlace {
  kernel: Kernel | undefined;
  /** Somebody reads the DRBD device, which DRBD 9 takes for a reason not to let its peer become Primary. */
  heldOpen = false;
  disk: Disk;
  /** For DRBD's metadata, where the program keeps it apart from the data. */
  metaDisk: Disk;
  /** Where the DRBD device is mounted. */
  mountedAt: string | undefined;
  /** What was read from end to end, and was zero. */
  read: { readonly disk: Disk; readonly kernel: Kernel } | undefined;
  /** The disk for the data is mounted by itself, beside DRBD. */
  mountsDisk = false;
  readonly minor: number;
  readonly diskPath: string;
  readonly metaDiskPath: string;
  readonly mountPoint: string;

  constructor(
    readonly machine: Machine,
    readonly number: number,
  ) {
    const { name } = machine;
    const { minor, diskPath, metaDiskPath, mountPoint } = placeOf(name, number);
    this.minor = minor;
    this.diskPath = diskPath;
    this.metaDiskPath = metaDiskPath;
    this.mountPoint = mountPoint;
    const of = number === 0 ? name : `${name}-${number}`;
    this.disk = newDisk(`${name}:${diskPath}`, `${of}-1`, usualSize);
    this.metaDisk = newDisk(`${name}:${metaDiskPath}`, `${of}-meta-1`, smallSize);
  }

  get name(): string {
    return this.machine.name;
  }

  get drbd(): Drbd {
    return this.machine.drbd;
  }

  get device(): string {
    return `/dev/drbd${this.minor}`;
  }

  /** Where drbdmeta keeps the size that it last knew of the disk. */
  get sizeFile(): string {
    return `/var/lib/drbd/drbd-minor-${this.minor}.lkbd`;
  }

  get word(): string {
    return `${resource}/${this.number}`;
  }

  /** The disk that DRBD's metadata is on: as the kernel runs it, and else as its file says. */
  get holder(): Disk {
    return this.keepsMetadataApart ? this.metaDisk : this.disk;
  }

  get keepsMetadataApart(): boolean {
    return this.isApart(this.kernel?.configuration ?? this.machine.files.get(resourceFile));
  }

  /** What drbdadm reads, whatever runs. */
  get holderByFile(): Disk {
    return this.isApart(this.machine.files.get(resourceFile)) ? this.metaDisk : this.disk;
  }

  private isApart(configuration: string | undefined): boolean {
    return configuration?.includes(`meta-disk ${this.metaDiskPath};`) ?? this.machine.beginsApart;
  }

  get disks(): readonly Disk[] {
    return [this.disk, this.metaDisk];
  }

  diskAt(path: string): Disk | undefined {
    return { [this.diskPath]: this.disk, [this.metaDiskPath]: this.metaDisk }[path];
  }

  get isPrimary(): boolean {
    return this.kernel?.role === "Primary";
  }

  /** Mount point and options of the DRBD device's line in fstab. */
  get fstabLine(): { readonly target: string; readonly options: readonly string[] } | undefined {
    const lines = (this.machine.files.get("/etc/fstab") ?? "").split("\n").map((line) => line.split(/\s+/));
    const line = lines.find(([source]) => source === this.device);
    return line?.[1] === undefined ? undefined : { target: line[1], options: (line[3] ?? "").split(",") };
  }
}

export type RunningVolume = Volume & { kernel: Kernel };

export const isRunning = (volume: Volume): volume is RunningVolume => volume.kernel !== undefined;

/** Its peer has the volume, too, and the two are connected. */
export const isMet = ({ kernel }: RunningVolume): boolean => kernel.replication !== "Off";

export const isAttached = ({ kernel }: Volume): boolean => kernel !== undefined && kernel.disk !== "Diskless";

/** The generation that an attached disk is in, as the provider names it. */
export function generationHeld(volume: Volume): string | undefined {
  const metadata = isRunning(volume) ? attachedMetadata(volume) : undefined;
  return metadata === undefined ? undefined : generationOf(giText(metadata, volume.isPrimary));
}
