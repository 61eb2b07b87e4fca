/** What a command does on a machine, by its argv: the way drbd-utils 9.22 and DRBD 8.4 and 9 do it. */
import { virtualMachineOf } from "../../provider/core/wanted/virtual-machine";
import { shutDownGuest, startGuest } from "./virtual-machines";
import { demoteAfterWriting, drbdadm, drbdsetup, promoteToWrite } from "./drbdadm";
import { beginOwed, nodeIdOf } from "./kernel";
import { anyMetadata, type Disk, justCreated, MiB, tailBlock, unseenBlock } from "./disk";
import {
  broughtUpLink,
  enabledLink,
  type Machine,
  promotionLink,
  resource,
  resourceFile,
  roleLink,
  serviceName,
  startsLink,
} from "./machine";
import { isAttached, isRunning, type Volume } from "./volume";
import { apartToken } from "../../provider/core/decided/plans/takeover";
import { connectionOf } from "./connection";
import { formattingMark } from "../../provider/core/steps/own-folder";
import type { World } from "./world";

/** Who runs a command: the provider, the host itself (systemd), or a person who types it. */
export type Actor = "provider" | "host" | "hand";

export interface Result {
  readonly exit: number;
  readonly output: string;
}

export const done: Result = { exit: 0, output: "" };
export const failed = (exit: number, output: string): Result => ({ exit, output });

/** A command that is not known here is a defect of the simulation, and must never pass for one that worked. */
export class UnknownCommand extends Error {}

export function run(world: World, machine: Machine, argv: readonly string[], actor: Actor): Result {
  const [program = "", ...words] = argv;
  switch (program) {
    case "drbdadm":
      return machine.hasUtils ? drbdadm(world, machine, words, actor) : failed(127, "drbdadm: not found");
    case "drbdsetup":
      return drbdsetup(world, machine, words, actor);
    case "drbdmeta":
      return drbdmeta(world, machine, words);
    case "mkfs.xfs":
      return mkfs(world, machine, words, actor);
    case "mount":
      return mount(world, machine, words, actor);
    case "umount":
      return unmount(world, machine, words);
    case "rm":
      machine.files.delete(words.at(-1)!);
      return done;
    case "rmdir":
      return done;
    case "mv": {
      const [, from = "", to = ""] = words;
      const text = machine.files.get(from);
      if (text === undefined) return failed(1, `mv: cannot stat '${from}'`);
      machine.files.delete(from);
      machine.files.set(to, text);
      return done;
    }
    case "systemctl":
      return systemctl(world, machine, words, actor);
    case "modprobe":
      if (words[0] === "drbd") machine.moduleLoaded = true;
      else if (words[0] !== "xfs")
        throw new UnknownCommand(`the simulation does not know: modprobe ${words.join(" ")}`);
      return done;
    case "systemd-run":
      return run(world, machine, words.slice(words.indexOf("--collect") + 1), actor);
    case "drbd-takeover":
      return takeOver(world, machine, words);
    case "env":
      return run(world, machine, words.slice(1), actor);
    case "apt-get":
      if (words.includes("install")) machine.installUtils();
      return done;
    default:
      throw new UnknownCommand(`the simulation does not know: ${argv.join(" ")}`);
  }
}

function systemctl(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const [verb = "", ...rest] = words;
  const unit = rest.at(-1);
  if (verb === "start" || verb === "stop") {
    const units = rest.filter((word) => !word.startsWith("--"));
    for (const one of units) {
      const { exit, output } =
        verb === "start" ? startUnit(world, machine, one, actor) : stopUnit(world, machine, one, actor);
      if (exit !== 0) return failed(exit, output);
    }
    return done;
  }
  if (verb === "enable" && unit === `drbd@${resource}.target`) machine.links.add(enabledLink);
  else if (verb === "disable" && unit === `drbd@${resource}.target`) machine.links.delete(enabledLink);
  else if (verb !== "daemon-reload") {
    throw new UnknownCommand(`the simulation does not know: systemctl ${words.join(" ")}`);
  }
  return done;
}

