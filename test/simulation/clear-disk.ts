/** clear_disk of remote-functions.ts: what a person let go by its identity, and nothing else. */
import { contentsIdentity } from "../../provider/core/disk-identity";
import { done, failed, type Result } from "./commands";
import { isRunning } from "./connection";
import type { Machine } from "./machine";
import { readBlocks } from "./observe";
import type { World } from "./world";

export function clearDisk(world: World, machine: Machine): Result {
  const { disk } = machine;
  if (isRunning(machine) && machine.kernel.disk !== "Diskless") return failed(1, "open: Device or resource busy");
  const named = world.discards[machine.name] ?? [];
  const isNamed = named.includes(contentsIdentity(readBlocks(world, disk, "disk")) ?? "");
  // The pair's own data may go where the peer has it: never the only copy, whatever a person names, as long as it is known
  // whose it is. Of a resource that was destroyed nobody knows.
  const isKnown = disk.metadata?.isOwn === true && (world.configured.has(machine) || world.isRemembered());
  // Who names one copy, and takes the other out while we are at it, has let go of both.
  if (isNamed && (!isKnown || world.wasTakenAway(world.peerOf(machine)))) world.ledger.giveUp(disk);
  world.beginLifeAnew();
  if (!isNamed) world.broken.push(`${machine.name}'s disk was cleared, and nobody had named what stands on it`);
  world.happened.add("a disk was cleared");
  disk.metadata = undefined;
  disk.blocks.forEach((_version, block) => {
    world.ledger.replace(disk, block, 0, "the disk was cleared");
  });
  return done;
}
