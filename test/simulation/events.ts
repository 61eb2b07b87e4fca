/** What happens to a pair that is none of the provider's doing. */
import { convertMetadata, rawWrite, run, tornWrite, userWrites } from "./commands";
import {
  anyMetadata,
  dataBlocks,
  type Disk,
  MiB,
  newDisk,
  newMetadata,
  smallSize,
  tailBlock,
  unseenBlock,
  usualSize,
} from "./disk";
import { metadataVersion } from "./drbd";
import { broken, type Machine, othersFile, resource, serviceName } from "./machine";
import { isAttached, isRunning, type Volume } from "./volume";
import type { World } from "./world";

/** What a person types, and what stays of it is DRBD's or the host's business. */
export const handCommands = [
  "up",
  "down",
  "adjust",
  "connect",
  "disconnect",
  "connect --discard-my-data",
  "primary",
  "primary --force",
  "secondary",
  "mount",
  "umount",
  "mkfs",
  "move here",
  "give up what is here",
  "remove the file",
  "lose the size file",
  "check-resize",
] as const;

/** What is seldom, and keeps everything else from happening. */
export const oddities = [
  "leave a broken file",
  "mend the broken file",
  "mount the disk itself",
  "unmount the disk itself",
  "convert the metadata",
  "reinstall the host",
  "read the device",
  "stop reading the device",
] as const;

/** What a person does to a disk, having taken the resource down for it. */
export const diskWork = [
  "create-md --force",
  "create-md, and yes",
  "wipe-md --force",
  "wipe the disk",
  "a blank disk",
  "a disk with ext4",
  "a disk with data",
  "another pair's disk",
  "grow the disk",
  "a blank disk for the metadata",
] as const;
export type HandCommand = (typeof handCommands)[number] | (typeof diskWork)[number] | (typeof oddities)[number];

export type Event =
  | { readonly kind: "time"; readonly turns: number }
  | { readonly kind: "cut link" | "restore link" | "the next sync's end is missed" | "attaching takes its time" }
  | { readonly kind: "cut power" | "boot" | "reboot"; readonly on: 0 | 1 }
  /** From now on a stop of the service there comes to no end, or does again. */
  | { readonly kind: "the service hangs" | "the service stops"; readonly on: 0 | 1 }
  /** In the order that we tell: the resource is down on both, and then both get the module. */
  | { readonly kind: "both get DRBD 9" }
  | { readonly kind: "hand"; readonly on: 0 | 1; readonly command: HandCommand; readonly volume?: number }
  | { readonly kind: "hand on both"; readonly command: HandCommand; readonly volume?: number }
  | { readonly kind: "write"; readonly on: 0 | 1; readonly block: number; readonly volume?: number }
  | {
      readonly kind: "torn write";
      readonly on: 0 | 1;
      readonly block: number;
      readonly where: "here" | "there";
      readonly volume?: number;
    };

export function happen(world: World, event: Event): void {
  switch (event.kind) {
    case "time":
      for (let turn = 0; turn < event.turns; turn++) world.passTime();
      return;
    case "cut link":
      world.cutLink();
      return;
    case "restore link":
      world.linked = true;
      return;
    case "the next sync's end is missed":
      world.missesSyncEnd = true;
      return;
    case "attaching takes its time":
      world.negotiatesLong = true;
      return;
    case "both get DRBD 9":
      for (const machine of world.machines) takeDown(world, machine);
      for (const machine of world.machines) {
        if (machine.powered && !machine.isConfigured) machine.drbd = "9";
      }
      return;
    case "hand on both":
      for (const on of [0, 1] as const) happen(world, { ...event, kind: "hand", on });
      return;
  }
  const machine = world.machines[event.on];
  switch (event.kind) {
    case "cut power":
      world.cutPower(machine);
      return;
    case "boot":
      world.boot(machine);
      return;
    case "the service hangs":
    case "the service stops":
      machine.service.hangs = event.kind === "the service hangs";
      return;
    case "reboot":
      if (machine.powered) takeDown(world, machine);
      world.cutPower(machine);
      world.boot(machine);
      return;
    case "write":
      if (volumeOf(machine, event).mountedAt === undefined) rawWrite(world, volumeOf(machine, event));
      else userWrites(world, volumeOf(machine, event), event.block);
      return;
    case "torn write":
      tornWrite(world, volumeOf(machine, event), event.block, event.where);
      return;
    case "hand":
      if (machine.powered) byHand(world, machine, event.command, event.volume);
      world.beginLifeAnew();
  }
}

