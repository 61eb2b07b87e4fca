/** drbdadm's verbs. Each is what the kernel or drbdmeta answers, with the exit codes that were measured. */
import { usableBytes } from "../../provider/core/steps/metadata-size";
import { beginSync, connectionOf, disconnect, meet, noticeSyncEnd, shakeHands } from "./connection";
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
import { type Machine, resource, resourceFile } from "./machine";
import { skipSync } from "./skipped-sync";
import { isAttached, isMet, isRunning, type RunningVolume, type Volume } from "./volume";
import type { World } from "./world";

export function drbdadm(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const flags = words.filter((word) => word.startsWith("--") && word !== "--");
  const [verb = "", name = ""] = words.filter((word) => !word.startsWith("--"));
  const configuration = machine.files.get(resourceFile);
  if (name !== resource && !name.startsWith(`${resource}/`))
    throw new UnknownCommand(`the simulation does not know: drbdadm ${words.join(" ")}`);
  if (machine.parseError !== undefined) return failed(10, machine.parseError);
  const volumes = machine.named(name);
  const isDefined = volumes.every((one) => machine.defined().includes(one)) && volumes.length > 0;
  if (configuration === undefined || !isDefined)
    return failed(10, `'${name}' not defined in your config (for this host).`);
  const isForced = flags.includes("--force");
  switch (verb) {
    case "create-md":
      return each(volumes, (volume) => createMetadata(world, volume, isForced, actor));
    case "wipe-md":
      return each(volumes, (volume) => wipeMetadata(world, volume, isForced, actor));
    case "apply-al":
    case "check-resize":
      return each(volumes, (volume) => {
        if (isAttached(volume)) return failed(20, "Device is configured!");
        return verb === "apply-al" ? done : checkResize(volume);
      });
    case "up":
      return up(world, machine, configuration, actor);
    case "adjust":
      return adjust(world, machine, configuration, actor);
  }
  if (!machine.isConfigured) return failed(10, `${resource}: No such resource`);
  const running = volumes.filter(isRunning);
  switch (verb) {
    case "down":
      if (machine.running.some(isHeld)) return failed(11, "State change failed: (-12) Device is held open by someone");
      demote(world, machine.running);
      if (connectionOf(machine) !== "StandAlone") disconnect(world, machine);
      machine.volumes.forEach(forgetKernel);
      return done;
    case "primary":
      return promote(world, machine, running, isForced, actor);
    case "secondary": {
      const demoted = machine.drbd === "9" ? machine.running : running;
      if (demoted.some(({ mountedAt }) => mountedAt !== undefined))
        return failed(11, "State change failed: (-12) Device is held open by someone");
      demote(world, demoted);
      return done;
    }
    case "disconnect":
      if (connectionOf(machine) === "StandAlone") return machine.drbd === "9" ? done : failed(10, "unknown connection");
      disconnect(world, machine);
      return done;
    case "detach":
      for (const volume of running) letGo(world, volume);
      return done;
    case "pause-sync":
      return done;
    case "resume-sync":
      // It says its state again; its peer may have waited for that.
      for (const volume of running) {
        const peer = world.peerOf(volume);
        const isOver = volume.kernel.connection === "Connected" && volume.kernel.replication === "Established";
        if (isOver && isRunning(peer) && peer.kernel.replication === "SyncSource") noticeSyncEnd(world, peer);
      }
      return done;
    case "new-current-uuid":
      if (!flags.includes("--clear-bitmap")) throw new UnknownCommand("new-current-uuid without --clear-bitmap");
      return each(running, (volume) => skipSync(world, volume, actor));
    case "invalidate":
      return each(running, (volume) => invalidate(world, volume, !flags.includes("--reset-bitmap=no")));
    case "verify":
      return each(running, (volume) => verify(world, volume));
    case "connect": {
      if (connectionOf(machine) !== "StandAlone") return failed(10, "(102) Local address(port) already in use.");
      const discardsOwn = flags.includes("--discard-my-data");
      if (discardsOwn && machine.isPrimary) return failed(10, "(123) Discarding is impossible");
      for (const volume of machine.running)
        change(volume, { connection: "Connecting", startedBy: actor, discardsOwn }, world.generations);
      return done;
    }
    default:
      throw new UnknownCommand(`the simulation does not know: drbdadm ${words.join(" ")}`);
  }
}

/** One after the other, until one fails. */
function each<V extends Volume>(volumes: readonly V[], work: (volume: V) => Result): Result {
  for (const volume of volumes) {
    const result = work(volume);
    if (result.exit !== 0) return result;
  }
  return done;
}

