/** What one side of a resource needs until DRBD runs it: metadata where there is none, and its disk attached. */
import { describeContents, describeDisk, isSameDisk, mebibytes } from "../../seen/disk-identity";
import { isAttached } from "../data/side-relation";
import { usableBytes } from "../../steps/metadata-size";
import type { PairView } from "../data/pair-view";
import { isHalfUpOn, type HostView, type ResourceView } from "../data/resource-view";
import type { DesiredSide } from "../../wanted/desired";
import { devicePath } from "../../config/paths";
import type { Step } from "../../steps/plan";
import { isHalfUp, type Side } from "../data/side";
import * as steps from "../../steps/kernel-steps";
import * as stepsMetadata from "../../steps/metadata-steps";
import { sizeOf } from "../../seen/observed";

/** From wherever a host is to a resource that looks for its peer. */
export function bringUp(view: ResourceView, host: HostView): Step[] {
  const made = metadataSteps(view, host);
  return [...made, ...attach(view, host, made.length > 0)];
}

/**
 * The sides whose disks are to be filled. Somebody may have run create-md over data: what is filled from the peer must hold
 * nothing in front of its metadata, and until that is known it must not wait for a peer either.
 */
export function overwrittenOn({ pairs }: ResourceView, { place }: HostView): DesiredSide[] {
  return pairs.flatMap((pair) => {
    const side = pair.sides[place];
    const isFilled = pair.survivor !== undefined || (pair.neverUsed && side === pair.target);
    const isLoose = side.progress.kind === "new" && (!side.progress.attached || isHalfUp(side));
    return isFilled && (isLoose || pair.isToKeep) ? [side.desired] : [];
  });
}

export function attach(view: ResourceView, host: HostView, isMade: boolean): Step[] {
  const { hostname } = host.host;
  const { name } = view.desired;
  const overwritten = overwrittenOn(view, host);
  if (host.kernel === undefined) {
    const because = isMade ? "attaches the disk and looks for the peer" : "it is down";
    return [steps.up(hostname, name, because, overwritten)];
  }
  if (isHalfUpOn(host)) {
    return [
      ...(isMade ? [] : [takeDownHalfUp(view, host)]),
      steps.up(hostname, name, "attaches the disk and looks for the peer", overwritten),
    ];
  }
  return host.sides.every(isAttached) ? [] : [steps.adjust(hostname, name, "its disk is not attached", overwritten)];
}

function takeDownHalfUp({ desired }: ResourceView, { host, sides }: HostView): Step {
  const because = "it is half-way up: an earlier `drbdadm up` failed";
  const devices = sides.map((side) => devicePath(side.desired.minor));
  return steps.downHalfUp(host.hostname, desired.name, devices, because);
}

/** What the disks need before they can be attached. drbdmeta touches no disk of a device that is configured, if only half. */
export function metadataSteps(view: ResourceView, host: HostView): Step[] {
  const made = view.pairs.flatMap((pair) => ownMetadataSteps(pair, pair.sides[host.place]));
  return made.length > 0 && isHalfUpOn(host) ? [takeDownHalfUp(view, host), ...made] : made;
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
      const cleared = discarded.map(({ path, contents }) =>
        pair.skipsSync && path === disk
          ? stepsMetadata.zeroDisk(host, path, contents)
          : stepsMetadata.clearDisk(host, path, contents),
      );
      const state = discarded.length > 0 ? "was cleared" : "is blank";
      const because = `${describeDisk(disk, side.observed?.disk, side.node)} ${state}${replaces(pair, side)}`;
      return [...cleared, stepsMetadata.createMetadata(host, desired, place, because)];
    }
    case "kept": {
      const { contents, metaDiskSize } = progress;
      const diskSize = sizeOf(contents) ?? 0;
      const place = { disk, diskSize, metaDisk, metaDiskSize };
      const room =
        metaDisk === "internal" && contents.kind === "signature"
          ? `takes ${mebibytes(contents.taken ?? 0)} of the ${mebibytes(usableBytes(diskSize))} in front of the metadata`
          : `the metadata goes to ${metaDisk}`;
      const because = `${describeDisk(disk, contents, side.node)} keeps its ${describeContents(contents)}: ${room}`;
      return [stepsMetadata.createMetadataBeside(host, desired, place, contents, because)];
    }
    case "grown": {
      const now = sizeOf(side.observed?.disk) ?? 0;
      const because = `${disk} was grown from ${mebibytes(progress.from)} to ${mebibytes(now)} while it was down: the metadata moves to its new end`;
      return [stepsMetadata.moveMetadata(host, desired, disk, progress, because)];
    }
    case "new":
    case "used": {
      if (progress.converts === undefined) return [];
      const because = `made by DRBD 8.4: converted for DRBD ${side.node.module?.version ?? "9"}, with its generation; ${disk} keeps its data`;
      return [stepsMetadata.convertMetadata(host, side.desired, progress.converts, because)];
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
