/** The checks of host/guards, as they would find a machine. */
import type { Call } from "../../provider/core/seen/remote-functions";
import { contentsIdentity } from "../../provider/core/seen/disk-identity";
import type { Contents } from "../../provider/core/seen/observed";
import { attachedMetadata } from "./kernel";
import { done, failed, type Result } from "./commands";
import { connectionOf } from "./connection";
import {
  anyMetadata,
  dataBlocks,
  giText,
  justCreated,
  metadataAt,
  outOfSyncKib,
  unseenBlock,
  visibleMetadata,
} from "./disk";
import type { Machine } from "./machine";
import { generationHeld, isAttached, isMet, isRunning, type Volume } from "./volume";
import { readBlocks } from "./observe";
import { stillAsRead } from "./skipped-sync";
import type { World } from "./world";

/** How often what waits looks again within its seconds: fewer times than on a host, where nothing happens in most. */
const patience = 6;

export function check(world: World, machine: Machine, [name, ...args]: Call): Result | "wait" {
  const [word = ""] = args;
  switch (name) {
    case "no_metadata": {
      const volume = machine.withDisk(args[1]!) ?? machine.volumes[0];
      if (isAttached(volume)) return failed(1, `${args[1]!} holds DRBD metadata now: error 20 busy`);
      const found = anyMetadata(volume.diskAt(args[1]!) ?? volume.holder);
      return found === undefined ? done : failed(1, `${args[1]!} holds DRBD metadata now: ${giText(found, false)}`);
    }
    case "still_blank":
      return stillBlank(world, machine, args[0]!, args[1]!);
    case "blank_before_metadata": {
      const at = machine
        .diskAt(word)!
        .blocks.slice(0, dataBlocks)
        .findIndex((version, block) => version !== 0 && block !== unseenBlock);
      return at < 0 ? done : failed(1, `${word} is not blank in front of its metadata: data ${at}`);
    }
    case "never_used":
      return each(machine, word, neverUsed);
    case "wait_connected":
      return waitConnected(machine, word);
    case "both_new": {
      const connected = waitConnected(machine, word);
      if (connected === "wait" || connected.exit !== 0) return connected;
      return each(machine, word, (volume) => {
        const disks = `${volume.kernel?.disk ?? ""}/${volume.kernel?.peerDisk ?? ""}`;
        if (disks !== "Inconsistent/Inconsistent")
          return failed(1, `${word} is ${disks}, not Inconsistent/Inconsistent`);
        return neverUsed(volume);
      });
    }
    case "still_holds": {
      const now = identityOf(readBlocks(world, machine.diskAt(word)!, word));
      return now === args[1] ? done : failed(1, `${word} holds ${now} now; it held ${args[1]!} when this was planned`);
    }
    case "fits_before_metadata":
      return fits(world, machine.withDisk(word)!, Number(args[1]), Number(args[2]));
    case "up_to_date":
      return upToDate(machine.withMinor(Number(word))!, args[1]!);
    case "before_growth": {
      const found = metadataAt(machine.diskAt(word)!, Number(args[1]));
      const isIt = found !== undefined && ["any", found.deviceUuid].includes(args[2]!);
      return isIt ? done : failed(1, `where ${word} ended lies no metadata of device ${args[2]!}`);
    }
    case "wait_up_to_date": {
      const connected = waitConnected(machine, word);
      if (connected === "wait" || connected.exit !== 0) return connected;
      return each(machine, word, ({ kernel }) =>
        kernel?.disk === "UpToDate"
          ? done
          : failed(1, `${word} is ${kernel?.disk ?? "down"}: it is made Primary once its own disk is UpToDate`),
      );
    }
    case "wait_both_whole":
      return each(machine, word, ({ kernel }) => {
        const { connection = "", disk = "", peerDisk = "" } = kernel ?? {};
        const all = `${connection}/${disk}/${peerDisk}`;
        return all === "Connected/UpToDate/UpToDate" ? done : failed(1, `${word} is ${all} here`);
      });
    case "still_as_read":
      return stillAsRead(machine.withMinor(Number(args[1]))!, word);
    case "wait_settled":
      return machine.running.some(({ kernel }) => kernel.isNegotiating === true) ? "wait" : done;
    case "nobody_holds": {
      const { heldOpen, mountedAt } = machine.withDevice(word) ?? {};
      if (mountedAt !== undefined) return failed(1, `${word} is mounted on ${mountedAt}`);
      return heldOpen === true ? failed(1, `${word} is held open by sleep (pid 600)`) : done;
    }
    case "metadata_of_84": {
      const now = describeMetadata(machine, args[1]!);
      return now === `v08 ${args[3]!}` ? done : failed(1, `the metadata on ${args[1]!} is not what it was: ${now}`);
    }
    case "metadata_of_9": {
      const now = describeMetadata(machine, args[1]!);
      const isIt = now.startsWith(`v09 ${args[3]!}:`);
      return isIt ? done : failed(1, `the metadata on ${args[1]!} was converted, and its generation is not: ${now}`);
    }
    case "sync_ended":
    case "wait_sync_ended":
      return each(machine, word, ({ kernel }) => {
        if (kernel === undefined) return failed(1, `${word} is /// here`);
        const { connection, disk, peerDisk } = kernel;
        const ended = connection === "Connected" && disk === "UpToDate" && peerDisk === "UpToDate";
        return ended ? done : failed(1, `${word} is ${connection}/${disk}/${peerDisk} here`);
      });
    case "is_attached":
      return each(machine, word, ({ kernel }) => {
        const { connection = "", disk = "" } = kernel ?? {};
        const isUp = connection !== "" && connection !== "StandAlone" && disk !== "" && disk !== "Diskless";
        return isUp ? done : failed(1, `r0 is ${connection}/${disk} here, not up with its disk`);
      });
    case "is_primary":
    case "is_secondary": {
      const role = !machine.isConfigured ? "down" : machine.isPrimary ? "Primary" : "Secondary";
      return `is_${role.toLowerCase()}` === name ? done : failed(1, `r0 is ${role} here`);
    }
    case "is_half_up": {
      const all = machine.running.map(({ kernel }) => `${kernel.role}/${kernel.connection}`);
      const isIt = all.length > 0 && all.every((one) => one === "Secondary/StandAlone");
      return isIt ? done : failed(1, `r0 is ${all.join()} here, not Secondary/StandAlone`);
    }
    case "peer_is_whole": {
      const isWhole = machine.running.every(
        ({ kernel }) => kernel.connection === "Connected" && kernel.peerDisk === "UpToDate",
      );
      const peer = world.machines.find((one) => one !== machine);
      const isGivenUp = isWhole && machine.isConfigured && peer?.isPrimary === false;
      if (isGivenUp) world.happened.add("an up moved it to the other host");
      return isGivenUp ? done : failed(1, "the peer of r0 has not all of its data, or is not connected as a Secondary");
    }
    case "still_differs": {
      const [, generation, kib] = args;
      return each(machine, word, (volume) => {
        const now = generationHeld(volume) ?? "none";
        const differs = outOfSyncKib(volume.holder);
        return now === generation && (kib === "any" || Number(kib) === differs)
          ? done
          : failed(1, `${word} is in generation ${now} now, or differs in ${differs} KiB`);
      });
    }
    case "copy_holds":
      return failed(1, "the simulation keeps no copies");
    case "not_standalone":
      return connectionOf(machine) === "StandAlone" ? failed(1, "r0 is StandAlone now") : done;
  }
}

