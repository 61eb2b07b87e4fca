/** What was found on the disks that a person must decide on: whose data stays, and whose goes. */
import { discardOffer } from "./discard-offer";
import { refuseOtherDisks } from "./swapped-disk-refusals";
import {
  contentsIdentity,
  describeContents,
  describeDisk,
  filesystemIn,
  isSameDisk,
  mebibytes,
} from "../../seen/disk-identity";
import { isStranger } from "./discards";
import { hasLastCopyOf, isAttached, isNewest, relationOf } from "./side-relation";
import { wasInUse } from "../../seen/memory";
import { metadataBytes, usableBytes } from "../../steps/metadata-size";
import { other, type PairView } from "./pair-view";
import type { Refusal } from "../../steps/plan";
import { conversionRefusals } from "./metadata-conversion";
import { deviceUuidOf, type Side } from "./side";
import { type DiskContents } from "../../seen/side-disks";
import { quote } from "../../seen/shell-words";
import { refuseUnrelated } from "./split-brain-refusals";
import { sizeOf } from "../../seen/observed";

export function dataRefusals(pair: PairView): Refusal[] {
  const lost = [...refuseLostData(pair), ...refuseStrangers(pair), ...refuseOtherDisks(pair)];
  if (lost.length > 0) return lost;
  switch (pair.row) {
    case "first-sync":
      return refuseNothingToKeep(pair);
    case "first-sync-keeping":
      return refuseKept(pair);
    case "fill-target":
      return refuseFilling(pair, pair.source, pair.target);
    case "fill-source":
      return [...refuseWrongSource(pair), ...refuseFilling(pair, pair.target, pair.source)];
    case "meet": {
      const ofUpgrade = conversionRefusals(pair);
      return ofUpgrade.length > 0 ? ofUpgrade : refuseUnrelated(pair);
    }
    case "refuse-foreign":
      return pair.sides.flatMap((side) => refuseForeign(pair, side));
    case "refuse-two-copies":
      return refuseTwoCopies(pair);
  }
}

/** `alpha:/dev/vdb holds nothing (it is blank)`, as far as a look at the disk itself tells. */
function holds(side: Side): string {
  const { progress, observed, desired } = side;
  const place = `${desired.hostname}:${desired.disk}`;
  const generation = {
    new: "metadata that was just created, and no data",
    used: "a generation of the resource's data",
    grown: "a generation of the resource's data, and was grown",
  };
  const found =
    progress.kind in generation
      ? generation[progress.kind as keyof typeof generation]
      : describeContents(observed?.disk ?? { kind: "missing" });
  return `${place} holds ${found}`;
}

function refuseLostData({ memory, row, desired, sides }: PairView): Refusal[] {
  if (!wasInUse(memory)) return [];
  const empty = row === "first-sync" || row === "first-sync-keeping";
  if (!empty) return [];
  const found =
    memory.filesystemUuid !== null
      ? `the filesystem ${memory.filesystemUuid} was on ${desired.name}`
      : `${desired.name} was in use`;
  const disks = sides.flatMap((side) => {
    const known = memory.disks[side.desired.hostname];
    return known === undefined || known.bytes === 0
      ? []
      : [
          `${side.desired.hostname}:${known.path} (${mebibytes(known.bytes)}${known.serial === "" ? "" : `, serial ${known.serial}`})`,
        ];
  });
  return [
    {
      found: `${found}, and neither disk holds a generation of its data any more`,
      way:
        `The disks may have been swapped, wiped or re-partitioned: find the old ones${disks.length === 0 ? "" : `, ${disks.join(" and ")}`}. ` +
        "To begin anew with these, run `pulumi destroy` for this resource (it leaves the disks alone) and then `pulumi up`.",
    },
  ];
}

/** Metadata of another DRBD device than the one that we know there, and nothing that says that it belongs to the pair. */
function refuseStrangers(pair: PairView): Refusal[] {
  const { memory, desired } = pair;
  const isUsed = ({ progress }: Side) => progress.kind === "used" || progress.kind === "grown";
  const strangers = pair.sides.filter((side) => isUsed(side) && !isAttached(side) && isStranger(memory, side));
  return strangers.flatMap((side) => {
    const peer = other(pair, side);
    const relation = relationOf(side, peer);
    const isRelated = relation !== undefined && relation !== "unrelated";
    if (isRelated && !strangers.includes(peer)) return [];
    const host = side.desired.hostname;
    const line = discardOffer(side, side.observed?.disk);
    return [
      {
        node: host,
        found: `${side.desired.disk} holds the metadata of another DRBD device (${deviceUuidOf(side)}) than that of ${desired.name} (${memory.disks[host]?.metadataUuid ?? ""}), and ${holds(peer)}`,
        way:
          "Find the disk that was there, or see whether the path leads to another disk since a reboot (/dev/disk/by-id stays the same)." +
          (isRelated
            ? ` If the two are ${desired.name}'s own disks all the same, and somebody converted their metadata: \`drbdadm up ${desired.name}\` on both hosts, look at \`drbdadm status ${desired.name}\` and at the data, and run \`pulumi up\` again.`
            : line === undefined || !isNewest(peer)
              ? ""
              : ` If what is on this one may go: \`${line}\`; it is then filled from ${peer.desired.hostname}.`),
      },
    ];
  });
}

