/** Both sides hold changes that the other has not seen, or have nothing in common: what a person is told to decide, and how. */
import { devicePath } from "../../config/paths";
import { discardOffer } from "./discard-offer";
import { formatGi, generationOf } from "../../seen/generation-identifiers";
import { connectionStates } from "../../seen/kernel-states";
import { grammarOf, isRunning, type ObservedNode } from "../../seen/observed";
import { isActive, promotionOf } from "../../steps/boot-units";
import { quote } from "../../seen/shell-words";
import type { Refusal } from "../../steps/plan";
import type { DesiredResource } from "../../wanted/desired";
import { other, type PairView } from "./pair-view";
import { isPrimary, type Side } from "./side";
import { relationOf, isNewest, isAttached } from "./side-relation";

export function refuseUnrelated(pair: PairView): Refusal[] {
  const { source, target } = pair;
  if (pair.isMeeting) return [];
  const relation = relationOf(source, target);
  if (relation !== "split-brain" && relation !== "unrelated") return [];
  // A person has decided: giving-up.ts.
  if (relation === "split-brain" && Object.keys(pair.desired.giveUp ?? {}).length > 0) return [];
  const names = pair.sides.map((side) => side.desired.hostname).join(" and ");
  const identifiers = pair.sides
    .flatMap(({ desired: { hostname }, progress }) =>
      (progress.kind === "used" || progress.kind === "grown") && progress.gi !== undefined
        ? [`${hostname} ${formatGi(progress.gi)}`]
        : [],
    )
    .join(", ");
  return relation === "split-brain"
    ? [
        {
          found: `split brain: ${names} both hold changes that the other has not seen (generation identifiers: ${identifiers})`,
          way: `${afterConversion(pair)}Which changes are given up is for a person to decide. ${mayBeGivenUp(pair)
            .map((lost) => giveUp(pair, lost, other(pair, lost)))
            .join(" ")}`,
        },
      ]
    : [
        {
          found: `${names} hold data that has nothing in common (generation identifiers: ${identifiers})`,
          way: letGo(pair),
        },
      ];
}

/** The sides that a person may give up. */
export function mayBeGivenUp(pair: PairView): readonly Side[] {
  return isConverted(pair) ? olderThan(pair) : [pair.target, pair.source];
}

/** A conversion from DRBD 8.4 drops the identifiers that a side gets when it goes on without its peer (metadata-conversion.ts). */
function isConverted({ sides }: PairView): boolean {
  return sides.every(({ node, progress }) => {
    const gi = progress.kind === "used" || progress.kind === "grown" ? progress.gi : undefined;
    return grammarOf(node) === "9" && gi?.bitmap === 0n;
  });
}

function afterConversion(pair: PairView): string {
  if (!isConverted(pair)) return "";
  const [older, ...more] = olderThan(pair);
  const known =
    older === undefined || more.length > 0
      ? "Find out which host was Primary last: that one's data is the newer, and must not be given up."
      : `It is ${older.desired.hostname}, which ${isNewest(older) ? "still has the generation that both had when pulumi-drbd last looked" : "is Outdated by its own metadata"}: ${other(pair, older).desired.hostname} went on without it.`;
  return `Neither side has a bitmap identifier, as after a conversion from DRBD 8.4's metadata: then one of them may simply be older, which DRBD cannot tell any more. ${known} `;
}

/** The sides that a person may give up: the one that has not moved on since both were the same, where that is known. */
function olderThan({ memory, source, target }: PairView): readonly Side[] {
  const remembered = (side: Side) => memory.disks[side.desired.hostname]?.generation;
  const hasStayed = ({ progress }: Side, generation: string | undefined) =>
    progress.kind === "used" && progress.gi !== undefined && generationOf(formatGi(progress.gi)) === generation;
  const both = [target, source];
  const outdated = both.filter((side) => !isNewest(side));
  if (outdated.length === 1) return outdated;
  const generation = remembered(source);
  if (generation === undefined || generation !== remembered(target)) return both;
  const stayed = both.filter((side) => hasStayed(side, generation));
  return stayed.length === 1 ? stayed : both;
}