function startUnit(world: World, machine: Machine, unit: string, actor: Actor): Result {
  const guest = startGuest(machine, unit);
  if (guest !== undefined) return guest;
  switch (unit) {
    case "drbd@r0.service": {
      // The unit runs it whatever runs already: where the guard or the plan is wrong, it connects what has parted.
      const adjusted = machine.links.has(broughtUpLink) ? done : drbdadm(world, machine, ["adjust", resource], actor);
      if (adjusted.exit === 0) machine.links.add(broughtUpLink);
      return adjusted;
    }
    case "drbd@r0.target":
    case "drbd-primary@r0.target":
    case "drbd-primary-services@r0.target":
      return done;
    case "drbd-role@r0.service":
      machine.links.add(roleLink);
      return done;
    case "drbd-vm-starts@r0.service":
      machine.links.add(startsLink);
      return done;
    case "drbd-primary@r0.service":
      if (!machine.isPrimary) return failed(1, "Job for drbd-primary@r0.service failed.");
      machine.links.add(promotionLink);
      return done;
    case serviceName:
      // Its condition: where that is not met, systemd starts nothing, and is content.
      if (isMounted(machine)) machine.service.isActive = true;
      return done;
    default:
      throw new UnknownCommand(`the simulation does not know: systemctl start ${unit}`);
  }
}

function stopUnit(world: World, machine: Machine, unit: string, actor: Actor): Result {
  const guest = virtualMachineOf(unit);
  if (guest !== undefined) return shutDownGuest(machine, guest);
  switch (unit) {
    case "drbd-role@r0.service":
      machine.links.delete(roleLink);
      return done;
    case "drbd-vm-starts@r0.service":
      machine.links.delete(startsLink);
      return done;
    case "drbd-primary@r0.target":
    case "drbd-primary-services@r0.target":
      return done;
    case "drbd-primary@r0.service":
      if (machine.links.delete(promotionLink) && machine.isPrimary && !isMounted(machine))
        drbdadm(world, machine, ["secondary", resource], actor);
      return done;
    case "drbd@r0.target":
      if (machine.links.delete(broughtUpLink) && machine.isConfigured)
        return drbdadm(world, machine, ["down", resource], actor);
      return done;
    case serviceName:
      if (machine.service.hangs && machine.service.isActive) {
        world.happened.add("a service hung in its stop");
        return failed(1, `Job for ${serviceName} canceled.`);
      }
      machine.service.isActive = false;
      return done;
    default:
      throw new UnknownCommand(`the simulation does not know: systemctl stop ${unit}`);
  }
}

/** `create-md` for DRBD 9, over metadata of DRBD 8.4: it converts what it finds, and else makes new metadata. */
function drbdmeta(world: World, machine: Machine, words: readonly string[]): Result {
  const [force, , version, path = "", , command] = words;
  if (force !== "--force" || version !== "v09" || command !== "create-md")
    throw new UnknownCommand(`the simulation does not know: drbdmeta ${words.join(" ")}`);
  const volume = machine.withDisk(path);
  const holder = volume?.diskAt(path);
  if (volume === undefined || holder === undefined || isRunning(volume))
    return failed(20, `Device '${volume?.minor ?? 0}' is configured!`);
  if (anyMetadata(holder)?.version !== "v08") {
    world.broken.push(`drbdmeta --force create-md on ${machine.name} over what is no metadata of DRBD 8.4`);
    return done;
  }
  convertMetadata(world, machine, holder);
  return done;
}

/** What it keeps is the generation itself: who is behind it is forgotten, and the device gets another UUID. */
export function convertMetadata(world: World, machine: Machine, holder: Disk): void {
  const found = anyMetadata(holder);
  if (found === undefined) return;
  found.version = found.version === "v08" ? "v09" : "v08";
  found.bitmap = 0;
  // What it knew of its peer goes to the slot of node 0, whoever that is.
  if (nodeIdOf(machine.files.get(resourceFile) ?? "", machine.name) === 0) found.flags.peerOutdated = false;
  found.nodeId = undefined;
  found.peerId = undefined;
  found.deviceUuid = world.deviceUuid();
  world.happened.add("metadata was converted");
}

