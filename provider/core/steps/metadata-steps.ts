import { sideOn, wordFor, type VolumePair, type DesiredSide } from "../wanted/desired";
import { drbdmetaPlace } from "../wanted/metadata-place";
import { contentsIdentity, describeContents, wholeUuid } from "../seen/disk-identity";
import { usableBytes } from "./metadata-size";
import { sizeOf, type Contents } from "../seen/observed";
import type { Step } from "./plan";
import type { Call } from "../seen/remote-functions";
import { copied, patient } from "./time-limits";

/** The disks that metadata is made on and for, with their sizes. Never one with slots: nothing is made there. */
export interface NewMetadata {
  readonly disk: string;
  readonly diskSize: number;
  readonly metaDisk: string;
  readonly metaDiskSize: number;
}

/** Only for a disk that was found blank; the guard looks again. Never with --force: a question it asks is answered no. */
export function createMetadata(node: string, desired: VolumePair, place: NewMetadata, because: string): Step {
  const guard: Call[] = [["still_blank", place.disk, String(place.diskSize)]];
  if (place.metaDisk !== "internal") guard.push(["still_blank", place.metaDisk, String(place.metaDiskSize)]);
  return {
    node,
    argv: ["drbdadm", "create-md", wordFor(desired)],
    because,
    guard,
    timeoutSeconds: patient,
  };
}

/**
 * Metadata beside data that stays. Internal, it lies behind a filesystem that ends before it, of which the guard makes
 * sure again; create-md finds the filesystem too and asks about it, hence --force, and refuses by itself (exit 40, in
 * spite of --force) where it would lie inside. On a disk of its own it touches that one alone.
 */
export function createMetadataBeside(
  node: string,
  desired: VolumePair,
  place: NewMetadata,
  contents: Contents,
  because: string,
): Step {
  const { disk, diskSize, metaDisk, metaDiskSize } = place;
  const internal = metaDisk === "internal";
  const holds: Call = ["still_holds", disk, contentsIdentity(contents) ?? ""];
  const metadata: Call = ["no_metadata", String(sideOn(desired, node).minor), ...drbdmetaPlace(place)];
  const room: Call = internal
    ? ["fits_before_metadata", disk, String(diskSize), String(usableBytes(diskSize))]
    : ["still_blank", metaDisk, String(metaDiskSize)];
  return {
    node,
    argv: internal
      ? ["drbdadm", "--", "--force", "create-md", wordFor(desired)]
      : ["drbdadm", "create-md", wordFor(desired)],
    because,
    // DRBD attaches a disk that a program has open, such as a virtual machine, whose writes would then pass it by.
    guard: [metadata, holds, ["nobody_holds", disk], room],
    timeoutSeconds: patient,
  };
}

/** The step that destroys: what a person named, and nothing that came in its place since. */
export function clearDisk(node: string, disk: string, contents: Contents): Step {
  const identity = contentsIdentity(contents) ?? "";
  return {
    node,
    argv: ["wipefs", "-a", disk],
    because: `named in \`discard\` as ${identity}`,
    destroys: `${node}:${disk} ${describeContents(contents)}`,
    guard: [
      ["still_holds", disk, identity],
      ["nobody_holds", disk],
    ],
    does: [{ kind: "clear", disk }],
    timeoutSeconds: patient,
  };
}

/** The same where the first sync is skipped: a disk with zeros at the places that are looked at would not do. */
export function zeroDisk(node: string, disk: string, contents: Contents): Step {
  return {
    ...clearDisk(node, disk, contents),
    argv: ["blkdiscard", "-z", disk],
    does: [{ kind: "zero", disk }],
    timeoutSeconds: copied(sizeOf(contents) ?? 0),
  };
}

/** check-resize, never create-md, which would make the metadata anew. The guard finds the old one at the old end. */
export function moveMetadata(
  node: string,
  desired: VolumePair,
  disk: string,
  { from, uuid }: { readonly from: number; readonly uuid: string },
  because: string,
): Step {
  const name = wordFor(desired);
  const { minor } = sideOn(desired, node);
  return {
    node,
    argv: ["drbdadm", "check-resize", name],
    because,
    guard: [
      ["no_metadata", String(minor), disk, "internal"],
      ["before_growth", disk, String(from), uuid === "" ? "any" : wholeUuid(uuid)],
    ],
    does: [{ kind: "move-metadata", resource: name, minor, disk, bytes: from }],
    timeoutSeconds: patient,
  };
}

/**
 * From DRBD 8.4's to DRBD 9's. drbdmeta asks two questions, the second where it finds a filesystem, and takes no answer
 * without a terminal: hence --force, and hence a guard that finds the very metadata that was planned on, since of anything
 * else new metadata would be made. drbdmeta itself, and not drbdadm, which would choose the version by the module.
 */
export function convertMetadata(node: string, { minor, ...side }: DesiredSide, gi: string, because: string): Step {
  const place = drbdmetaPlace(side);
  const [current = ""] = gi.split(":");
  const argv = ["drbdmeta", "--force", String(minor), "v09", ...place, "create-md", "1"];
  return {
    node,
    argv,
    because,
    guard: [["metadata_of_84", String(minor), ...place, gi]],
    does: [
      { kind: "run", argv },
      { kind: "check", call: ["metadata_of_9", String(minor), ...place, current] },
    ],
    timeoutSeconds: patient,
  };
}
