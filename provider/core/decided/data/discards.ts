import type { VolumePair } from "../../wanted/desired";
import { contentsIdentity, wholeUuid } from "../../seen/disk-identity";
import { hasPassed } from "../../seen/generation-identifiers";
import type { Memory } from "../../seen/memory";
import { resourcePath } from "../../config/paths";
import { deviceUuidOf, type Progress, type Side } from "./side";
import { disksOf } from "../../seen/side-disks";
import { type DiskContents } from "../../seen/side-disks";
import { isAttached, relationOf, isNewest, giOf } from "./side-relation";
import { sizeOf } from "../../seen/observed";

/** The sides as they are once what a person named in `discard` is gone, and what is to be kept is told from what is in the way. */
export function withDecisions(
  desired: VolumePair,
  memory: Memory,
  [first, second]: readonly [Side, Side],
): readonly [Side, Side] {
  const decided = (side: Side, other: Side): Side => ({ ...side, progress: decide(desired, memory, side, other) });
  return [decided(first, second), decided(second, first)];
}

function decide(desired: VolumePair, memory: Memory, side: Side, other: Side): Progress {
  const { progress, observed } = side;
  const host = side.desired.hostname;
  if (observed === undefined || isAttached(side)) return progress;
  const disks = disksOf(side.desired, observed);
  const named = desired.discard?.[host] ?? [];
  const discarded = disks.filter(({ contents }) => named.includes(contentsIdentity(contents) ?? ""));
  const keeps = desired.existingData === "keep" && host === desired.syncSource;
  // New metadata on a disk of its own says nothing of what stands on the disk that it is for.
  const stays = keeps && !["used", "grown", "unread"].includes(other.progress.kind);
  if (side.desired.metaIndex !== undefined) {
    // Nothing is cleared for metadata in a slot, which a person makes.
    const [data] = disks;
    return progress.kind === "new" && !stays && !isBlank(data) && data !== undefined
      ? { kind: "foreign", disks: [data] }
      : progress;
  }
  const apart = progress.kind === "new" && !stays && side.desired.metaDisk !== "internal" && !isBlank(disks[0]);
  const foreign = progress.kind === "foreign" ? progress.disks : apart ? disks.filter((one) => !isBlank(one)) : [];
  if (foreign.length > 0) {
    const left = foreign.filter(({ path }) => !discarded.some((one) => one.path === path));
    if (left.length === 0) return emptied(disks, discarded);
    const [only, ...more] = left;
    if (keeps && discarded.length === 0 && more.length === 0 && only?.path === side.desired.disk) {
      const metaDisk = disks[1]?.contents;
      return { kind: "kept", contents: only.contents, metaDiskSize: metaDisk?.kind === "blank" ? metaDisk.size : 0 };
    }
    return { kind: "foreign", disks: left };
  }
  const holder = disks.at(-1);
  const namesMetadata = discarded.some(({ path }) => path === holder?.path);
  const rest = disks.filter(({ path, contents }) => path !== holder?.path && contents.kind !== "blank");
  if (!namesMetadata || rest.some((one) => !discarded.includes(one))) return progress;
  return mayGo(desired, memory, side, other) ? emptied(disks, discarded) : progress;
}

const isBlank = (disk: DiskContents | undefined): boolean => disk?.contents.kind === "blank";

function emptied(disks: readonly DiskContents[], discarded: readonly DiskContents[]): Progress {
  const size = (disk: DiskContents | undefined) => sizeOf(disk?.contents) ?? 0;
  return { kind: "blank", diskSize: size(disks[0]), metaDiskSize: size(disks[1]), discarded };
}

/** Whether a generation of DRBD's data may go at a person's word: not the only one, not the newest one, of this resource. */
export function mayGo(desired: VolumePair, memory: Memory, side: Side, other: Side): boolean {
  if (side.progress.kind === "new") return true;
  const relation = relationOf(side, other);
  // The identifiers themselves say that it is the newest of the two, or holds changes that the other has not seen: it stays,
  // whatever is named, and though nobody remembers whose it is.
  if (relation === "first-newer" || relation === "split-brain") return false;
  if (other.progress.kind !== "used") return !isOwn(desired, memory, side);
  // Where both are named, neither may count on the other, but on one that is newer, and so stays.
  if (isNamed(desired, other) && relation !== "second-newer") return !isOwn(desired, memory, side);
  if (!isNewest(other)) return false;
  if (relation === "same" || relation === "second-newer") return true;
  return relation === "unrelated" && !isOwn(desired, memory, side);
}

/** Whether the metadata on its disk is among what a person lets go. */
function isNamed(desired: VolumePair, { desired: { hostname, ...side }, observed }: Side): boolean {
  if (observed === undefined) return false;
  const identity = disksOf({ hostname, ...side }, observed)
    .map(({ contents }) => contentsIdentity(contents))
    .at(-1);
  return identity !== undefined && (desired.discard?.[hostname] ?? []).includes(identity);
}

/** Whether a disk's generation of data is this resource's, as far as that is known. */
function isOwn(desired: VolumePair, memory: Memory, side: Side): boolean {
  if (isStranger(memory, side)) return false;
  const known = memory.disks[side.desired.hostname]?.metadataUuid ?? "";
  return known !== "" || side.kernel !== undefined || side.node.files.has(resourcePath(desired.name));
}

/** The metadata on its disk is another device's than the one that we remember there, and its data is not what was there. */
export function isStranger(memory: Memory, side: Side): boolean {
  const { metadataUuid: known = "", generation = "" } = memory.disks[side.desired.hostname] ?? {};
  const now = deviceUuidOf(side);
  if (known === "" || now === "" || wholeUuid(known) === now) return false;
  const gi = giOf(side);
  return gi === undefined || !hasPassed(gi, generation);
}