/** Volume 0, where none is named. */
function volumeOf(machine: Machine, { volume = 0 }: { readonly volume?: number }): Volume {
  const found = machine.volumes[volume];
  if (found === undefined) throw new Error(`${machine.name} has no volume ${volume}`);
  return found;
}

function byHand(world: World, machine: Machine, command: HandCommand, number?: number): void {
  const volume = volumeOf(machine, { volume: number });
  const word = number === undefined ? resource : volume.word;
  const type = (words: string, at = machine) => run(world, at, words.split(" "), "hand");
  if (diskWork.some((one) => one === command)) {
    takeDown(world, machine);
    volume.mountsDisk = false;
  }
  const isUsed = isAttached(volume);
  switch (command) {
    case "mount":
      type(`mount ${volume.fstabLine?.target ?? volume.mountPoint}`);
      return;
    case "umount":
      type(`systemctl stop ${serviceName}`);
      type(`umount ${volume.mountPoint}`);
      return;
    case "mkfs":
      if (volume.mountedAt === undefined) type(`mkfs.xfs -f ${volume.device}`);
      return;
    case "give up what is here":
      for (const words of ["umount", "secondary", "disconnect", "connect --discard-my-data"] as const) {
        if (words === "umount") unmountAll(world, machine);
        else byHand(world, machine, words);
      }
      type(`drbdadm connect ${resource}`, world.peerOf(machine));
      return;
    case "move here": {
      const peer = world.peerOf(machine);
      if (!peer.powered) return;
      unmountAll(world, peer);
      type(`drbdadm secondary ${resource}`, peer);
      if (type(`drbdadm primary ${resource}`).exit === 0)
        for (const one of machine.volumes)
          if (one.number === 0 || isRunning(one)) byHand(world, machine, "mount", one.number);
      return;
    }
    case "wipe the disk":
      if (isUsed) return;
      for (const disk of volume.disks) {
        world.ledger.giveUp(disk);
        disk.metadata = undefined;
        disk.blocks.fill(0);
      }
      return;
    case "a blank disk for the metadata":
    case "a blank disk":
    case "a disk with ext4":
    case "a disk with data":
    case "another pair's disk":
      if (machine.busy) {
        machine.waiting.push(() => {
          byHand(world, machine, command, number);
          world.beginLifeAnew();
        });
      } else if (isUsed) return;
      else if (command === "a blank disk for the metadata") takeMetadataAway(world, volume);
      else replaceDisk(world, volume, disksOnTheShelf[command]);
      return;
    case "grow the disk":
      if (!isUsed) volume.disk.size += 64 * MiB;
      return;
    case "remove the file":
      machine.files.delete("/etc/drbd.d/r0.res");
      return;
    case "lose the size file":
      machine.files.delete(volume.sizeFile);
      return;
    case "leave a broken file":
      machine.files.set(othersFile, broken);
      world.happened.add("drbdadm could read nothing");
      return;
    case "mend the broken file":
      machine.files.delete(othersFile);
      return;
    case "mount the disk itself":
      mountItself(world, volume);
      return;
    case "unmount the disk itself":
      volume.mountsDisk = false;
      return;
    case "convert the metadata":
      convert(world, volume);
      return;
    case "read the device":
      volume.heldOpen = isUsed && !volume.isPrimary && machine.drbd === "9";
      if (volume.heldOpen) world.happened.add("a Secondary's device was held open");
      return;
    case "stop reading the device":
      volume.heldOpen = false;
      return;
    case "create-md, and yes":
      if (anyMetadata(volume.holderByFile)?.version === metadataVersion[machine.drbd])
        type(`drbdadm create-md --force ${word}`);
      else if (anyMetadata(volume.holderByFile) === undefined) type(`drbdadm create-md --force ${word}`);
      else if (machine.parseError === undefined) convert(world, volume);
      return;
    case "reinstall the host":
      world.cutPower(machine);
      machine.reinstall();
      world.boot(machine);
      world.happened.add("a host was reinstalled");
      return;
    default: {
      const [verb = "", ...flags] = command.split(" ");
      type(["drbdadm", verb, ...flags, word].join(" "));
    }
  }
}

/** By its type, as a careful person would not: metadata at the disk's end does not stand in the way. */
function mountItself(world: World, volume: Volume): void {
  const [head = 0] = volume.disk.blocks;
  if (isRunning(volume) || head === 0 || world.ledger.content(head).type === "data") return;
  volume.mountsDisk = true;
  world.happened.add("a disk was mounted by itself");
}

