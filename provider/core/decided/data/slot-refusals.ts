/** Metadata in a slot of a disk that several share: none is made there, and none is guessed. */
import { resourcePath } from "../../config/paths";
import { type ObservedNode, grammarOf } from "../../seen/observed";
import { commandLine } from "../../seen/shell-words";
import type { Refusal } from "../../steps/plan";
import { type VolumePair, type DesiredSide, wordFor } from "../../wanted/desired";
import { metaDiskText, drbdmetaPlace } from "../../wanted/metadata-place";
import type { Side } from "./side";

/** Slots are for pairs that have them. Their disk holds the metadata of others, so nothing is made there by us. */
export function refuseEmptySlot(desired: VolumePair, side: DesiredSide, node: ObservedNode): Refusal[] {
  const text = metaDiskText(side);
  // Never by drbdadm: where no file names the resource it does nothing, and a file may name another place.
  const [holder, place] = drbdmetaPlace(side);
  const [version, ...peers] = grammarOf(node) === "9" ? (["v09", "1"] as const) : (["v08"] as const);
  const create = commandLine(["drbdmeta", String(side.minor), version, holder, place, "create-md", ...peers]);
  return [
    {
      node: side.hostname,
      found: `there is no DRBD metadata of ${wordFor(desired)} at ${text}, and none is made in a slot of a disk that others may use`,
      way:
        `For a new pair, write \`metaDisk: internal\`, or name a disk of its own without an index: DRBD then takes as much of it as it needs. ` +
        `If ${wordFor(desired)} had its metadata there, find out what became of ${side.metaDisk} first: the disk behind it may hold the newest data. ` +
        `If the slot is free and nothing on ${side.disk} counts, make it yourself (\`${create}\` on ${side.hostname}), and run \`pulumi up\` again.`,
    },
  ];
}

/** Of what runs without a file: nothing that a look reads tells the slot, and a boot by another one finds other metadata. */
export function unknownSlot({ name }: VolumePair, { desired }: Side): Refusal[] {
  if (desired.metaIndex === undefined) return [];
  return [
    {
      node: desired.hostname,
      found: `${name} runs there, no file defines it, and so nothing tells which slot of ${desired.metaDisk} its metadata is in`,
      way: `Write the definition by which it runs to ${resourcePath(name)} (\`drbdsetup show ${name}\` prints \`meta-disk\` with its slot), and run \`pulumi up\` again.`,
    },
  ];
}
