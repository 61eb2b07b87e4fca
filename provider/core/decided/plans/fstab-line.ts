/**
 * The line of fstab by which a volume is mounted: when it is written, and when it is taken out. What it says is in
 * steps/fstab-steps.
 */
import { deviceWords } from "../../installed/fstab-words";
import type { LeavingVolume } from "../../installed/leaving-volumes";
import type { ObservedNode } from "../../seen/observed";
import { deviceNames, keptLines, linesOf, wordOf } from "../../seen/parse-fstab";
import * as stepsFstab from "../../steps/fstab-steps";
import type { Step } from "../../steps/plan";
import * as stepsUnits from "../../steps/unit-steps";
import { deviceOn, volumePairs, type DesiredResource } from "../../wanted/desired";
import type { PairView } from "../data/pair-view";
import type { Side } from "../data/side";

/** Written where it is missing or differs; a line of the user's for the same device stays as a comment. */
export function lineComes(pair: PairView, side: Side): Step[] {
  const { desired } = pair;
  const host = side.desired.hostname;
  const { filesystem } = desired;
  const mountPoint = filesystem?.mountPoint;
  if (filesystem === undefined || mountPoint === undefined) return [];
  const line = stepsFstab.fstabLine(desired, host, filesystem, mountPoint);
  const words = deviceWords(
    desired,
    side.node,
    pair.sides.map(({ node }) => node),
    pair.memory,
  );
  const { own, foreign } = linesOf(side.node, words);
  if (own.length === 1 && own[0] === line && foreign.length === 0) return [];
  const kept = foreign.map((one) => `; takes the place of \`${one.trim()}\`, which stays there as a comment`).join("");
  return [
    stepsFstab.writeFstabLine(
      host,
      desired,
      words,
      line,
      mountPoint,
      `${mountPoint} noauto: mounted where ${desired.name} is Primary${kept}`,
    ),
  ];
}

/** Taken out with the resource; `givesBack`: the user's own lines, which became comments, are lines again. */
export function linesGo(desired: DesiredResource, host: string, node: ObservedNode, givesBack: boolean): Step[] {
  const names = namesOn(desired, host);
  const lines = givesBack ? keptLines(node, names) : [];
  if (linesOf(node, names).own.length === 0 && lines.length === 0) return [];
  const because = ["ours goes", ...lines.map((line) => `\`${line.trim()}\` is a line again`)].join("; ");
  return [stepsFstab.removeFstabLine(host, [...new Set([...names, ...lines.map(wordOf)])], because, givesBack)];
}

/** Taken out with a volume that the program describes no more. */
export function leavingLineGoes(host: string, node: ObservedNode, volume: LeavingVolume): Step[] {
  const names = deviceNames(volume);
  if (linesOf(node, names).own.length === 0) return [];
  return [stepsFstab.removeFstabLine(host, names, "ours goes", false), stepsUnits.reloadSystemd(host, "reads fstab")];
}

/** By which a line of fstab may name one of the resource's devices. */
export function namesOn(desired: DesiredResource, hostname: string): string[] {
  return volumePairs(desired).flatMap((volume) => deviceNames(deviceOn(volume, hostname)));
}