function refuseNothingToKeep({ desired, source, target }: PairView): Refusal[] {
  if (desired.existingData !== "keep" || source.progress.kind !== "blank") return [];
  return [
    {
      node: desired.syncSource,
      found: `\`existingData: "keep"\` keeps what is on the sync source's disk, and ${describeDisk(source.desired.disk, source.observed?.disk, source.node)} is blank; ${holds(target)}`,
      way: "If the data is on another disk, name that one. To begin with an empty device, leave `existingData` out.",
    },
  ];
}

/** DRBD's metadata must not lie where the filesystem does, the peer must have room for it, and it must be what is mounted. */
function refuseKept({ desired, source, target }: PairView): Refusal[] {
  if (source.progress.kind !== "kept") return [];
  const { contents, metaDiskSize } = source.progress;
  const { hostname: node, disk, metaDisk } = source.desired;
  const size = sizeOf(contents) ?? 0;
  const type = contents.kind === "signature" ? contents.type : undefined;
  const found: Refusal[] = [];
  const { filesystem } = desired;
  const taken = contents.kind === "signature" ? contents.taken : undefined;
  // The device is as big as the smaller side lets it be, and would cut off what stands on the bigger one.
  const peerSize = sizeOf(target.observed?.disk) ?? 0;
  const peerUsable = target.desired.metaDisk === "internal" ? usableBytes(peerSize) : peerSize;
  if (peerUsable < (taken ?? size)) {
    found.push({
      node: target.desired.hostname,
      found: `DRBD leaves ${peerUsable} bytes of ${target.desired.disk}, and ${describeContents(contents)} on ${node}:${disk} takes ${taken ?? size}: the device would be smaller than what stands on it`,
      way: `Use a bigger disk on ${target.desired.hostname}${target.desired.metaDisk === "internal" ? `, or one of its own for the metadata there: \`metaDisks: { ${target.desired.hostname}: /dev/… }\`` : ""}.`,
    });
  }
  if (filesystem !== undefined && filesystemIn(contents, filesystem.type) === undefined) {
    found.push({
      node,
      found: `${disk} holds ${describeContents(contents)}, which \`existingData: "keep"\` keeps, and not ${filesystem.type}`,
      way: "Leave `filesystem` out, and use the device as it is.",
    });
  }
  const needed = metadataBytes(size);
  const external = `Give it a disk of its own for the metadata, of at least ${needed} bytes: \`metaDisks: { ${node}: /dev/… }\` (\`metaDisk\` in a program).`;
  if (metaDisk !== "internal") {
    if (metaDiskSize < needed) {
      found.push({
        node,
        found: `${metaDisk} has ${metaDiskSize} bytes, and the metadata of ${disk} takes ${needed}`,
        way: "Use a bigger disk for the metadata.",
      });
    }
    return found;
  }
  const usable = usableBytes(size);
  if (taken === undefined) {
    found.push({
      node,
      found: `${disk} holds ${describeContents(contents)}, and how much of the disk it takes is not known, so that internal metadata might overwrite its end`,
      way: external,
    });
  } else if (taken > usable) {
    found.push({
      node,
      found: `the ${type ?? "data"} on ${disk} takes ${taken} of its ${size} bytes, and internal metadata at the disk's end would leave it ${usable}`,
      way: `${external} Or make room: grow the disk by ${Math.max(1, Math.ceil((taken - usable) / 1024 / 1024))} MiB or more${type?.startsWith("ext") === true ? ", or shrink the filesystem (`resize2fs`)" : ""}.`,
    });
  }
  return found;
}

/** Without its disk, a side cannot become Primary. */
function attached(survivor: Side, resource: string): string {
  if (isAttached(survivor)) return "";
  return `\`drbdadm ${survivor.kernel === undefined ? "up" : "attach"} ${resource}\` and `;
}

/** Before an empty disk is filled: the one that it is filled from must have the newest data, and room. */
function refuseFilling({ desired, memory }: PairView, survivor: Side, empty: Side): Refusal[] {
  const host = survivor.desired.hostname;
  if (survivor.progress.kind === "unread") return [];
  if (!isNewest(survivor)) {
    const state =
      survivor.device !== undefined && isAttached(survivor)
        ? survivor.device.disk
        : "not up to date by its own metadata";
    return [
      {
        node: host,
        found: `${survivor.desired.disk} holds the only copy of ${desired.name} that is left, and it is ${state}; ${holds(empty)}`,
        way: `The newest data was on the disk that is gone: find it and put it back. To go on with what ${host} has, say so to DRBD yourself (${attached(survivor, desired.name)}\`drbdadm primary --force ${desired.name}\` on ${host}), look at the data, and run \`pulumi up\` again.`,
      },
    ];
  }
  if (empty.progress.kind !== "blank" || empty.desired.metaDisk !== "internal") return [];
  const known = memory.disks[empty.desired.hostname];
  const device = isAttached(survivor) ? (survivor.device?.size ?? 0) * 1024 : 0;
  const needed = device > 0 ? device : known === undefined ? 0 : usableBytes(known.bytes);
  const usable = usableBytes(empty.progress.diskSize);
  if (usable >= needed) return [];
  const { hostname: node, disk } = empty.desired;
  return [
    {
      node,
      found: `${describeDisk(disk, empty.observed?.disk, empty.node)} is too small to be filled from ${host}: DRBD leaves ${usable} bytes of it, and ${desired.name} has ${needed}`,
      way: "Use a disk at least as big as the one that it replaces.",
    },
  ];
}

