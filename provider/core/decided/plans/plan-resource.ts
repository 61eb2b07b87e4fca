import { classifySide } from "../data/classify-side";
import { dataRefusals } from "../data/data-refusals";
import { lockedOptions } from "../data/locked-options";
import { switchoverRefusals, usersWarnings } from "../data/switchover-refusals";
import { mountRefusals } from "../data/filesystem-refusals";
import { resourceRefusals } from "../data/resource-refusals";
import { ResourceView, type FoundVolume } from "../data/resource-view";
import { roomRefusals } from "../hosts/host-needs";
import { managerRefusals } from "../hosts/manager-refusals";
import { preflight } from "../hosts/preflight";
import type { ResourceSituation } from "../hosts/resource-situation";
import { warn } from "../hosts/warnings";
import { isOurs } from "../../config/own-mark";
import { resourcePath } from "../../config/paths";
import { nodeIdRefusals } from "../../installed/node-ids";
import { memoryOf } from "../../seen/memory";
import type { Plan, Refusal } from "../../steps/plan";
import { devicesOn, volumePairs } from "../../wanted/desired";
import { linkNotes } from "./link-notes";
import { afterwards, resourceWarnings } from "./plan-remarks";
import { Promotion } from "./promotion";
import { ResourceStages } from "./resource-stages";
import { snapshotNotes } from "./snapshot-notes";
import { isDue, meetingBefore, plannedMove } from "./switchover";

/**
 * (Desired, Observed) → Plan. Every step is there because of something observed; a plan after a full apply is empty.
 * Where a later step depends on what an earlier one finds, the plan ends before it, and the next observation goes on.
 */
export function planResource(situation: ResourceSituation): Plan {
  const { desired, nodes } = situation;
  const refused = (refusals: readonly Refusal[]): Plan => ({
    subject: desired.name,
    stages: [],
    refusals,
    warnings: [],
    afterwards: [],
  });
  const managed = desired.hosts.flatMap(({ hostname }, place) =>
    managerRefusals(nodes[place === 0 ? 0 : 1], hostname, {
      name: desired.name,
      volumes: devicesOn(desired, hostname),
      ignoreManagers: desired.ignoreManagers,
    }),
  );
  const path = resourcePath(desired.name);
  if (managed.length > 0 && nodes.some((node) => !isOurs(node.files.get(path)))) return refused(managed);
  const early = preflight(situation);
  if (early.length > 0) return refused(early);
  const found = classify(situation);
  if ("refusals" in found) return refused(found.refusals);
  const view = new ResourceView(desired, situation.memory, found.volumes, situation.switchTo);
  // With other ids in its file, what drbdadm would do to the pair is no guide: data first, and then those.
  const isOfData = view.pairs.some((pair) => dataRefusals(pair).length > 0);
  const unclear = isOfData ? [] : nodeIdRefusals(desired, nodes);
  const refusals = unclear.length > 0 ? unclear : resourceRefusals(view);
  if (refusals.length > 0) return refused(refusals);
  const promotion = new Promotion(view);
  const staged = new ResourceStages(view, promotion, situation);
  const locked = view.hosts.flatMap((host) => lockedOptions(desired.name, host, staged.changedOptions(host)));
  if (locked.length > 0) return refused(locked);
  const before = staged.stages();
  const moves = isDue(view, before);
  const unmoved = moves ? switchoverRefusals(view, situation.isWayBack === true) : [];
  if (unmoved.length > 0) return refused(unmoved);
  const move = moves ? plannedMove(view) : undefined;
  const later = before.length === 0 ? meetingBefore(view) : [];
  const stages = [...before, ...(move === undefined ? later : [move.givesUp, move.takesOver])];
  const home = view.home.host.hostname;
  const unmounted =
    stages.length === 0 ? view.pairs.flatMap((pair) => mountRefusals(pair, home, view.reasonForHome)) : [];
  if (unmounted.length > 0) return refused(unmounted);
  if (managed.length > 0 && stages.length > 0) return refused(managed);
  const full = view.hosts.flatMap(({ node, host }) => roomRefusals(host.hostname, node, stages.flat()));
  if (full.length > 0) return refused(full);
  return {
    subject: desired.name,
    stages,
    refusals: [],
    warnings: [...warn(situation), ...resourceWarnings(view, promotion, staged), ...(moves ? usersWarnings(view) : [])],
    ...(stages.flat().some(({ argv }) => argv.includes(path))
      ? { notes: [...linkNotes(desired, nodes), ...snapshotNotes(desired, nodes)] }
      : {}),
    afterwards: afterwards(view, promotion, moves),
    ...((promotion.waitsForFill() || view.isMovedLater) && desired.waitForSync ? { waits: true } : {}),
    ...(move === undefined ? {} : { switchover: { from: move.from, to: move.to, givesUp: move.givesUp } }),
  };
}

/** Every side of every volume, or all that stops us on any of them. */
function classify({ desired, nodes, memory }: ResourceSituation): { volumes: FoundVolume[] } | { refusals: Refusal[] } {
  const [first, second] = nodes;
  const looked = volumePairs(desired).map((volume) => ({
    volume,
    sides: [
      classifySide(volume, volume.sides[0], first, memoryOf(memory, volume), second),
      classifySide(volume, volume.sides[1], second, memoryOf(memory, volume), first),
    ] as const,
  }));
  const refusals = looked.flatMap(({ sides }) => sides.flatMap((side) => (Array.isArray(side) ? side : [])));
  if (refusals.length > 0) return { refusals };
  const volumes = looked.flatMap(({ volume, sides: [one, other] }) =>
    Array.isArray(one) || Array.isArray(other) ? [] : [{ volume, sides: [one, other] as const }],
  );
  return { volumes };
}
