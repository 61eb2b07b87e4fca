/** What was ever written, where it must still be found, and what became of it. */
import type { Disk } from "./disk";

/** What stands in a block: 0 is zeros, any other number one thing that was written once, by somebody. */
export type Version = number;

export interface Content {
  /** What stood in that block, on the device it was written to, just before. */
  readonly replaces: Version;
  readonly type: "xfs" | "ext4" | "data";
  readonly uuid?: string;
  /** Bytes that a filesystem takes, by its superblock. */
  readonly taken?: number;
}

/**
 * The law that counts: what was acknowledged to a writer, or was there before, is on some disk of the pair, or something
 * is that a writer put in its place. What a person destroyed by name is not missed (`giveUp`).
 */
export class Ledger {
  private readonly contents: Content[] = [{ replaces: 0, type: "data" }];
  /** What must not be lost, by the block where it stands. */
  private readonly kept = new Map<Version, number>();
  readonly lost: string[] = [];
  readonly disks: Disk[] = [];

  write(content: Content): Version {
    this.contents.push(content);
    return this.contents.length - 1;
  }

  content(version: Version): Content {
    return this.contents[version]!;
  }

  /** From now on it must not be lost. */
  keep(version: Version, block: number): void {
    if (version !== 0) this.kept.set(version, block);
  }

  /** What a block holds becomes another thing, for a reason that tells whose doing it is. */
  replace(disk: Disk, block: number, version: Version, because: string): void {
    const old = disk.blocks[block]!;
    if (old === version) return;
    disk.blocks[block] = version;
    disk.givenUp[block] = false;
    for (const missing of this.missing(old, block)) {
      this.lost.push(`block ${block} of ${disk.name} (version ${missing}) was lost: ${because}`);
      this.kept.delete(missing);
    }
  }

  /** A person's word, or a person's own command: what is on this disk need not be kept for its sake. */
  giveUp(disk: Disk): void {
    disk.blocks.forEach((version, block) => {
      disk.givenUp[block] = true;
      for (const missing of this.missing(version, block)) this.kept.delete(missing);
    });
  }

  /** A block that is put in another's place on purpose, everywhere: a user's own write of zeros over it. */
  forget(version: Version, block: number): void {
    for (const missing of this.history(version)) if (this.kept.get(missing) === block) this.kept.delete(missing);
  }

  /** Whether what stands in a block is that version, or was put in its place. */
  follows(version: Version, old: Version): boolean {
    return this.history(version).includes(old);
  }

  isGivenUp(disks: readonly Disk[]): boolean {
    return disks.every((disk) => disk.givenUp.every((one, block) => one || disk.blocks[block] === 0));
  }

  private missing(version: Version, block: number): Version[] {
    return this.history(version).filter((one) => this.kept.get(one) === block && !this.isHeld(one, block));
  }

  private isHeld(version: Version, block: number): boolean {
    return this.disks.some((disk) => !disk.givenUp[block] && this.history(disk.blocks[block]!).includes(version));
  }

  private history(version: Version): Version[] {
    const found: Version[] = [];
    for (let one = version; one !== 0; one = this.content(one).replaces) found.push(one);
    return found;
  }
}