function refuseWrongSource({ desired, memory, target, source }: PairView): Refusal[] {
  if (wasInUse(memory)) return [];
  const { hostname, disk } = target.desired;
  // Where one copy was let go for the other's sake, the other is not offered, too.
  const isLast = hasLastCopyOf(source, target);
  const line = isLast ? undefined : discardOffer(target, target.observed?.disk);
  return [
    {
      node: hostname,
      found: `its disk ${disk} holds data of a DRBD resource, while the sync source ${desired.syncSource} holds none (${holds(source)})`,
      way: `If ${hostname}'s data is the one to keep, set \`syncSource: ${hostname}\`.${line === undefined ? "" : ` If it may go, and is another resource's: \`${line}\`.`}`,
    },
  ];
}

/** Somebody else's data. */
function refuseForeign(pair: PairView, side: Side): Refusal[] {
  if (side.progress.kind !== "foreign") return [];
  return side.progress.disks.map((disk) => refuseContents(pair, side, disk));
}

function refuseContents(pair: PairView, side: Side, { path, contents }: DiskContents): Refusal {
  const { desired } = pair;
  const host = side.desired.hostname;
  const peer = other(pair, side);
  const isSource = side === pair.source;
  const known = pair.memory.disks[host];
  const again =
    known !== undefined && known.path === path && isSameDisk(known, side.node, contents) === false
      ? ` (it is another disk than the one that was ${desired.name}'s)`
      : "";
  const named = (desired.discard?.[host] ?? []).join(", ");
  const found =
    named === ""
      ? `${path} holds ${describeContents(contents)}${again}, which create-md and the sync would overwrite; ${holds(peer)}`
      : `\`discard\` lets ${named} go there, and ${path} holds ${contentsIdentity(contents) ?? describeContents(contents)}${again} now; ${holds(peer)}`;
  const grown = grownUnknown(pair, side, { path, contents });
  const line = grown === undefined ? discardOffer(side, contents) : undefined;
  const emptyPeer = peer.progress.kind === "blank" || peer.progress.kind === "new";
  const ways = [
    ...(grown === undefined ? [] : [grown]),
    ...(line === undefined ? [] : [`If it may go: \`${line}\`.`]),
    ...(path !== side.desired.disk || !emptyPeer
      ? []
      : isSource
        ? ['If it is what shall be replicated: `existingData: "keep"`.']
        : [`If it is what shall be replicated: \`syncSource: ${host}\` and \`existingData: "keep"\`.`]),
    ...(line === undefined ? [`Look at the disk, and clear it yourself on ${host} if it may go.`] : []),
  ];
  return { node: host, found, way: ways.join(" ") };
}

/**
 * Nobody remembers that the disk had metadata, and there is some behind its filesystem: it may hold the newest data, so that
 * no line is offered by which it goes.
 */
function grownUnknown(
  { desired }: PairView,
  { desired: side }: Side,
  { path, contents }: DiskContents,
): string | undefined {
  if (contents.kind !== "signature" || contents.ended === undefined) return undefined;
  if (path !== side.disk || side.metaDisk !== "internal") return undefined;
  const record = `/var/lib/drbd/drbd-minor-${side.minor}.lkbd`;
  return (
    `Behind that filesystem lies DRBD's metadata, where the disk ended when it had ${contents.ended} bytes: it seems to have grown while DRBD did not run. ` +
    `If it is ${desired.name}'s, and had that size when DRBD last ran on it: on ${side.hostname}, \`mkdir -p /var/lib/drbd && printf '%s\\t%s\\n' ${contents.ended} ${quote(path)} >${record}\`, and run \`pulumi up\` again: the metadata moves to the disk's new end, and DRBD finds out whose data is newer.`
  );
}

function refuseTwoCopies(pair: PairView): Refusal[] {
  const { source, target } = pair;
  const line = discardOffer(target, target.observed?.disk);
  return [
    {
      found: `\`existingData: "keep"\` keeps what is on the sync source, and the other side holds data too: ${holds(source)}, and ${holds(target)}`,
      way: `Only one of them can stay. To keep ${target.desired.hostname}'s: \`syncSource: ${target.desired.hostname}\`, without \`existingData\`.${line === undefined ? "" : ` To keep ${source.desired.hostname}'s, if the other is another resource's: \`${line}\`.`}`,
    },
  ];
}