/** With the resource down, by somebody who boots a kernel with the other module for a while. */
function convert(world: World, volume: Volume): void {
  const found = anyMetadata(volume.holder);
  if (isRunning(volume) || found === undefined) return;
  convertMetadata(world, volume.machine, volume.holder);
}

function takeDown(world: World, machine: Machine): void {
  unmountAll(world, machine);
  byHand(world, machine, "down");
}

function unmountAll(world: World, machine: Machine): void {
  run(world, machine, ["systemctl", "stop", serviceName], "hand");
  for (const { mountPoint } of machine.volumes) run(world, machine, ["umount", mountPoint], "hand");
}

const disksOnTheShelf = {
  "a blank disk": "blank",
  "a disk with ext4": "ext4",
  "a disk with data": "data behind the head",
  "another pair's disk": "another pair's metadata",
} as const;

/** The old one is on a shelf, where nobody finds it: that is the person's doing. */
function replaceDisk(world: World, volume: Volume, holds: Beginning): void {
  volume.disk = another(world, volume.disk, usualSize);
  fill(world, volume, holds);
}

/** Who takes away the only note that data was written takes back what nothing else tells of. */
function takeMetadataAway(world: World, volume: Volume): void {
  volume.metaDisk = another(world, volume.metaDisk, smallSize);
  if (!volume.keepsMetadataApart) return;
  world.ledger.forget(volume.disk.blocks[unseenBlock]!, unseenBlock);
  if (!world.isRemembered(volume.number)) world.made[volume.number]!.forced = 0;
}

/** Empty, with the next serial number. */
function another({ ledger }: World, old: Disk, size: number): Disk {
  ledger.giveUp(old);
  const number = Number(/\d+$/.exec(old.serial)?.[0]) + 1;
  const disk = newDisk(old.name, old.serial.replace(/\d+$/, String(number)), size);
  ledger.disks.splice(ledger.disks.indexOf(old), 1, disk);
  return disk;
}

/** What may stand on a disk before anything begins. */
export const beginnings = [
  "blank",
  "ext4",
  "ext4 with room behind it",
  "xfs with room behind it",
  "data at the head",
  "data behind the head",
  "data at the end",
  "new metadata",
  "new metadata over data",
  "another pair's metadata",
] as const;
export type Beginning = (typeof beginnings)[number] | "data that no sample meets";

export function fill(world: World, volume: Volume, beginning: Beginning): void {
  const { ledger, generations } = world;
  const { disk, drbd, holder } = volume;
  const put = (block: number, type: "ext4" | "xfs" | "data") => {
    const taken = beginning.includes("room") ? 256 * MiB : disk.size;
    const filesystem = type === "data" ? {} : { uuid: world.uuid(), taken };
    disk.blocks[block] = ledger.write({ replaces: 0, type, ...filesystem });
    ledger.keep(disk.blocks[block], block);
  };
  if (beginning.startsWith("ext4") || beginning.startsWith("xfs")) {
    put(0, beginning.startsWith("ext4") ? "ext4" : "xfs");
    put(1, "data");
    if (beginning === "ext4") put(tailBlock, "data");
  }
  if (beginning === "data at the head") put(0, "data");
  if (beginning === "data behind the head" || beginning === "new metadata over data") put(2, "data");
  // Nobody misses it: what it is for is that two such disks are not the same.
  if (beginning === "data that no sample meets") {
    disk.blocks[unseenBlock] = ledger.write({ replaces: 0, type: "data" });
    disk.givenUp[unseenBlock] = true;
  }
  if (beginning === "data at the end") put(tailBlock, "data");
  if (beginning.startsWith("new metadata")) {
    holder.metadata = newMetadata(drbd, { holder, madeFor: disk }, world.deviceUuid(), false);
  }
  if (beginning === "another pair's metadata")
    disk.metadata = newMetadata(drbd, { holder: disk, madeFor: disk }, world.deviceUuid(), false);
  if (beginning !== "another pair's metadata" || disk.metadata === undefined) return;
  for (let block = 1; block < dataBlocks; block++) put(block, "data");
  Object.assign(disk.metadata, {
    current: generations.fresh(),
    history: [generations.fresh(), generations.fresh()],
    flags: { ...disk.metadata.flags, consistent: true, wasUpToDate: true },
  });
}
