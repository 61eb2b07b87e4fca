/** A first sync that is skipped: `new-current-uuid --clear-bitmap`, and the read of both disks before it. */
import { type Actor, done, failed, type Result, UnknownCommand } from "./commands";
import { dataBlocks, justCreated, type Metadata } from "./disk";
import { attachedMetadata, change } from "./kernel";
import { isMet, isRunning, type RunningVolume, type Volume } from "./volume";
import type { World } from "./world";

/** reads_as_zeros of host/guards: every block, also the one that no sample meets. */
export function readsAsZeros(world: World, volume: Volume, path: string): Result {
  const { disk, kernel } = volume;
  volume.read = undefined;
  if (kernel === undefined) return failed(1, "cat: /sys/block/drbd1/size: No such file or directory");
  const at = disk.blocks.slice(0, dataBlocks).findIndex((version) => version !== 0);
  if (at < 0) {
    volume.read = { disk, kernel };
    return done;
  }
  world.happened.add("a disk did not read as zeros");
  return failed(1, `${path} is not zero at byte ${at}`);
}

/** still_as_read of host/guards. */
export function stillAsRead({ disk, kernel, read }: Volume, path: string): Result {
  return read !== undefined && read.disk === disk && read.kernel === kernel
    ? done
    : failed(1, `${path} is not what was read there`);
}

/** drbd_adm_new_c_uuid, and what the peer does where it hears of it: both begin the same generation, and nothing is sent. */
export function skipSync(world: World, volume: RunningVolume, actor: Actor): Result {
  const peer = world.peerOf(volume);
  const [own, other] = [attachedMetadata(volume), isRunning(peer) ? attachedMetadata(peer) : undefined];
  if (own === undefined) return failed(10, "(118) Device does not have a disk");
  if (volume.kernel.connection === "StandAlone") throw new UnknownCommand("clear-bitmap of a side that stands alone");
  if (!isMet(volume) || own.current !== justCreated) return failed(10, "(151) Already connected");
  if (actor === "provider") judge(world, volume, peer, other);
  world.happened.add("a first sync was skipped");
  begin(own, world.generations.fresh());
  change(volume, { disk: "UpToDate", peerDisk: "UpToDate" }, world.generations);
  if (other?.current !== justCreated || !isRunning(peer)) return done;
  begin(other, own.current);
  change(peer, { disk: "UpToDate", peerDisk: "UpToDate" }, world.generations);
  return done;
}

function begin(metadata: Metadata, generation: number): void {
  metadata.current = generation;
  metadata.bitmap = 0;
  metadata.outOfSync.fill(false);
}

/** The law: only of two that nobody ever used, and that hold nothing at all, be it given up or not. */
function judge(world: World, volume: Volume, peer: Volume, other: Metadata | undefined): void {
  // It is the beginning of the volume's life, as a `primary --force` is.
  world.made[volume.number]!.forced += 1;
  if (other?.current !== justCreated) world.broken.push(`the bitmap was cleared, and ${peer.name} was in use`);
  for (const { disk, name } of [volume, peer]) {
    if (disk.blocks.slice(0, dataBlocks).some((version) => version !== 0))
      world.broken.push(`the bitmap was cleared, and the disk of ${name} holds something`);
  }
}
