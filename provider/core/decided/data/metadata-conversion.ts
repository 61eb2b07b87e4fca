/**
 * From DRBD 8.4 to 9 and back. drbdmeta converts the metadata. It keeps the current identifier and the history, and drops
 * the bitmap identifier, by which DRBD knows that one side is ahead of the other: two sides that were not in sync would then
 * be called a split brain, and the newest copy could be given up. So a pair is converted in sync, or the older side is let go
 * by name first.
 */
import { discardOfferOfAll } from "./discard-offer";
import { mayGo } from "./discards";
import { isAttached, relationOf } from "./side-relation";
import { formatGi } from "../../seen/generation-identifiers";
import type { PairView } from "./pair-view";
import type { Refusal } from "../../steps/plan";
import { type Side } from "./side";
import { inOrder } from "../hosts/different-versions";

/** Sides whose metadata would lose what tells that it is ahead, or that it stopped in the middle of its work. */
export function conversionRefusals(pair: PairView): Refusal[] {
  if (pair.row !== "meet") return [];
  const unsafe = pair.sides.filter((side) => keepsAll(side) === false);
  const relation = relationOf(pair.source, pair.target);
  const converts = pair.sides.some((side) => conversionOf(side) !== undefined);
  const isApart = relation === "split-brain" || relation === "unrelated";
  if (!converts || (unsafe.length === 0 && !isApart)) return [];
  const { name } = pair.desired;
  const identifiers = pair.sides.flatMap(({ desired: { hostname }, progress }) =>
    progress.kind === "used" && progress.gi !== undefined ? [`${hostname} ${formatGi(progress.gi)}`] : [],
  );
  const states = {
    "first-newer": `${pair.source.desired.hostname} has newer data than ${pair.target.desired.hostname}`,
    "second-newer": `${pair.target.desired.hostname} has newer data than ${pair.source.desired.hostname}`,
    "split-brain": "both sides hold changes that the other has not seen",
    unrelated: "the two sides hold data that has nothing in common",
    same: `${unsafe.map((side) => side.desired.hostname).join(" and ")} was not taken down in order`,
    "both-new": "",
  };
  const state = relation === undefined ? "it is not known whether they are in sync" : states[relation];
  return [
    {
      found: `the metadata of ${name} is DRBD 8.4's and must be converted, and ${state} (generation identifiers: ${identifiers.join(", ")}). The conversion drops the identifier that tells which side is ahead, and DRBD would call the two a split brain`,
      way: `Bring 8.4 back to both hosts (boot the kernel that has it), and then: ${inOrder(name, "8.4")}; run \`pulumi up\` again.${letGo(pair)}`,
    },
  ];
}

/** Where 8.4 is gone for good: the side that is not the newest is filled from the other one. */
function letGo(pair: PairView): string {
  const ways = [pair.target, pair.source].flatMap((side) => {
    const peer = side === pair.source ? pair.target : pair.source;
    const line = discardOfferOfAll(side);
    if (line === undefined || isAttached(side) || !mayGo(pair.desired, pair.memory, side, peer)) return [];
    return [
      ` If that is not possible, and what ${side.desired.hostname} holds may go: \`${line}\`; ${peer.desired.hostname} then fills it.`,
    ];
  });
  return ways[0] ?? "";
}

/** The generation identifiers in metadata that must be converted before DRBD 9 reads it, as drbdmeta prints them. */
export function conversionOf({ progress }: Side): string | undefined {
  return progress.kind === "used" || progress.kind === "new" ? progress.converts : undefined;
}

/** Whether converted metadata says all that it said before; undefined where nothing is converted. */
function keepsAll(side: Side): boolean | undefined {
  const text = conversionOf(side);
  if (text === undefined || side.progress.kind === "new") return undefined;
  // CURRENT:BITMAP:HISTORY:HISTORY:CONSISTENT:UPTODATE:PRIMARY:CONNECTED:FULLSYNC:OUTDATED:CRASHED
  const [, bitmap = "", , , , , primary, , fullSync, , crashed] = text.split(":");
  return /^0{15}[01]$/.test(bitmap) && [primary, fullSync, crashed].every((flag) => flag === "0");
}