function forgetKernel(volume: Volume): void {
  volume.kernel = undefined;
}

const isHeld = ({ mountedAt, heldOpen }: Volume): boolean => mountedAt !== undefined || heldOpen;

function letGo(world: World, volume: RunningVolume): void {
  detach(volume, world.generations);
  tellPeer(world, volume);
}

/** drbdsetup's verbs for one minor. */
export function drbdsetup(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const [verb, minor] = words;
  const volume = machine.withMinor(Number(minor));
  if (words.length !== 2 || (verb !== "detach" && verb !== "del-minor"))
    throw new UnknownCommand(`the simulation does not know: drbdsetup ${words.join(" ")}`);
  if (volume === undefined || !isRunning(volume))
    return failed(10, `${minor}: Failure: (127) Device minor not allocated`);
  if (verb === "detach") {
    // DRBD 9's __is_valid_soft_transition: a Primary keeps access to data of each of its volumes, mounted or not.
    if (volume.drbd === "9" && machine.isPrimary && volume.kernel.peerDisk !== "UpToDate")
      return failed(17, `${minor}: State change failed: (-2) Need access to UpToDate data`);
    if (actor === "provider" && isHeld(volume)) world.broken.push(`${machine.name}'s disk was detached while in use`);
    letGo(world, volume);
    return done;
  }
  return deleteMinor(world, volume);
}

/** adm_del_minor: DRBD 8.4 wants the volume Secondary; the role of DRBD 9 is the resource's. */
function deleteMinor(world: World, volume: RunningVolume): Result {
  const isUsed = volume.drbd === "8.4" ? volume.isPrimary : isHeld(volume);
  if (isAttached(volume) || isUsed)
    return failed(10, `${volume.minor}: Failure: (160) Minor still configured (down it first)`);
  const peer = world.peerOf(volume);
  if (isMet(volume) && isRunning(peer))
    change(peer, { replication: "Off", peerRole: "Unknown", peerDisk: "DUnknown" }, world.generations);
  forgetKernel(volume);
  return done;
}

/** drbdadm create-md with no terminal: it is no guard. Only the head of the disk that it writes to is looked at. */
function createMetadata(world: World, volume: Volume, force: boolean, actor: Actor): Result {
  const { disk, holderByFile: holder, machine } = volume;
  if (isAttached(volume)) return failed(20, `Device '${volume.minor}' is configured!`);
  if (volume.mountsDisk && holder === disk)
    return failed(20, `open(${volume.diskPath}) failed: Device or resource busy`);
  if (anyMetadata(holder) !== undefined && !force) return failed(1, "Operation cancelled.");
  const [head = 0] = holder.blocks;
  const hasTraces = head !== 0 && holder.metadata === undefined;
  const { taken = 0 } = world.ledger.content(head);
  if (holder === disk && hasTraces && taken > usableBytes(disk.size)) return failed(40, "Operation refused.");
  if (hasTraces && !force) return failed(1, "Operation cancelled.");
  if (actor === "hand") for (const one of volume.disks) world.ledger.giveUp(one);
  const old = holder.metadata;
  if (actor === "provider" && old !== undefined && (old.current !== justCreated || old.history[0] !== 0)) {
    world.broken.push(`create-md on ${machine.name} over the metadata of data that was in use`);
  }
  // Of a disk that grew, the end is not where it was: what stood there is in front of it now.
  const tail = disk.size > usualSize ? [] : [tailBlock];
  const written = holder === disk ? tail : holder.blocks.keys();
  for (const block of written) world.ledger.replace(holder, block, 0, "create-md wrote over it");
  holder.metadata = newMetadata(machine.drbd, { holder, madeFor: disk }, world.deviceUuid(), actor === "provider");
  if (holder === disk) noteSize(volume);
  return done;
}

function noteSize({ machine, sizeFile, disk, diskPath }: Volume): void {
  machine.files.set(sizeFile, `${disk.size}\t${diskPath}\n`);
}

/** Metadata moves to the end of a disk that grew while it was down, where its old size is known. */
function checkResize(volume: Volume): Result {
  if (volume.keepsMetadataApart) return done;
  const known = Number((volume.machine.files.get(volume.sizeFile) ?? "").split("\t")[0]);
  const metadata = metadataAt(volume.disk, known);
  if (metadata === undefined || anyMetadata(volume.disk) !== undefined) return done;
  metadata.diskSize = volume.disk.size;
  noteSize(volume);
  return done;
}

