/** drbdadm's verbs. Each is what the kernel or drbdmeta answers, with the exit codes that were measured. */
import { usableBytes } from "../../provider/core/steps/metadata-size";
import { beginSync, disconnect, isRunning, meet, noticeSyncEnd, shakeHands } from "./connection";
import { type Actor, done, failed, type Result, UnknownCommand } from "./commands";
import { adjustLines } from "./adjust";
import {
  anyMetadata,
  dataBlocks,
  justCreated,
  metadataAt,
  newMetadata,
  tailBlock,
  usualSize,
  visibleMetadata,
} from "./disk";
import { attach, atLeast, change, detach, fences, newKernel, nodeIdOf, promotesItself } from "./kernel";
import { diskPath, type Machine, resource, resourceFile, sizeFile } from "./machine";
import type { World } from "./world";

export function drbdadm(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const flags = words.filter((word) => word.startsWith("--") && word !== "--");
  const [verb = "", name] = words.filter((word) => !word.startsWith("--"));
  const configuration = machine.files.get(resourceFile);
  if (name !== resource) throw new UnknownCommand(`the simulation does not know: drbdadm ${words.join(" ")}`);
  if (machine.parseError !== undefined) return failed(10, machine.parseError);
  if (configuration === undefined) return failed(10, `'${resource}' not defined in your config (for this host).`);
  switch (verb) {
    case "create-md":
      return createMetadata(world, machine, flags.includes("--force"), actor);
    case "wipe-md":
      return wipeMetadata(world, machine, flags.includes("--force"), actor);
    case "apply-al":
    case "check-resize":
      if (isAttached(machine)) return failed(20, "Device is configured!");
      return verb === "apply-al" ? done : checkResize(machine);
    case "up":
      return up(world, machine, configuration, actor);
    case "adjust":
      return adjust(world, machine, configuration, actor);
  }
  if (!isRunning(machine)) return failed(10, `${resource}: No such resource`);
  const { kernel } = machine;
  switch (verb) {
    case "down":
      if (machine.mountedAt !== undefined || machine.heldOpen)
        return failed(11, "State change failed: (-12) Device is held open by someone");
      demote(world, machine);
      if (kernel.connection !== "StandAlone") disconnect(world, machine);
      remove(machine);
      return done;
    case "primary":
      return promote(world, machine, flags.includes("--force"), actor);
    case "secondary":
      if (machine.mountedAt !== undefined)
        return failed(11, "State change failed: (-12) Device is held open by someone");
      demote(world, machine);
      return done;
    case "disconnect":
      if (kernel.connection === "StandAlone") return machine.drbd === "9" ? done : failed(10, "unknown connection");
      disconnect(world, machine);
      return done;
    case "detach":
      detach(machine, world.generations);
      tellPeer(world, machine);
      return done;
    case "pause-sync":
      return done;
    case "resume-sync": {
      // It says its state again; its peer may have waited for that.
      const peer = world.peerOf(machine);
      const isOver = kernel.connection === "Connected" && kernel.replication === "Established";
      if (isOver && isRunning(peer) && peer.kernel.replication === "SyncSource") noticeSyncEnd(world, peer);
      return done;
    }
    case "invalidate":
      return invalidate(world, machine, !flags.includes("--reset-bitmap=no"));
    case "verify":
      return verify(world, machine);
    case "connect":
      if (kernel.connection !== "StandAlone") return failed(10, "(102) Local address(port) already in use.");
      if (flags.includes("--discard-my-data") && machine.isPrimary) return failed(10, "(123) Discarding is impossible");
      kernel.discardsOwn = flags.includes("--discard-my-data");
      change(machine, { connection: "Connecting", startedBy: actor }, world.generations);
      return done;
    default:
      throw new UnknownCommand(`the simulation does not know: drbdadm ${words.join(" ")}`);
  }
}

