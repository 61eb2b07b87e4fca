/**
 * Metadata on a disk of its own says whose the data is, and not that the disk with the data is still the same one. DRBD
 * attaches whatever is there: with ext4 in the place of bravo's copy the lab's pair met as UpToDate/UpToDate, and synced
 * nothing.
 */
import { metaDiskText, metadataPlaceFrom } from "../../wanted/metadata-place";
import type { FoundVolume } from "../../config/found-resource";
import type { VolumePair } from "../../wanted/desired";
import { devicePath } from "../../config/paths";
import { installedVolume } from "../../installed/configuration-place";
import { describeContents, describeDisk, isSameDisk } from "../../seen/disk-identity";
import { discardOfferOfAll } from "./discard-offer";
import { mayGo } from "./discards";
import { isAttached } from "./side-relation";
import { namesOf, pathOf } from "../../seen/disk-names";
import type { Memory } from "../../seen/memory";
import type { PairView } from "./pair-view";
import type { Refusal } from "../../steps/plan";
import { type Side } from "./side";
import { unknownSlot } from "./slot-refusals";

export function refuseOtherDisks(pair: PairView): Refusal[] {
  return pair.sides.flatMap((side) => {
    const moved = [...movedDisk(pair, side), ...movedMetadata(pair, side)];
    if (moved.length > 0) return moved;
    const found = changedDisk(pair.memory, side);
    return found === undefined
      ? overwritten(pair, side)
      : [{ node: side.desired.hostname, found, way: wayOn(pair, side) }];
  });
}

/** Both disks of two volumes would come up, each as the other's device. Its metadata does not say which volume it is of. */
function movedDisk({ desired: volume }: PairView, side: Side): Refusal[] {
  const { desired, node, observed } = side;
  const { hostname, disk } = desired;
  const before = installedOn(volume, side)?.volume;
  if (before === undefined || before === volume.volume || isAttached(side)) return [];
  return [
    {
      node: hostname,
      found: `${describeDisk(disk, observed?.disk, node)} is the disk of volume ${before} of ${volume.name} by the file there, and the program names it for volume ${volume.volume}`,
      way: `Name it for volume ${before}: what uses ${devicePath(desired.minor)} would find that one's data there. To give it another number, destroy ${volume.name} first (its data stays on the disks).`,
    },
  ];
}

/** The volume that has the side's disk by the file there. */
function installedOn(
  volume: VolumePair,
  { desired: { hostname, disk }, node, observed }: Side,
): FoundVolume | undefined {
  return installedVolume(node, volume.name, hostname, namesOf(node, volume, "disk", disk, observed?.disk));
}

/** What was replicated would look like data that DRBD never knew, which a person may let go on both sides. */
function movedMetadata({ desired: volume, memory }: PairView, side: Side): Refusal[] {
  const { desired, node, progress, observed } = side;
  const { name } = volume;
  const { hostname, disk, metaDisk } = desired;
  const installed = installedOn(volume, side);
  // A file for DRBD 9 may leave it out.
  const before = installed && (installed.metaDisk ?? "internal");
  const now = metaDiskText(desired);
  if (before === now) return [];
  if (before === undefined)
    return isAttached(side) && memory.disks[hostname] === undefined ? unknownSlot(volume, side) : [];
  const place = metadataPlaceFrom(before);
  // drbdadm says what it would do of what is attached, but for the slot.
  if (isAttached(side) && place.metaIndex === desired.metaIndex) return [];
  if (before === "internal") {
    // That place was looked at with the disk. Another disk, which the program does not name any more, was not.
    const isEmpty = progress.kind === "blank" ? progress.discarded === undefined : progress.kind === "new";
    if (isEmpty) return [];
  } else if (
    metaDisk !== "internal" &&
    place.metaIndex === desired.metaIndex &&
    namesOf(node, volume, "metaDisk", metaDisk, observed?.metaDisk).has(pathOf(place.metaDisk))
  )
    return [];
  return [
    {
      node: hostname,
      found: `the metadata of ${disk} is ${before === "internal" ? before : `on ${before}`}, as the file of ${name} there says, and not ${now === "internal" ? now : `on ${now}`}`,
      way: `Metadata stays where it is: set \`metaDisk\` back to ${before} for ${hostname}. To begin anew with the other place, destroy the resource first (its data stays on the disks): what stands there is then asked about.`,
    },
  ];
}

/** Somebody has attached it already: where it has not met its peer yet, that would overwrite what nobody let go. */
function overwritten(pair: PairView, side: Side): Refusal[] {
  const { desired, observed, progress } = side;
  const isFilled = pair.neverUsed ? side === pair.target : pair.survivor !== undefined && side !== pair.survivor;
  if (desired.metaDisk === "internal" || progress.kind !== "new" || !isAttached(side) || !isFilled) return [];
  if (observed === undefined || observed.disk.kind === "blank") return [];
  const { hostname, disk, metaDisk } = desired;
  return [
    {
      node: hostname,
      found: `${disk} holds ${describeContents(observed.disk)}, and its metadata on ${metaDisk} is new: the sync would overwrite it`,
      way: `\`drbdadm down ${pair.desired.name}\` on ${hostname}: the next \`pulumi up\` then names the line that lets it go.`,
    },
  ];
}

/** How the disk is known to be another one than the one that the metadata was made for. */
function changedDisk(memory: Memory, side: Side): string | undefined {
  const { desired, observed, progress, node } = side;
  const known = memory.disks[desired.hostname];
  if (desired.metaDisk === "internal" || progress.kind !== "used" || isAttached(side)) return;
  if (known === undefined || observed === undefined) return;
  const disk = describeDisk(desired.disk, observed.disk, node);
  const apart = `the metadata on ${desired.metaDisk} was made for`;
  const same = isSameDisk(known, node, observed.disk);
  if (same === true) return;
  if (same === false)
    return `${disk} is another disk than the one that ${apart}, ${known.path} (serial ${known.serial})`;
  if (known.path !== desired.disk) return `${disk} stands in the place of ${known.path}, which ${apart}`;
  // A disk without a serial number, such as a logical volume, is known by its filesystem, where it has all of its data.
  const { filesystemUuid } = memory;
  const isWhole = progress.gi?.flags === undefined || progress.gi.flags.consistent;
  if (filesystemUuid === null || !isWhole) return;
  const { disk: contents } = observed;
  if (contents.kind === "signature" && contents.uuid === filesystemUuid) return;
  return `${disk} holds ${describeContents(contents)}, and not the filesystem ${filesystemUuid}: it seems to be another disk than the one that ${apart}`;
}

function wayOn(pair: PairView, side: Side): string {
  const { hostname } = side.desired;
  const peer = pair.sides.find((one) => one !== side);
  const line = discardOfferOfAll(side);
  const replaced =
    peer !== undefined && mayGo(pair.desired, pair.memory, side, peer) && line !== undefined
      ? ` If this one shall take its place, and nothing on it counts: \`${line}\`; it is then filled from ${peer.desired.hostname}.`
      : "";
  return (
    `Put the old disk back: DRBD would take what is on this one for ${pair.desired.name}'s data.${replaced} ` +
    `If it is the same disk after all, bring it up yourself (\`drbdadm up ${pair.desired.name}\` on ${hostname}), and run \`pulumi up\` again.`
  );
}