/** It zeroes the whole device and writes a superblock; without -f it refuses where it knows what is there. */
function mkfs(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const device = words.at(-1) ?? "";
  const volume = machine.withDevice(device);
  if (volume === undefined) throw new UnknownCommand(`mkfs.xfs on ${device}`);
  const first = volume.disk.blocks[0]!;
  const isKnown = first !== 0 && world.ledger.content(first).type !== "data";
  if (isKnown && !words.includes("-f")) return failed(1, "mkfs.xfs: use the -f option to force overwrite.");
  promoteToWrite(world, volume, actor);
  if (!volume.isPrimary) return failed(1, `mkfs.xfs: ${device}: Wrong medium type`);
  if (actor === "provider") world.made[volume.number]!.formatted += 1;
  world.happened.add("a device was formatted");
  volume.disk.blocks.slice(0, tailBlock).forEach((version, block) => {
    if (version === 0 && block > 0) return;
    // Who formats by hand puts his own in the place of what was there.
    if (actor === "hand") world.ledger.forget(version, block);
    const type = block === 0 ? ("xfs" as const) : ("data" as const);
    if (block === 0) {
      const written = world.ledger.write({
        replaces: actor === "hand" ? version : 0,
        type,
        uuid: world.uuid(),
        taken: 256 * MiB,
      });
      writeBlock(world, volume, block, written, "mkfs.xfs overwrote it");
      world.ledger.keep(written, block);
    } else writeBlock(world, volume, block, 0, "mkfs.xfs discarded it");
  });
  demoteAfterWriting(world, volume);
  return done;
}

/** A write to the DRBD device: on both disks where they are connected, else noted as out of sync. */
export function writeBlock(world: World, volume: Volume, block: number, version: number, because: string): void {
  const { kernel, disk } = volume;
  if (kernel?.role !== "Primary") throw new Error("a write to a device that is not open");
  if (kernel.disk === "Diskless") {
    writeToPeer(world, world.peerOf(volume), block, version, because);
    return;
  }
  const metadata = volume.holder.metadata!;
  if (isRunning(volume)) beginOwed(volume, world.generations);
  metadata.active[block] = true;
  const peer = world.peerOf(volume);
  const mirrored = kernel.replication !== "Off" && isAttached(peer);
  metadata.outOfSync[block] = !mirrored;
  // The peer first: what is only on its way over there is never the last copy here.
  if (mirrored) {
    peer.holder.metadata!.outOfSync[block] = false;
    world.ledger.replace(peer.disk, block, version, because);
  }
  world.ledger.replace(disk, block, version, because);
}

/** Of a Primary without its disk: its peer has the only copy, and notes it. */
function writeToPeer(world: World, peer: Volume, block: number, version: number, because: string): void {
  if (!isAttached(peer)) throw new Error("a write to a device that has no disk anywhere");
  peer.holder.metadata!.outOfSync[block] = true;
  world.ledger.replace(peer.disk, block, version, because);
}

/** What a reader of the device finds: what is not synced yet comes from the peer. */
export function readBlock(world: World, volume: Volume, block: number): number {
  const { kernel, disk, holder } = volume;
  const isBehind =
    kernel?.disk === "Diskless" || (kernel?.replication === "SyncTarget" && holder.metadata?.outOfSync[block] === true);
  return (isBehind ? world.peerOf(volume).disk : disk).blocks[block]!;
}

/** Without a disk that is whole, and without a peer that has one, there are only errors. */
function isUsable(world: World, volume: Volume): boolean {
  const { kernel } = volume;
  if (kernel?.role !== "Primary") return false;
  const isThere = kernel.disk !== "Diskless" || isAttached(world.peerOf(volume));
  return kernel.disk === "UpToDate" || (kernel.replication !== "Off" && isThere);
}

/** A program that needs no filesystem, and writes little. What is about to be formatted is no place for it. */
export function rawWrite(world: World, volume: Volume): void {
  if (!isUsable(world, volume) || readBlock(world, volume, 0) !== 0) return;
  const written = world.ledger.write({ replaces: readBlock(world, volume, unseenBlock), type: "data" });
  writeBlock(world, volume, unseenBlock, written, "a program wrote in its place");
  if (!isAboutToBeFormatted(world, volume)) world.ledger.keep(written, unseenBlock);
}

/**
 * What our own promotion began is not formatted yet, and nobody began anything else since. A side that is being filled
 * does not name the generation before its sync has ended, but writes to its peer's.
 */
function isAboutToBeFormatted(world: World, volume: Volume): boolean {
  const mark = formattingMark({ name: resource, volume: volume.number });
  const marks = world.machines.flatMap(({ files }) => files.get(mark)?.trim() ?? []);
  const begun = marks.map((text) => Number(BigInt(`0x${text}`) & ~1n));
  const isBegun = (one: number) => one !== justCreated && begun.includes(one);
  const isFilled = volume.kernel?.replication === "SyncTarget";
  const { metadata } = (isFilled ? world.peerOf(volume) : volume).holder;
  return metadata !== undefined && [metadata.current, metadata.bitmap].some(isBegun);
}

