/** clear_disk of host/writers: what a person let go by its identity, and nothing else. */
import { contentsIdentity } from "../../provider/core/seen/disk-identity";
import { done, failed, type Result } from "./commands";
import { unseenBlock } from "./disk";
import type { Machine } from "./machine";
import { readBlocks } from "./observe";
import { isAttached } from "./volume";
import type { World } from "./world";

export function clearDisk(world: World, machine: Machine, path: string): Result {
  const volume = machine.withDisk(path);
  const disk = volume?.diskAt(path);
  if (volume === undefined || disk === undefined) return failed(1, `open ${path}: No such file or directory`);
  if (isAttached(volume)) return failed(1, "open: Device or resource busy");
  const named = world.discards[machine.name] ?? [];
  const isNamed = named.includes(contentsIdentity(readBlocks(world, disk, path)) ?? "");
  // The pair's own data may go where the peer has it: never the only copy, whatever a person names, as long as it is known
  // whose it is. Of a resource that was destroyed nobody knows.
  // Wherever its metadata is, and whatever the file says of that by now.
  const isOwn = volume.disks.some(
    (holder) => holder.metadata?.isOwn === true && (holder === disk || holder.metadata.madeFor === disk.serial),
  );
  const isKnown = isOwn && (world.configured.has(volume) || world.isRemembered(volume.number));
  // Who names one copy, and takes the other out while we are at it, has let go of both.
  if (isNamed && (!isKnown || world.wasTakenAway(world.peerOf(volume)))) {
    world.ledger.giveUp(disk);
    // With its metadata goes what nothing else tells of.
    if (path === volume.metaDiskPath) world.ledger.forget(volume.disk.blocks[unseenBlock]!, unseenBlock);
  }
  world.beginLifeAnew();
  if (!isNamed) world.broken.push(`${machine.name}'s ${path} was cleared, and nobody had named what stands on it`);
  world.happened.add("a disk was cleared");
  disk.metadata = undefined;
  disk.blocks.forEach((_version, block) => {
    world.ledger.replace(disk, block, 0, "the disk was cleared");
  });
  return done;
}