/**
 * What a person types in a split brain to give up one side's changes: for the state that each side is in, because a
 * command for another state fails, and stops those that are chained to it by `&&`.
 */
function giveUp({ desired }: PairView, lost: Side, kept: Side): string {
  const { name } = desired;
  // A resource that runs without its disk would be connected without one, and no data be given up: it begins anew.
  const isWithoutDisk = (side: Side) => side.kernel !== undefined && !isAttached(side);
  const isUp = (side: Side) => side.kernel !== undefined && isAttached(side);
  const looks = (side: Side) => isUp(side) && connectionStates[side.kernel?.connection ?? ""] === "looking";
  // Two that look for each other would meet, and part, before the connection that discards is made.
  const waits = !isUp(lost) && looks(kept) ? [`drbdadm disconnect ${name}`] : [];
  const there = [
    ...demotion(desired, lost.node, [lost]),
    ...(isWithoutDisk(lost) ? [`drbdadm down ${name}`] : []),
    ...(isUp(lost) ? [] : [`drbdadm up ${name}`]),
    ...(!isUp(lost) || looks(lost) ? [`drbdadm disconnect ${name}`] : []),
    `drbdadm connect --discard-my-data ${name}`,
  ];
  const connects = isWithoutDisk(kept)
    ? ["down", "up"]
    : !isUp(kept)
      ? ["up"]
      : looks(kept) && waits.length === 0
        ? []
        : ["connect"];
  const on = (side: Side, commands: readonly string[]) =>
    commands.length === 0 ? [] : [`on ${side.desired.hostname}, \`${commands.join(" && ")}\``];
  const lines = [
    ...on(kept, waits),
    ...on(lost, there),
    ...on(
      kept,
      connects.map((verb) => `drbdadm ${verb} ${name}`),
    ),
  ];
  return `To give up ${lost.desired.hostname}'s: ${lines.join("; then ")}.`;
}

/** Data without a common past is not given up by a command of DRBD's: it does not even connect the two. */
function letGo({ desired, source, target }: PairView): string {
  const { hostname } = target.desired;
  const line = isAttached(target) ? undefined : discardOffer(target, target.observed?.disk);
  const way =
    line === undefined
      ? `\`drbdadm down ${desired.name}\` there; the next \`pulumi up\` then names the line of \`discard\` for its disk`
      : `\`${line}\``;
  return (
    `DRBD does not connect them. Find out which disk belongs to ${desired.name}. To give up what ${hostname} holds: ${way}. ` +
    `To give up what ${source.desired.hostname} holds: first set \`syncSource: ${hostname}\`.`
  );
}

/** What a person types on a side that is no longer to be Primary. */
export function demotion(
  { name, services }: Pick<DesiredResource, "name" | "services">,
  node: ObservedNode,
  sides: readonly Side[],
): string[] {
  const running = node.kernelResources.get(name)?.devices ?? [];
  const minors = [...sides.map(({ desired }) => desired.minor), ...running.map(({ minor }) => minor)];
  const unmounts = node.mounts
    .filter(({ source }) => minors.some((minor) => source === devicePath(minor)))
    .map(({ target }) => `umount ${quote(target)}`)
    .reverse();
  if (!sides.some(isPrimary)) return unmounts;
  const serving = services.filter((service) => isRunning(node.services?.get(service)));
  const ends = serving.length === 0 ? [] : [`systemctl stop ${[...serving].reverse().map(quote).join(" ")}`];
  const stops = isActive(node, promotionOf(name)) ? [`systemctl stop ${quote(promotionOf(name))}`] : [];
  return [...ends, ...unmounts, ...stops, `drbdadm secondary ${name}`];
}
