/** What was found of a resource on both its hosts that a person must decide on. */
import type { Refusal } from "../../steps/plan";
import { connectionStates } from "../../seen/kernel-states";
import { dataRefusals } from "./data-refusals";
import { giveUpOffers, giveUpRefusals, isSplit } from "./giving-up";
import { demotion } from "./split-brain-refusals";
import { filesystemRefusals, unmadeRefusals } from "./filesystem-refusals";
import { isHalfUpOn, type HostView, type ResourceView } from "./resource-view";
import { isPrimary } from "./side";

export function resourceRefusals(view: ResourceView): Refusal[] {
  const ofData = view.pairs.map((pair) => ({ pair, refusals: dataRefusals(pair) }));
  // Two generations that do not fit part again as soon as they are connected: how to go on from there is told already.
  const partsAgain =
    ofData.some(({ pair, refusals }) => pair.row === "meet" && refusals.length > 0) || view.pairs.some(isSplit);
  const firstSplit = ofData.findIndex(({ pair, refusals }) => isSplit(pair) && refusals.length > 0);
  return [
    ...ofData.flatMap(({ pair, refusals }, index) =>
      index === firstSplit && isSplit(pair)
        ? refusals.map((one) => ({ ...one, way: one.way + giveUpOffers(view) }))
        : refusals,
    ),
    ...giveUpRefusals(view),
    ...(partsAgain ? [] : refuseTwoPrimaries(view)),
    ...refuseNewPrimary(view),
    ...refuseMixed(view),
    ...view.hosts.flatMap((host) => [...refuseAdjusting(view, host), ...(partsAgain ? [] : refuseAlone(view, host))]),
    ...view.pairs.flatMap(unmadeRefusals),
    // A new volume of a resource that is in use is Primary with the others (DRBD 9) before it is made Primary by force.
    ...view.pairs.filter((pair) => view.neverUsed || !pair.neverUsed).flatMap(filesystemRefusals),
  ];
}

/** Data that is kept is made Primary before it meets its peer: not beside volumes whose peer has a generation already. */
function refuseMixed({ desired: { name }, pairs, isToKeep, neverUsed }: ResourceView): Refusal[] {
  if (!isToKeep || neverUsed) return [];
  const kept = pairs.filter((pair) => pair.isToKeep).map(({ desired }) => `${name}/${desired.volume}`);
  return [
    {
      found: `\`existingData: "keep"\` is set for ${kept.join(", ")}, and other volumes of ${name} are in use already`,
      way: "A disk with data joins a resource only when all of that is new: make it a resource of its own.",
    },
  ];
}

/** Two hosts that write to one filesystem, or to two halves of it that parted, destroy it. */
function refuseTwoPrimaries({ desired: wanted, pairs, hosts, target }: ResourceView): Refusal[] {
  const filesystem = pairs.find(({ desired }) => desired.filesystem !== undefined)?.desired.filesystem;
  if (filesystem === undefined || !pairs.some(({ sides }) => sides.every(isPrimary))) return [];
  const commands = demotion(wanted, target.node, target.sides);
  return [
    {
      found: `${hosts.map(({ host }) => host.hostname).join(" and ")} are both Primary, and ${filesystem.type} may be in use on one alone`,
      way: `Stop what uses it on one of them, and make that one Secondary. On ${target.host.hostname}, say: \`${commands.join(" && ")}\`.`,
    },
  ];
}

/** A device that is in use, and its identifiers say that it never was: one of the two was misread. */
function refuseNewPrimary({ desired: { name }, hosts, neverUsed }: ResourceView): Refusal[] {
  const primary = hosts.find(({ sides }) => sides.some(isPrimary));
  if (!neverUsed || primary === undefined) return [];
  return [
    {
      node: primary.host.hostname,
      found: `${name} is Primary there, though its generation identifiers are those of a new device`,
      way: `Look at \`drbdadm role ${name}\`, \`drbdadm dstate ${name}\` and \`drbdadm get-gi ${name}\` there, and run \`pulumi up\` again: nobody is made Primary by force beside it.`,
    },
  ];
}

/** What bringing the kernel to the wanted configuration would do to a device that runs. */
function refuseAdjusting(view: ResourceView, host: HostView): Refusal[] {
  const { dangerous, parting } = view.adjustment(host);
  if (host.kernel === undefined) return [];
  const { name } = view.desired;
  const node = host.host.hostname;
  const found = (lines: readonly string[]) =>
    `the wanted configuration would have DRBD run \`${lines.join("; ")}\` on a device that is running`;
  return [
    ...(dangerous.length === 0
      ? []
      : [
          {
            node,
            found: found(dangerous),
            way: "A disk, a minor, a metadata place or a size cannot be changed under a running device: take the old value back, or take the resource down yourself first.",
          },
        ]),
    ...(parting.length === 0
      ? []
      : [
          {
            node,
            found: `${found(parting)}, which removes a peer or a path that it has`,
            way: `\`drbdsetup show ${name}\` tells which peers, node ids and paths there are. Name that host and its address in the program, or take the peer out yourself first.`,
          },
        ]),
  ];
}

function refuseAlone({ desired: { name } }: ResourceView, host: HostView): Refusal[] {
  if (connectionStates[host.kernel?.connection ?? ""] !== "alone" || isHalfUpOn(host)) return [];
  return [
    {
      node: host.host.hostname,
      found: `${name} is StandAlone there: it was disconnected by hand, or after a split brain`,
      way: `Connect it first: \`drbdadm connect ${name}\` there. Look at \`dmesg\` if it parts again.`,
    },
  ];
}