/** Of all volumes that drbdadm's word names. */
function each(machine: Machine, word: string, look: (volume: Volume) => Result): Result {
  const volumes = machine.named(word);
  if (volumes.length === 0) return failed(1, `there is no ${word}`);
  return volumes.map(look).find(({ exit }) => exit !== 0) ?? done;
}

function describeMetadata(machine: Machine, holder: string): string {
  const volume = machine.withDisk(holder)!;
  if (isAttached(volume)) return "error 20 busy";
  const found = anyMetadata(volume.diskAt(holder)!);
  return found === undefined ? "none" : `${found.version} ${giText(found, false)}`;
}

/** Looks again until it is done with waiting. */
export async function checkPatiently(
  world: World,
  machine: Machine,
  call: Call,
  letTimePass: () => Promise<void>,
): Promise<Result> {
  for (let turn = 0; turn < patience; turn++) {
    const result = check(world, machine, call);
    if (result !== "wait") return result;
    await letTimePass();
  }
  if (call[0] === "wait_settled") return failed(1, "a disk of r0 is on its way to another state still: Negotiating");
  const now = connectionOf(machine) ?? "down";
  return failed(1, `r0 is ${now}, not connected to its peer: is the port open both ways on the replication addresses?`);
}

function waitConnected(machine: Machine, word: string): Result | "wait" {
  const connection = connectionOf(machine);
  const isInHandshake = machine.named(word).some((volume) => isRunning(volume) && !isMet(volume));
  if (connection === "Connected" && !isInHandshake) return done;
  if (connection === "StandAlone") return failed(1, "r0 is StandAlone, not connected to its peer");
  return "wait";
}