/** move_metadata of host/writers */
export function moveMetadata(volume: Volume, bytes: number): Result {
  volume.machine.files.set(volume.sizeFile, `${bytes}\t${volume.diskPath}\n`);
  if (isAttached(volume)) return failed(20, "Device is configured!");
  checkResize(volume);
  return visibleMetadata(volume.disk, volume.drbd) === undefined ? failed(1, "the metadata is not at the end") : done;
}

function wipeMetadata(world: World, volume: Volume, force: boolean, actor: Actor): Result {
  const { disk, holderByFile: holder } = volume;
  if (isAttached(volume)) return failed(20, `Device '${volume.minor}' is configured!`);
  if (anyMetadata(holder) === undefined) return done;
  if (!force) return failed(1, "Operation cancelled.");
  if (actor !== "hand") world.broken.push(`wipe-md on ${volume.name}`);
  world.ledger.giveUp(disk);
  holder.metadata = undefined;
  return done;
}

/** Not atomic: what was configured before something failed stays. */
function up(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  if (!machine.moduleLoaded) return failed(20, "Could not connect to 'drbd' generic netlink family");
  if (machine.isConfigured) return failed(1, "(158) Unknown resource or already there");
  return configure(world, machine, configuration, actor);
}

/** Every volume of the file that is not there yet begins, with the connection that the others have. */
function configure(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  const connection = connectionOf(machine) ?? "StandAlone";
  for (const volume of machine.defined(configuration).filter(({ kernel }) => kernel === undefined)) {
    volume.heldOpen = false;
    // DRBD 9 has one role for all volumes.
    const role = machine.drbd === "9" && machine.isPrimary ? "Primary" : "Secondary";
    volume.kernel = { ...newKernel(configuration, actor), connection, role };
    const peer = world.peerOf(volume);
    if (connection === "Connected" && isRunning(volume) && isRunning(peer)) seeEachOther(world, volume, peer);
  }
  return attachAndConnect(world, machine);
}

/** A volume that both sides have by now, of two that are connected. */
function seeEachOther(world: World, volume: RunningVolume, peer: RunningVolume): void {
  const met = (one: RunningVolume) => ({
    replication: "Established" as const,
    peerRole: one.kernel.role,
    peerDisk: one.kernel.disk,
  });
  change(volume, met(peer), world.generations);
  change(peer, met(volume), world.generations);
}

function attachAndConnect(world: World, machine: Machine): Result {
  for (const volume of machine.running) {
    if (volume.kernel.disk !== "Diskless") continue;
    const result = attachDisk(world, volume);
    if (result.exit !== 0) return result;
  }
  if (connectionOf(machine) === "StandAlone")
    for (const volume of machine.running) change(volume, { connection: "Connecting" }, world.generations);
  return done;
}

function attachDisk(world: World, volume: RunningVolume): Result {
  const { kernel, machine } = volume;
  if (volume.mountsDisk) {
    if (kernel.startedBy === "provider" && world.mountedAtBeginning.has(volume))
      world.broken.push(`${machine.name}'s disk was to be attached, and it is mounted by itself`);
    return failed(20, "(104) Can not open backing device.");
  }
  if (!attach(volume, world.generations)) return failed(1, "No valid meta data found");
  noteWhatIsAttached(world, volume);
  world.unfounded.delete(volume);
  // A disk that comes to a connection that is there already: the two negotiate anew.
  const peer = world.peerOf(volume);
  if (kernel.connection === "Connected" && isRunning(peer)) {
    if (world.negotiatesLong) kernel.isNegotiating = true;
    else shakeHands(world, [inOrder(world, volume, peer)]);
  }
  return done;
}

/** As everywhere: the first machine's first. */
const inOrder = ({ machines: [first] }: World, one: RunningVolume, other: RunningVolume) =>
  one.machine === first ? ([one, other] as const) : ([other, one] as const);

/**
 * Metadata on a disk of its own goes with whatever disk is there. Who puts in another one and brings it up, or lets it
 * come up at a boot, means it; and before the first up has ended nobody knows which disk it was.
 */
function noteWhatIsAttached(world: World, volume: Volume): void {
  const isOther = volume.holder.metadata?.madeFor !== volume.disk.serial;
  if (!isOther || (volume.kernel?.startedBy === "provider" && world.isRemembered(volume.number))) return;
  for (const { disk } of world.sidesOf(volume)) world.ledger.giveUp(disk);
  world.beginLifeAnew();
}

