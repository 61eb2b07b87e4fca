/** What one side of a resource needs until DRBD runs it: metadata where there is none, and its disk attached. */
import { describeContents, describeDisk, isSameDisk, mebibytes } from "../../seen/disk-identity";
import { isAttached } from "../data/side-relation";
import { usableBytes } from "../../steps/metadata-size";
import type { PairView } from "../data/pair-view";
import { devicePath } from "../../config/paths";
import type { Step } from "../../steps/plan";
import { isHalfUp, type Side } from "../data/side";
import * as steps from "../../steps/kernel-steps";
import * as stepsMetadata from "../../steps/metadata-steps";

/** From wherever a side is to a device that looks for its peer. */
export function bringUp(pair: PairView, side: Side): Step[] {
  const made = metadataSteps(pair, side);
  return [...made, ...attach(pair, side, made.length > 0)];
}

export function attach(pair: PairView, side: Side, isMade: boolean): Step[] {
  const host = side.desired.hostname;
  // Somebody may have run create-md over data: what is filled from the peer must hold nothing in front of its metadata,
  // and until that is known it must not wait for a peer either.
  const isFilled = pair.survivor !== undefined || (pair.neverUsed && side === pair.target);
  const isLoose = side.progress.kind === "new" && (!side.progress.attached || isHalfUp(side));
  const overwritten = isFilled && (isLoose || pair.isToKeep) ? side.desired : undefined;
  if (side.kernel === undefined) {
    const because = isMade ? "attaches the disk and looks for the peer" : "it is down";
    return [steps.up(host, pair.desired.name, because, overwritten)];
  }
  if (isHalfUp(side)) {
    return [
      ...(isMade ? [] : [takeDownHalfUp(pair, side)]),
      steps.up(host, pair.desired.name, "attaches the disk and looks for the peer", overwritten),
    ];
  }
  return isAttached(side) ? [] : [steps.adjust(host, pair.desired.name, "its disk is not attached", overwritten)];
}

function takeDownHalfUp({ desired }: PairView, side: Side): Step {
  const because = "it is half-way up: an earlier `drbdadm up` failed";
  return steps.downHalfUp(side.desired.hostname, desired.name, devicePath(desired.minor), because);
}

/** What a disk needs before it can be attached. drbdmeta touches no disk of a device that is configured, if only half. */
export function metadataSteps(pair: PairView, side: Side): Step[] {
  const made = ownMetadataSteps(pair, side);
  return made.length > 0 && isHalfUp(side) ? [takeDownHalfUp(pair, side), ...made] : made;
}

function ownMetadataSteps(pair: PairView, side: Side): Step[] {
  const { desired } = pair;
  const host = side.desired.hostname;
  const { disk, metaDisk } = side.desired;
  const { progress } = side;
  switch (progress.kind) {
    case "blank": {
      const { diskSize, metaDiskSize, discarded = [] } = progress;
      const place = { disk, diskSize, metaDisk, metaDiskSize };
      const cleared = discarded.map(({ path, contents }) => stepsMetadata.clearDisk(host, path, contents));
      const state = discarded.length > 0 ? "was cleared" : "is blank";
      const because = `${describeDisk(disk, side.observed?.disk, side.node)} ${state}${replaces(pair, side)}`;
      return [...cleared, stepsMetadata.createMetadata(host, desired, place, because)];
    }
    case "kept": {
      const { contents, metaDiskSize } = progress;
      const diskSize = "size" in contents ? contents.size : 0;
      const place = { disk, diskSize, metaDisk, metaDiskSize };
      const room =
        metaDisk === "internal" && contents.kind === "signature"
          ? `takes ${mebibytes(contents.taken ?? 0)} of the ${mebibytes(usableBytes(diskSize))} in front of the metadata`
          : `the metadata goes to ${metaDisk}`;
      const because = `${describeDisk(disk, contents, side.node)} keeps its ${describeContents(contents)}: ${room}`;
      return [stepsMetadata.createMetadataBeside(host, desired, place, contents, because)];
    }
    case "grown": {
      const now = side.observed !== undefined && "size" in side.observed.disk ? side.observed.disk.size : 0;
      const because = `${disk} was grown from ${mebibytes(progress.from)} to ${mebibytes(now)} while it was down: the metadata moves to its new end`;
      return [stepsMetadata.moveMetadata(host, desired, disk, progress, because)];
    }
    case "new":
    case "used": {
      if (progress.converts === undefined) return [];
      const because = `made by DRBD 8.4: converted for DRBD ${side.node.module?.version ?? "9"}, with its generation; ${disk} keeps its data`;
      return [stepsMetadata.convertMetadata(host, desired, side.desired, progress.converts, because)];
    }
    case "unread":
    case "foreign":
      return [];
  }
}

/** That a disk stands in for another one, and where its data comes from. */
function replaces(pair: PairView, side: Side): string {
  const { survivor } = pair;
  if (survivor === undefined) return "";
  const known = pair.memory.disks[side.desired.hostname];
  const contents = side.observed?.disk;
  const other =
    known !== undefined && contents !== undefined && isSameDisk(known, side.node, contents) === false
      ? `, in the place of the one with serial ${known.serial}`
      : "";
  return `${other}; ${survivor.desired.hostname} fills it`;
}
