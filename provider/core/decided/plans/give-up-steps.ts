/** A split brain that a person has decided, as a person would end it: a copy of what goes, and then the connection that discards it. */
import { usableBytes } from "../../steps/metadata-size";
import * as stepsSplit from "../../steps/split-brain-steps";
import { keptNote } from "../../steps/own-folder";
import type { Stage, Step } from "../../steps/plan";
import { wordFor } from "../../wanted/desired";
import * as steps from "../../steps/kernel-steps";
import { differsBy, generationOn, isAlone, type GivingUp } from "../data/giving-up";
import type { ResourceView } from "../data/resource-view";
import { sizeOf } from "../../seen/observed";

export function giveUpStages(view: ResourceView, { lost, kept }: GivingUp): Stage[] {
  const { desired, pairs } = view;
  const { name } = desired;
  const [host, peer] = [lost.host.hostname, kept.host.hostname];
  const volumes = pairs.map((pair) => {
    const side = pair.sides[lost.place];
    const generation = generationOn(side) ?? "";
    return { pair, side, generation, differs: differsBy(side, pair.desired) };
  });
  const isAsPlanned = volumes.map(({ pair, generation, differs }) =>
    stepsSplit.stillDiffers(wordFor(pair.desired), generation, differs),
  );
  const noted = (lost.node.files.get(keptNote(name)) ?? "").split("\n");
  const wanted = volumes.flatMap((volume, index) => {
    const place = desired.keep?.[index];
    const { device, observed } = volume.side;
    const size = (device?.size ?? 0) * 1024;
    const bytes = size > 0 ? size : usableBytes(sizeOf(observed?.disk) ?? 0);
    const isMade = noted.includes(`${volume.generation} ${place ?? ""}`);
    return place === undefined ? [] : [{ ...volume, place, bytes, isMade }];
  });
  // Made by an earlier run: a write since then may have begun no generation.
  const made = wanted.filter(({ isMade }) => isMade);
  const copies = wanted.flatMap(({ pair, side, generation, place, bytes, isMade }): Step[] => {
    if (isMade) return [];
    const because = `a copy of what ${host} holds of ${wordFor(pair.desired)}, before it is given up`;
    return [
      stepsSplit.keepCopy(host, name, { disk: side.desired.disk, place, bytes, generation }, isAsPlanned, because),
    ];
  });
  const lines = volumes.map(
    ({ pair, generation, differs }) =>
      `${wordFor(pair.desired)} in generation ${generation}${differs === undefined ? "" : `, of which ${differs} KiB differ`}`,
  );
  const because = `\`giveUp\`: ${lines.join("; ")}. ${peer}'s stays, and fills it`;
  const stays = pairs.map((pair) =>
    stepsSplit.stillDiffers(wordFor(pair.desired), generationOn(pair.sides[kept.place]) ?? ""),
  );
  return [
    copies,
    // Before anything is given up, what stays must be what was seen.
    [stepsSplit.checkKept(peer, name, stays, "its data stays: it must be what was looked at")],
    [
      ...(isAlone(lost) ? [] : [stepsSplit.disconnect(host, name, "to connect again as the side that gives up")]),
      stepsSplit.connectDiscarding(
        host,
        name,
        { isAsPlanned, copies: made.map(({ side, place, bytes }) => ({ disk: side.desired.disk, place, bytes })) },
        because,
        lines.map((line) => `${host}'s ${line}`).join(" and "),
      ),
    ],
    [
      ...(isAlone(kept) ? [stepsSplit.connect(peer, name, `to fill ${host}`)] : []),
      steps.waitConnected(peer, desired, `${host} is filled from here`),
    ],
  ].filter((stage) => stage.length > 0);
}