/** What a program writes to the filesystem. The answer is what was acknowledged; nothing where it is not mounted. */
export function userWrites(world: World, volume: Volume, block: number): void {
  if (volume.mountedAt === undefined || !isUsable(world, volume)) return;
  const written = world.ledger.write({ replaces: readBlock(world, volume, block), type: "data" });
  writeBlock(world, volume, block, written, "a program wrote in its place");
  world.ledger.keep(written, block);
}

/** The power goes in the middle of a write: it is on one disk of the two, and was acknowledged to nobody. */
export function tornWrite(world: World, volume: Volume, block: number, where: "here" | "there"): void {
  const { kernel, disk, machine } = volume;
  const peer = world.peerOf(volume);
  if (volume.mountedAt === undefined || kernel?.connection !== "Connected" || !isAttached(peer)) return;
  const written = world.ledger.write({ replaces: readBlock(world, volume, block), type: "data" });
  volume.holder.metadata!.active[block] = true;
  world.ledger.replace(where === "here" ? disk : peer.disk, block, written, "a program wrote in its place");
  world.cutPower(machine);
}

function mount(world: World, machine: Machine, words: readonly string[], actor: Actor): Result {
  const [target = ""] = words;
  const volume = machine.volumes.find(({ fstabLine }) => fstabLine?.target === target);
  if (volume === undefined) return failed(1, `mount: ${target}: can't find in /etc/fstab.`);
  const { device } = volume;
  if (volume.mountedAt !== undefined) return failed(32, `mount: ${device} already mounted`);
  promoteToWrite(world, volume, actor);
  if (!volume.isPrimary) return failed(32, `mount: ${device}: Wrong medium type`);
  const first = readBlock(world, volume, 0);
  if (first === 0 || world.ledger.content(first).type !== "xfs") {
    demoteAfterWriting(world, volume);
    return failed(32, `mount: ${target}: wrong fs type`);
  }
  volume.mountedAt = target;
  return done;
}

/** host/commands/drbd-takeover.sh, called with a word for one time of being apart. */
function takeOver(world: World, machine: Machine, words: readonly string[]): Result {
  const [name = "", off, peer = "", apart, token = ""] = words;
  if (off !== "--peer-is-off" || apart !== "--while-apart" || name !== resource)
    throw new UnknownCommand(`the simulation does not know: drbd-takeover ${words.join(" ")}`);
  const made = apartToken(resource);
  const isGood = machine.running.every(({ kernel }) => ["UpToDate", "Consistent"].includes(kernel.disk));
  const serve = () => {
    for (const { fstabLine, mountedAt } of machine.volumes)
      if (fstabLine !== undefined && mountedAt === undefined) mount(world, machine, [fstabLine.target], "hand");
    if (machine.hasService) startUnit(world, machine, serviceName, "hand");
    return done;
  };
  if (machine.isPrimary) return serve();
  if (machine.files.get(made)?.trim() !== token) return failed(1, "Refused: the word was given for another time.");
  if (connectionOf(machine) === "Connected") return failed(1, "Refused: for DRBD the peer is alive.");
  if (!isGood || machine.running.length === 0) return failed(1, "Refused: the data must not be used.");
  if (world.peerOf(machine).powered || world.peerOf(machine).name !== peer) return failed(1, "Refused: it answers.");
  const { exit, output } = drbdadm(world, machine, ["primary", "--force", resource], "hand");
  if (exit !== 0) return failed(3, output);
  machine.files.delete(made);
  machine.links.add(promotionLink);
  return serve();
}

function unmount(world: World, machine: Machine, [target]: readonly string[]): Result {
  const volume = machine.volumes.find(({ mountedAt }) => mountedAt !== undefined && mountedAt === target);
  if (volume === undefined) return failed(32, "umount: not mounted.");
  if (machine.service.isActive) return failed(32, `umount: ${target ?? ""}: target is busy.`);
  if ([...machine.guests.values()].some(({ isUp }) => isUp)) return failed(32, "umount: target is busy.");
  volume.mountedAt = undefined;
  demoteAfterWriting(world, volume);
  return done;
}

const isMounted = ({ volumes }: Machine): boolean => volumes.some(({ mountedAt }) => mountedAt !== undefined);