function neverUsed(volume: Volume): Result {
  const { parseError } = volume.machine;
  if (parseError !== undefined) return failed(1, `not those of a new device: ${parseError}`);
  const metadata = isRunning(volume)
    ? (attachedMetadata(volume) ?? visibleMetadata(volume.holderByFile, volume.drbd))
    : undefined;
  const isNew =
    metadata?.current === justCreated && metadata.bitmap === 0 && metadata.history.every((one) => one === 0);
  const said = metadata === undefined ? "none" : giText(metadata, volume.isPrimary);
  return isNew ? done : failed(1, `the generation identifiers of r0 are not those of a new device: ${said}`);
}

function stillBlank(world: World, machine: Machine, path: string, bytes: string): Result {
  const volume = machine.withDevice(path);
  if (volume?.isPrimary === false) return failed(1, `${path} is not blank any more: error Wrong medium type`);
  const disk = volume?.disk ?? machine.diskAt(path)!;
  const found = readBlocks(world, disk, path);
  if (found.kind !== "blank") return failed(1, `${path} is not blank any more: ${found.kind}`);
  const { size } = disk;
  if (bytes === "any" || bytes === String(size)) return done;
  return failed(1, `${path} has ${size} bytes now; it had ${bytes} when this was planned`);
}

function fits(world: World, { disk, diskPath }: Volume, bytes: number, usable: number): Result {
  if (disk.size !== bytes)
    return failed(1, `${diskPath} has ${disk.size} bytes now; it had ${bytes} when this was planned`);
  const found = readBlocks(world, disk, diskPath);
  const taken = found.kind === "signature" ? found.taken : undefined;
  const room = taken !== undefined && taken <= usable;
  return room ? done : failed(1, `the filesystem on ${diskPath} takes ${taken ?? "an unknown number of"} bytes`);
}

function upToDate(volume: Volume, holder: string): Result {
  if (isRunning(volume) && isAttached(volume)) {
    return volume.kernel.disk === "UpToDate" ? done : failed(1, `r0 is ${volume.kernel.disk} here, not UpToDate`);
  }
  const { consistent, wasUpToDate } = anyMetadata(volume.diskAt(holder)!)?.flags ?? {};
  const isNewest = consistent === true && wasUpToDate === true;
  return isNewest ? done : failed(1, `the data on ${volume.diskPath} is not known to be the newest`);
}

const identityOf = (contents: Contents): string =>
  contents.kind === "blank" ? "blank" : (contentsIdentity(contents) ?? "unreadable");