function adjust(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  const lines = adjustLines(machine, configuration);
  if (lines.length === 0) return done;
  if (!machine.moduleLoaded) return failed(20, "Could not connect to 'drbd' generic netlink family");
  if (machine.isConfigured) {
    const isAlone = connectionOf(machine) === "StandAlone" && machine.running.some(isAttached);
    if (actor === "provider" && isAlone) world.broken.push(`${machine.name} stood alone and was connected again`);
    if (lines.some((line) => line.includes(" disconnect ")) && connectionOf(machine) !== "StandAlone") {
      disconnect(world, machine);
    }
    const left = each(machine.running, (volume) => leave(world, volume, lines, actor));
    if (left.exit !== 0) return left;
    if (lines.some((line) => line.includes(" del-peer "))) return replacePeer(world, machine, configuration, actor);
    for (const { kernel } of machine.running) {
      kernel.configuration = configuration;
      kernel.startedBy = actor;
    }
  }
  return configure(world, machine, configuration, actor);
}

/** What the lines take from a volume. */
function leave(world: World, volume: RunningVolume, lines: readonly string[], actor: Actor): Result {
  const isTold = (verb: string) => lines.some((line) => line.endsWith(` ${verb} ${volume.minor}`));
  if (isTold("detach") && isAttached(volume)) {
    if (actor === "provider") world.broken.push(`${volume.name}'s disk was detached by an adjust`);
    letGo(world, volume);
  }
  return isTold("del-minor") ? deleteMinor(world, volume) : done;
}

/** DRBD 9: the old peer goes. The new one is refused where the host itself has that id in the kernel, which does not change. */
function replacePeer(world: World, machine: Machine, configuration: string, actor: Actor): Result {
  const running = machine.running[0]?.kernel.configuration;
  if (running === undefined) throw new Error("nothing whose peer is replaced");
  if (actor === "provider") world.broken.push(`${machine.name} was parted from its peer by an adjust`);
  if (connectionOf(machine) !== "StandAlone") disconnect(world, machine);
  const own = (text: string) => nodeIdOf(text, machine.name);
  if (own(running) !== own(configuration))
    return failed(1, "r0: Failure: (162) Invalid configuration request\npeer node id cannot be my own node id");
  for (const { kernel } of machine.running) kernel.configuration = configuration;
  return configure(world, machine, configuration, actor);
}

function demote(world: World, volumes: readonly RunningVolume[]): void {
  for (const volume of volumes) {
    if (volume.kernel.role === "Secondary") continue;
    volume.holder.metadata?.active.fill(false);
    change(volume, { role: "Secondary" }, world.generations);
    tellPeer(world, volume);
  }
}

function tellPeer(world: World, volume: RunningVolume): void {
  const peer = world.peerOf(volume);
  if (!isMet(volume) || !isRunning(peer)) return;
  const { role, disk } = volume.kernel;
  change(peer, { peerRole: role, peerDisk: disk }, world.generations);
}

/** drbd_set_role: of the volumes that are named, or, of DRBD 9, of all. It is done where it fails for none. */
function promote(
  world: World,
  machine: Machine,
  named: readonly RunningVolume[],
  force: boolean,
  actor: Actor,
): Result {
  const volumes = machine.drbd === "9" ? machine.running : named;
  const isBegun = (volume: RunningVolume): boolean => volume.isPrimary && !(force && isStale(volume));
  for (const { kernel } of volumes) if (kernel.role === "Primary") kernel.autoPromoted = false;
  // DRBD 8.4 is asked for one volume after the other.
  const together = machine.drbd === "9" ? [volumes] : volumes.map((one) => [one]);
  for (const asked of together) {
    const promoted = asked.filter((one) => !isBegun(one));
    const refused = promoted.map((one) => refusedRole(world, one, force)).find(({ exit }) => exit !== 0);
    if (refused !== undefined) return refused;
    for (const one of promoted) makePrimary(world, one, force, actor);
    if (promoted.length > 0) meet(world);
  }
  return done;
}

function isStale({ kernel }: RunningVolume): boolean {
  return kernel.replication === "Off"
    ? kernel.disk !== "UpToDate"
    : !atLeast(kernel.disk, "Outdated") && !atLeast(kernel.peerDisk, "Outdated");
}

/** Its peer may be Primary, too, as far as it knows. */
const isUnsure = ({ kernel }: RunningVolume): boolean =>
  kernel.replication === "Off" && fences(kernel.configuration) && atLeast(kernel.peerDisk, "DUnknown");