/** drbdadm create-md with no terminal: it is no guard. Only the head of the disk that it writes to is looked at. */
function createMetadata(world: World, machine: Machine, force: boolean, actor: Actor): Result {
  const { disk, holderByFile: holder } = machine;
  if (machine.kernel !== undefined && machine.kernel.disk !== "Diskless")
    return failed(20, "Device '1' is configured!");
  if (machine.mountsDisk && holder === disk) return failed(20, "open(/dev/vdb) failed: Device or resource busy");
  if (anyMetadata(holder) !== undefined && !force) return failed(1, "Operation cancelled.");
  const [head = 0] = holder.blocks;
  const hasTraces = head !== 0 && holder.metadata === undefined;
  const { taken = 0 } = world.ledger.content(head);
  if (holder === disk && hasTraces && taken > usableBytes(disk.size)) return failed(40, "Operation refused.");
  if (hasTraces && !force) return failed(1, "Operation cancelled.");
  if (actor === "hand") for (const one of machine.disks) world.ledger.giveUp(one);
  const old = holder.metadata;
  if (actor === "provider" && old !== undefined && (old.current !== justCreated || old.history[0] !== 0)) {
    world.broken.push(`create-md on ${machine.name} over the metadata of data that was in use`);
  }
  // Of a disk that grew, the end is not where it was: what stood there is in front of it now.
  const tail = disk.size > usualSize ? [] : [tailBlock];
  const written = holder === disk ? tail : holder.blocks.keys();
  for (const block of written) world.ledger.replace(holder, block, 0, "create-md wrote over it");
  holder.metadata = newMetadata(machine.drbd, { holder, madeFor: disk }, world.deviceUuid(), actor === "provider");
  if (holder === disk) noteSize(machine);
  return done;
}

const isAttached = ({ kernel }: Machine): boolean => kernel !== undefined && kernel.disk !== "Diskless";

function noteSize(machine: Machine): void {
  machine.files.set(sizeFile, `${machine.disk.size}\t${diskPath}\n`);
}

/** Metadata moves to the end of a disk that grew while it was down, where its old size is known. */
function checkResize(machine: Machine): Result {
  if (machine.keepsMetadataApart) return done;
  const known = Number((machine.files.get(sizeFile) ?? "").split("\t")[0]);
  const metadata = metadataAt(machine.disk, known);
  if (metadata === undefined || anyMetadata(machine.disk) !== undefined) return done;
  metadata.diskSize = machine.disk.size;
  noteSize(machine);
  return done;
}

/** move_metadata of host/writers */
export function moveMetadata(machine: Machine, bytes: number): Result {
  machine.files.set(sizeFile, `${bytes}\t${diskPath}\n`);
  if (isAttached(machine)) return failed(20, "Device is configured!");
  checkResize(machine);
  return visibleMetadata(machine.disk, machine.drbd) === undefined ? failed(1, "the metadata is not at the end") : done;
}

function wipeMetadata(world: World, machine: Machine, force: boolean, actor: Actor): Result {
  const { disk, holderByFile: holder } = machine;
  if (machine.kernel !== undefined && machine.kernel.disk !== "Diskless")
    return failed(20, "Device '1' is configured!");
  if (anyMetadata(holder) === undefined) return done;
  if (!force) return failed(1, "Operation cancelled.");
  if (actor !== "hand") world.broken.push(`wipe-md on ${machine.name}`);
  world.ledger.giveUp(disk);
  holder.metadata = undefined;
  return done;
}

/** Not atomic: what was configured before something failed stays. */
function up(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  if (!machine.moduleLoaded) return failed(20, "Could not connect to 'drbd' generic netlink family");
  if (machine.kernel !== undefined) return failed(1, "(158) Unknown resource or already there");
  machine.heldOpen = false;
  machine.kernel = newKernel(configuration, actor);
  return attachAndConnect(world, machine);
}

function attachAndConnect(world: World, machine: Machine): Result {
  if (!isRunning(machine)) throw new Error("nothing to attach to");
  const { kernel } = machine;
  if (kernel.disk === "Diskless") {
    if (machine.mountsDisk) {
      if (kernel.startedBy === "provider" && world.mountedAtBeginning.has(machine))
        world.broken.push(`${machine.name}'s disk was to be attached, and it is mounted by itself`);
      return failed(20, "(104) Can not open backing device.");
    }
    if (!attach(machine, world.generations)) return failed(1, "No valid meta data found");
    noteWhatIsAttached(world, machine);
    world.unfounded.delete(machine);
    // A disk that comes to a connection that is there already: the two negotiate anew.
    const peer = world.peerOf(machine);
    if (kernel.connection === "Connected" && isRunning(peer)) {
      if (world.negotiatesLong) kernel.isNegotiating = true;
      else shakeHands(world, machine, peer);
    }
  }
  if (kernel.connection === "StandAlone") change(machine, { connection: "Connecting" }, world.generations);
  return done;
}

