/**
 * A split brain that a person has decided: `giveUp` names one side by the generations of its volumes. DRBD gives up all
 * volumes of a connection at once, so all of them must fit.
 */
import { generationOf, formatGi } from "../../seen/generation-identifiers";
import { connectionStates } from "../../seen/kernel-states";
import { peerDeviceOf, type LastWritten, type ObservedNode } from "../../seen/observed";
import { leavingOn } from "../../installed/leaving-volumes";
import type { Refusal } from "../../steps/plan";
import { wordFor, type VolumePair } from "../../wanted/desired";
import { other, type PairView } from "./pair-view";
import { otherHost, type HostView, type ResourceView } from "./resource-view";
import { isPrimary, type Side } from "./side";
import { giOf, isAttached, relationOf } from "./side-relation";
import { demotion, mayBeGivenUp } from "./split-brain-refusals";

export interface GivingUp {
  readonly lost: HostView;
  readonly kept: HostView;
}

/** The current generation of a side's data, as `giveUp` names it. */
export function generationOn(side: Side): string | undefined {
  const gi = giOf(side);
  return gi === undefined ? undefined : generationOf(formatGi(gi));
}

export const isSplit = (pair: PairView): boolean =>
  pair.row === "meet" && !pair.isMeeting && relationOf(pair.source, pair.target) === "split-brain";

/** KiB of a volume that differ from its peer's, by a side's own bitmap. */
export function differsBy(side: Side, volume: VolumePair): number | undefined {
  return peerDeviceOf(side.node, volume)?.outOfSync;
}

/** The sides, where the line names what one of them holds now; what else it may name is refused below. */
export function givingUp(view: ResourceView): GivingUp | undefined {
  const lost = namedIn(view);
  return lost === undefined || !view.pairs.some(isSplit) || giveUpRefusals(view).length > 0
    ? undefined
    : { lost, kept: otherHost(view, lost) };
}

function namedIn({ desired: { giveUp = {} }, hosts }: ResourceView): HostView | undefined {
  return hosts.find(({ host }) => Object.hasOwn(giveUp, host.hostname));
}

/** Why a line for a split brain is not carried out. Nothing where there is none, or no split brain. */
export function giveUpRefusals(view: ResourceView): Refusal[] {
  const { desired, pairs } = view;
  const lost = namedIn(view);
  if (lost === undefined || !pairs.some(isSplit)) return [];
  const { hostname } = lost.host;
  const kept = otherHost(view, lost);
  const refuse = (found: string, way: string): Refusal[] => [{ node: hostname, found, way }];
  const strangers = view.hosts.flatMap(({ host, node, kernel }) => [
    ...leavingOn(desired, node, host.hostname).map(({ volume }) => volume),
    ...(kernel?.devices ?? []).map(({ volume }) => volume),
  ]);
  const unnamed = [...new Set(strangers)].filter((volume) => desired.volumes.every(({ number }) => number !== volume));
  if (unnamed.length > 0)
    return refuse(
      `${desired.name} has volume ${unnamed.join(", ")} on the hosts, which the program does not describe, and which would be given up with the others`,
      "DRBD gives up all volumes of a resource at once. Describe it until the split brain is over.",
    );
  const named = desired.giveUp?.[hostname] ?? [];
  const now = lost.sides.flatMap((side) => generationOn(side) ?? []);
  if (now.length < pairs.length)
    return refuse(
      `the generation of each volume of ${desired.name} cannot be read there`,
      `\`drbdadm up ${desired.name}\` there, and run \`pulumi up\` again. Leave a volume that is new in the program out of it until the split brain is over.`,
    );
  if (named.length !== now.length || named.some((one, index) => one.toUpperCase() !== now[index]))
    return refuse(
      `\`giveUp\` names ${named.join(", ")}, and ${desired.name} is in generation ${now.join(", ")} there: what was decided on has changed`,
      `Look at both sides once more. To give up what ${hostname} holds now: \`${giveUpLine(hostname, now)}\`.`,
    );
  const withheld = pairs.filter((pair) => isSplit(pair) && !mayBeGivenUp(pair).includes(pair.sides[lost.place]));
  if (withheld.length > 0)
    return refuse(
      `${hostname} holds the newer data of ${withheld.map(({ desired: one }) => wordFor(one)).join(" and ")}, as far as is known after a conversion of its metadata`,
      `The other side may be given up: the refusal without \`giveUp\` has the line.`,
    );
  const newer = pairs.filter((pair) => {
    const side = pair.sides[lost.place];
    return relationOf(side, other(pair, side)) === "first-newer";
  });
  if (newer.length > 0)
    return refuse(
      `the volumes are newer on different sides: ${newer.map(({ desired: one }) => wordFor(one)).join(" and ")} of ${hostname} has all that ${kept.host.hostname} has and more, and would be given up with the others`,
      `DRBD gives up all volumes of a resource at once. Copy what you need of ${hostname}'s first, and decide by hand: the commands are in the refusal without \`giveUp\`.`,
    );
  const apart = view.hosts.filter(({ sides }) => !sides.every(isAttached));
  if (apart.length > 0)
    return refuse(
      `${desired.name} is not up with its disks on ${apart.map(({ host }) => host.hostname).join(" and ")}`,
      `\`drbdadm up ${desired.name}\` there, and run \`pulumi up\` again: both sides must be seen before one is given up.`,
    );
  const kinds = kept.sides.map(({ device }) => device?.disk ?? "");
  if (kinds.some((disk) => !["UpToDate", "Consistent"].includes(disk)))
    return refuse(
      `the disk of ${kept.host.hostname} is ${kinds.join(" and ")}, which is not whole: DRBD would fill it from ${hostname}, and not the other way`,
      `Find out what ${kept.host.hostname} holds before anything is given up (\`drbdadm status ${desired.name}\` and \`dmesg\` there).`,
    );
  if (lost.sides.some(isPrimary))
    return refuse(
      `${desired.name} is Primary there, and what it holds is to be given up`,
      `Stop what uses it, and make it Secondary: \`${demotion(desired, lost.node, lost.sides).join(" && ")}\`. Then run \`pulumi up\` again.`,
    );
  if (desired.keep === undefined)
    return refuse(
      `\`giveUp\` gives up what ${desired.name} holds there, and \`keep\` does not say whether a copy is kept`,
      `A copy first: \`keep: /dev/…\` (blank and large enough), or \`keep: /path/of/a/new/file\`, on ${hostname}. No copy: \`keep: none\`.`,
    );
  return [];
}