function refusedRole(world: World, volume: RunningVolume, force: boolean): Result {
  const { kernel, drbd, machine } = volume;
  const connected = isMet(volume);
  if (connected && kernel.peerRole === "Primary") {
    return failed(11, "State change failed: (-1) Multiple primaries not allowed by config");
  }
  if (machine.running.some((one) => one.kernel.peerRole === "Primary")) {
    return failed(11, "State change failed: (-20) Other vol primary on peer not allowed by config");
  }
  if (drbd === "9" && connected && world.peerOf(volume).heldOpen) {
    return failed(11, `State change failed: (-10) State change was refused by peer node\nDeclined by peer`);
  }
  const stale = isStale(volume);
  if (stale && !(force && atLeast(kernel.disk, "Inconsistent")))
    return failed(17, "State change failed: (-2) Need access to UpToDate data");
  if (isUnsure(volume) && !force) {
    return failed(11, "State change failed: (-7) Refusing to be Primary while peer is not outdated");
  }
  return done;
}

function makePrimary(world: World, volume: RunningVolume, force: boolean, actor: Actor): void {
  const { kernel, holder, drbd } = volume;
  const connected = isMet(volume);
  const forced = force && isStale(volume);
  const unsure = isUnsure(volume);
  if (actor === "provider" && !forced && kernel.disk !== "UpToDate") {
    world.broken.push(`${volume.name} was made Primary with a disk that is ${kernel.disk}`);
  }
  if (forced || unsure) countForce(world, volume, actor);
  if (unsure) change(volume, { peerDisk: "Outdated" }, world.generations);
  change(volume, { role: "Primary", ...(forced ? { disk: "UpToDate" as const } : {}) }, world.generations);
  const peerIsGone = !connected || !atLeast(kernel.peerDisk, "Negotiating");
  const { metadata } = holder;
  if (drbd === "9" && !forced) kernel.owesGeneration = peerIsGone;
  else if (metadata !== undefined && ((peerIsGone && metadata.bitmap === 0) || forced))
    world.generations.begin(metadata);
  // Nobody has what went before: without a peer that could be behind, DRBD 9 keeps no note of it.
  if (drbd === "9" && metadata?.bitmap === justCreated) metadata.bitmap = 0;
  const peer = world.peerOf(volume);
  tellPeer(world, volume);
  if (forced && connected && isRunning(peer)) shakeHands(world, [inOrder(world, volume, peer)]);
}

/** DRBD 9: a Secondary's device is opened to write. */
export function promoteToWrite(world: World, volume: Volume, actor: Actor): void {
  const { kernel, machine } = volume;
  if (kernel === undefined || volume.isPrimary || machine.drbd !== "9" || !promotesItself(kernel.configuration)) return;
  if (promote(world, machine, machine.running, false, actor).exit === 0) kernel.autoPromoted = true;
}

/** The last one who wrote to any of its devices closes it. */
export function demoteAfterWriting(world: World, { machine }: Volume): void {
  const { running } = machine;
  if (!running.some(({ kernel }) => kernel.autoPromoted) || running.some(({ mountedAt }) => mountedAt !== undefined))
    return;
  for (const { kernel } of running) kernel.autoPromoted = false;
  demote(world, running);
}

/** Both disks are read, and what differs is noted as out of sync. */
function verify(world: World, volume: RunningVolume): Result {
  const peer = world.peerOf(volume);
  if (volume.kernel.replication !== "Established") return failed(11, "(-14) Need a connection");
  for (let block = 0; block < dataBlocks; block++) {
    const differs = volume.disk.blocks[block] !== peer.disk.blocks[block];
    if (differs) for (const { holder } of [volume, peer]) holder.metadata!.outOfSync[block] = true;
  }
  return done;
}

/** What is on this side is copied from the peer anew: whole, or what is noted as out of sync. */
function invalidate(world: World, volume: RunningVolume, isFull: boolean): Result {
  const peer = world.peerOf(volume);
  if (!isRunning(peer) || volume.kernel.connection !== "Connected") {
    throw new UnknownCommand("the simulation knows invalidate of a connected pair only");
  }
  world.ledger.giveUp(volume.disk);
  beginSync(world, peer, volume, isFull);
  return done;
}

function countForce(world: World, volume: RunningVolume, actor: Actor): void {
  if (actor === "provider") world.made[volume.number]!.forced += 1;
  // By hand: whoever types it gives up what stands on a peer that was never used.
  const { disk, holder } = world.peerOf(volume);
  // In the middle of a sync DRBD 9's target has its source's identifier already: forced, it passes for the newer one.
  const isHalfFilled = volume.drbd === "9" && volume.kernel.disk === "Inconsistent";
  if (actor === "hand" && (isHalfFilled || holder.metadata?.current === justCreated)) world.ledger.giveUp(disk);
}