/**
 * Metadata on a disk of its own goes with whatever disk is there. Who puts in another one and brings it up, or lets it
 * come up at a boot, means it; and before the first up has ended nobody knows which disk it was.
 */
function noteWhatIsAttached(world: World, machine: Machine): void {
  const isOther = machine.holder.metadata?.madeFor !== machine.disk.serial;
  if (!isOther || (machine.kernel?.startedBy === "provider" && world.isRemembered())) return;
  for (const { disk } of world.machines) world.ledger.giveUp(disk);
  world.beginLifeAnew();
}

function adjust(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  const lines = adjustLines(machine, configuration);
  if (lines.length === 0) return done;
  if (!machine.moduleLoaded) return failed(20, "Could not connect to 'drbd' generic netlink family");
  if (isRunning(machine)) {
    if (actor === "provider" && machine.kernel.connection === "StandAlone" && machine.kernel.disk !== "Diskless") {
      world.broken.push(`${machine.name} stood alone and was connected again`);
    }
    if (lines.some((line) => line.includes(" disconnect ")) && machine.kernel.connection !== "StandAlone") {
      disconnect(world, machine);
    }
    if (lines.some((line) => line.includes(" detach ")) && isAttached(machine)) {
      if (actor === "provider") world.broken.push(`${machine.name}'s disk was detached by an adjust`);
      detach(machine, world.generations);
      tellPeer(world, machine);
    }
    if (lines.some((line) => line.includes(" del-peer "))) return replacePeer(world, machine, configuration, actor);
    machine.kernel.configuration = configuration;
    machine.kernel.startedBy = actor;
  } else machine.kernel = newKernel(configuration, actor);
  return attachAndConnect(world, machine);
}

/** DRBD 9: the old peer goes. The new one is refused where the host itself has that id in the kernel, which does not change. */
function replacePeer(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  if (!isRunning(machine)) throw new Error("nothing whose peer is replaced");
  if (actor === "provider") world.broken.push(`${machine.name} was parted from its peer by an adjust`);
  if (machine.kernel.connection !== "StandAlone") disconnect(world, machine);
  const own = (text: string) => nodeIdOf(text, machine.name);
  if (own(machine.kernel.configuration) !== own(configuration))
    return failed(1, "r0: Failure: (162) Invalid configuration request\npeer node id cannot be my own node id");
  machine.kernel.configuration = configuration;
  return attachAndConnect(world, machine);
}

function remove(machine: Machine): void {
  machine.kernel = undefined;
}

function demote(world: World, machine: Machine): void {
  if (!isRunning(machine) || machine.kernel.role === "Secondary") return;
  machine.holder.metadata?.active.fill(false);
  change(machine, { role: "Secondary" }, world.generations);
  tellPeer(world, machine);
}

function tellPeer(world: World, machine: Machine): void {
  const peer = world.peerOf(machine);
  if (machine.kernel?.connection !== "Connected" || !isRunning(peer)) return;
  const { role, disk } = machine.kernel;
  change(peer, { peerRole: role, peerDisk: disk }, world.generations);
}