/** `giveUp: { alpha: "6D58B9C5F1E0A2B4" }` */
export function giveUpLine(host: string, generations: readonly string[]): string {
  const words = generations.map((one) => `"${one}"`);
  return `giveUp: { ${host}: ${words.length === 1 ? (words[0] ?? "") : `[${words.join(", ")}]`} }`;
}

/** The lines that a refusal of a split brain offers, with what each side holds; nothing where a side cannot be read. */
export function giveUpOffers(view: ResourceView): string {
  const split = view.pairs.filter(isSplit);
  if (split.length === 0 || !view.hosts.every(({ sides }) => sides.every(isAttached))) return "";
  const offers = view.hosts.flatMap(({ host: { hostname }, place, sides }) => {
    const generations = sides.flatMap((side) => generationOn(side) ?? []);
    const isOffered = view.pairs.every((pair) => {
      const side = pair.sides[place];
      const isNewer = relationOf(side, other(pair, side)) === "first-newer";
      return !isNewer && (!isSplit(pair) || mayBeGivenUp(pair).includes(side));
    });
    return isOffered && generations.length === sides.length
      ? [`\`${giveUpLine(hostname, generations)}\` gives up ${hostname}'s`]
      : [];
  });
  if (offers.length === 0) return "";
  const sides = view.hosts.map((host) => `${host.host.hostname}: ${stateOf(view, host)}`);
  const program =
    "In the program, once that side is Secondary, with `keep: /dev/…`, `keep: /path/of/a/new/file` or `keep: none` for a copy of it:";
  return ["", ...sides, program, ...offers].join("\n    ");
}

/** `Primary, mounted on /srv/data; apart since …, by its kernel's log; by its bitmap 0.1 MiB are changed or missing there; …` */
function stateOf(view: ResourceView, { place, sides, node }: HostView): string {
  const role = sides.some(isPrimary) ? "Primary" : "Secondary";
  const mounted = sides.flatMap(({ mountedAt }) => mountedAt);
  const differs = view.pairs.map((pair) => {
    const kib = differsBy(pair.sides[place], pair.desired);
    return kib === undefined ? "an unknown part" : `${(kib / 1024).toFixed(1)} MiB`;
  });
  const use = mounted.length === 0 ? "" : `, mounted on ${mounted.join(" and ")}`;
  const since = node.resources.get(view.desired.name)?.apartSince;
  const apart =
    since === undefined
      ? "since when it is apart, its kernel's log does not tell"
      : `apart since ${since}, by its kernel's log`;
  const written = view.pairs.map((pair) => {
    const words = lastWritten(pair.sides[place].observed?.written);
    return sides.length > 1 ? `${wordFor(pair.desired)}: ${words}` : words;
  });
  return [
    `${role}${use}`,
    apart,
    `by its bitmap ${differs.join(" and ")} are changed or missing there`,
    ...written,
  ].join("; ");
}

/** Times are those of the host's own clock. */
function lastWritten({ file, mounted, changed }: LastWritten = {}): string {
  if (file?.isOfSome === true)
    return `not all of its files could be seen in 5 s; the newest of those is ${file.path} (${file.time})`;
  if (file !== undefined) return `the file that was written last is ${file.path} (${file.time})`;
  const known = [
    ...(mounted === undefined ? [] : [`mounted last ${mounted}`]),
    ...(changed === undefined ? [] : [`changed last ${changed}`]),
  ];
  return known.length > 0 ? known.join(", ") : "what was written last there cannot be read";
}

/** Perhaps a split brain: what a person needs to decide on it is asked for. */
export function doNotSpeak(name: string, nodes: readonly ObservedNode[]): boolean {
  return nodes.some(({ kernelResources }) => connectionStates[kernelResources.get(name)?.connection ?? ""] === "alone");
}

export const isAlone = ({ kernel }: HostView): boolean =>
  connectionStates[kernel?.connection ?? ""] === "alone" || kernel?.connection === undefined;