/** drbd_set_role */
function promote(world: World, machine: Machine, force: boolean, actor: Actor): Result {
  if (!isRunning(machine)) throw new Error("nothing to promote");
  const { kernel, holder } = machine;
  if (kernel.role === "Primary") {
    kernel.autoPromoted = false;
    return done;
  }
  const connected = kernel.connection === "Connected";
  if (connected && kernel.peerRole === "Primary") {
    return failed(11, "State change failed: (-1) Multiple primaries not allowed by config");
  }
  if (machine.drbd === "9" && connected && world.peerOf(machine).heldOpen) {
    return failed(11, `State change failed: (-10) State change was refused by peer node\nDeclined by peer`);
  }
  const stale = connected
    ? !atLeast(kernel.disk, "Outdated") && !atLeast(kernel.peerDisk, "Outdated")
    : kernel.disk !== "UpToDate";
  const forced = stale && force && atLeast(kernel.disk, "Inconsistent");
  if (stale && !forced) return failed(17, "State change failed: (-2) Need access to UpToDate data");
  const unsure = !connected && fences(kernel.configuration) && atLeast(kernel.peerDisk, "DUnknown");
  if (unsure && !force) {
    return failed(11, "State change failed: (-7) Refusing to be Primary while peer is not outdated");
  }
  if (actor === "provider" && !forced && kernel.disk !== "UpToDate") {
    world.broken.push(`${machine.name} was made Primary with a disk that is ${kernel.disk}`);
  }
  if (forced || unsure) countForce(world, machine, actor);
  if (unsure) change(machine, { peerDisk: "Outdated" }, world.generations);
  change(machine, { role: "Primary", ...(forced ? { disk: "UpToDate" as const } : {}) }, world.generations);
  const peerIsGone = !connected || !atLeast(kernel.peerDisk, "Negotiating");
  const { metadata } = holder;
  if (machine.drbd === "9" && !forced) kernel.owesGeneration = peerIsGone;
  else if (metadata !== undefined && ((peerIsGone && metadata.bitmap === 0) || forced))
    world.generations.begin(metadata);
  // Nobody has what went before: without a peer that could be behind, DRBD 9 keeps no note of it.
  if (machine.drbd === "9" && metadata?.bitmap === justCreated) metadata.bitmap = 0;
  const peer = world.peerOf(machine);
  tellPeer(world, machine);
  if (forced && connected && isRunning(peer)) shakeHands(world, machine, peer);
  meet(world);
  return done;
}

/** DRBD 9: a Secondary's device is opened to write. */
export function promoteToWrite(world: World, machine: Machine, actor: Actor): void {
  const { kernel } = machine;
  if (kernel === undefined || machine.isPrimary || machine.drbd !== "9" || !promotesItself(kernel.configuration))
    return;
  if (promote(world, machine, false, actor).exit === 0) kernel.autoPromoted = true;
}

/** The last one who wrote to it closes the device. */
export function demoteAfterWriting(world: World, machine: Machine): void {
  if (machine.kernel?.autoPromoted !== true) return;
  machine.kernel.autoPromoted = false;
  demote(world, machine);
}

/** Both disks are read, and what differs is noted as out of sync. */
function verify(world: World, machine: Machine): Result {
  const peer = world.peerOf(machine);
  if (!isRunning(machine) || machine.kernel.replication !== "Established") return failed(11, "(-14) Need a connection");
  for (let block = 0; block < dataBlocks; block++) {
    const differs = machine.disk.blocks[block] !== peer.disk.blocks[block];
    if (differs) for (const { holder } of [machine, peer]) holder.metadata!.outOfSync[block] = true;
  }
  return done;
}

/** What is on this side is copied from the peer anew: whole, or what is noted as out of sync. */
function invalidate(world: World, machine: Machine, isFull: boolean): Result {
  const peer = world.peerOf(machine);
  if (!isRunning(machine) || !isRunning(peer) || machine.kernel.connection !== "Connected") {
    throw new UnknownCommand("the simulation knows invalidate of a connected pair only");
  }
  world.ledger.giveUp(machine.disk);
  beginSync(world, peer, machine, isFull);
  return done;
}

function countForce(world: World, machine: Machine, actor: Actor): void {
  if (actor === "provider") world.made.forced += 1;
  // By hand: whoever types it gives up what stands on a peer that was never used.
  const { disk, holder } = world.peerOf(machine);
  // In the middle of a sync DRBD 9's target has its source's identifier already: forced, it passes for the newer one.
  const isHalfFilled = machine.drbd === "9" && machine.kernel?.disk === "Inconsistent";
  if (actor === "hand" && (isHalfFilled || holder.metadata?.current === justCreated)) world.ledger.giveUp(disk);
}
