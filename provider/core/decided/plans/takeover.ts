/**
 * `primary` names a host whose peer cannot be reached. Only a person knows whether that one is off: `peerIsOff` is the word, and
 * drbd-takeover on the host does the rest, as it does for a person there. The word is bound to a token that the host made when
 * the two were parted (host/units/follow-role.sh).
 */
import { effectiveOptions } from "../../config/compare-options";
import { runFolder } from "../../config/paths";
import { filesRead } from "../../installed/includes";
import { connectionStates, diskStates } from "../../seen/kernel-states";
import { isRunning, type KernelResource, type ObservedNode, type ServiceSeen } from "../../seen/observed";
import type { Plan, Refusal, Step } from "../../steps/plan";
import { mounted, patient, serviceStart } from "../../steps/time-limits";
import { devicesOn, type DesiredResource } from "../../wanted/desired";
import { isMountedOn } from "../hosts/mounted-volumes";
import { changedKeys } from "../../wanted/same-inputs";
import { managerRefusals } from "../hosts/manager-refusals";

export interface TakeoverSituation {
  readonly desired: DesiredResource;
  /** The host that is left, and what was seen of it. */
  readonly host: string;
  readonly node: ObservedNode;
  /** The one that cannot be reached. */
  readonly gone: string;
}

/** Made when the two were parted, and gone as soon as they are connected again, or it was used. */
export const apartToken = (resource: string): string => `${runFolder}/${resource}.apart`;

/**
 * Whether what a program says is about this: else a host that cannot be reached is an error like any other. `isSwitched`: no `up`
 * has carried `primary` out yet.
 */
export function isTakeover({ primary, peerIsOff = {} }: DesiredResource, gone: string, isSwitched: boolean): boolean {
  return primary !== undefined && primary !== gone && (isSwitched || peerIsOff[gone] !== undefined);
}

/**
 * What else is new in the program cannot be carried out with one host alone, and would be stored as done: a takeover goes by what
 * was there before.
 */
export function changedBeside(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  return changedKeys(before, after).filter((key) => key !== "primary" && key !== "peerIsOff");
}

/** Undefined: it is Primary there already, and nobody says that the other host is off. */
export function planTakeover(situation: TakeoverSituation): Plan | undefined {
  const { desired, host, node, gone } = situation;
  const { name, peerIsOff = {} } = desired;
  const isThere = node.kernelResources.get(name)?.role === "Primary";
  if (isThere && peerIsOff[gone] === undefined) return undefined;
  const plan = { subject: name, stages: [], refusals: [], warnings: [], afterwards: [] };
  if (isThere && isServed(situation))
    return {
      ...plan,
      warnings: [
        `${gone} cannot be reached, and \`peerIsOff\` names it: nothing of ${name} was looked at there, and nothing else is changed before it is back`,
      ],
    };
  const refused = isThere ? [] : refusalsOf(situation);
  if (refused.length > 0) return { ...plan, refusals: refused };
  return {
    ...plan,
    stages: [[takeOver(host, desired, gone, isThere)]],
    warnings: [
      ...lostInBurst(situation),
      `what ${gone} wrote and ${host} never got is not on ${host}: what it wrote while the two were not connected${desired.protocol === "A" ? ", and, under protocol A, what was under way when it died" : ""}`,
    ],
    afterwards: [
      `${gone} is filled from ${host} when it comes back and wrote nothing that ${host} never got; else it is a split brain, which a person decides`,
    ],
  };
}

/** Nobody can see there whether it is so: a side that lags behind such a peer learns of it seconds later. */
function lostInBurst({ desired, host, node, gone }: TakeoverSituation): string[] {
  const { name, protocol, sections, link } = desired;
  const wanted = { ...sections.net, ...link?.net }["on-congestion"];
  const there = effectiveOptions([...filesRead(node).values()], name).get("net on-congestion");
  if (protocol !== "A" || ![wanted, there].includes("pull-ahead")) return [];
  return [
    `on-congestion is pull-ahead: where ${gone} died in a burst of writes or in the first seconds behind it, ${host} lacks all that was written since the burst began, though its disk is UpToDate. The loss is unbounded, and the two are a split brain when ${gone} comes back`,
  ];
}

/** All of it is mounted there, and runs: a takeover that failed half-way is called once more. */
function isServed({ desired, host, node }: TakeoverSituation): boolean {
  return isMountedOn(desired, node, host) && desired.services.every((service) => isOn(node.services?.get(service)));
}

/** What ends by itself has run, for all that is known. */
const isOn = (seen: ServiceSeen | undefined): boolean => seen === undefined || seen.ends || isRunning(seen);

function takeOver(
  host: string,
  { name, peerIsOff, volumes, services }: DesiredResource,
  gone: string,
  isThere: boolean,
): Step {
  const mounts = volumes.filter(({ filesystem }) => filesystem?.mountPoint !== undefined).length;
  const more = [...(mounts > 0 ? ["mounts it"] : []), ...(services.length > 0 ? ["starts the services"] : [])];
  const serves = `it is Primary, and not all of it is mounted and runs: ${more.join(", ")}`;
  const does = ["tries every address of the peer, and refuses while one answers", "makes it Primary", ...more];
  return {
    node: host,
    argv: ["drbd-takeover", name, "--peer-is-off", gone, "--while-apart", peerIsOff?.[gone] ?? ""],
    because: isThere ? serves : `\`primary: ${host}\`, and \`peerIsOff\` says that ${gone} is off: ${does.join(", ")}`,
    // It starts all of that one after the other, where they wait for each other.
    timeoutSeconds: patient + mounts * mounted + services.length * serviceStart,
  };
}

function refusalsOf({ desired, host, node, gone }: TakeoverSituation): Refusal[] {
  const { name, ignoreManagers } = desired;
  const kernel = node.kernelResources.get(name);
  const managed = managerRefusals(node, host, { name, volumes: devicesOn(desired, host), ignoreManagers });
  if (managed.length > 0) return managed;
  const refuse = (found: string, way: string): Refusal[] => [
    {
      node: host,
      found: `${name} is to run there (\`primary: ${host}\`), ${gone} cannot be reached, and ${found}`,
      way,
    },
  ];
  const stays = `Without \`primary: ${host}\`, it stays as it is.`;
  if (kernel === undefined)
    return refuse(
      `${name} is down on ${host}, so that what its disk holds is not known`,
      `\`drbdadm up ${name}\` there, and run it again.`,
    );
  if (connectionStates[kernel.connection ?? ""] === "together")
    return refuse(
      `DRBD on ${host} is connected to it: it runs, and is ${kernel.peerRole ?? "Unknown"}`,
      `Nobody takes it over from a host that runs. Find out why Pulumi cannot reach ${gone}, or move it there by hand: \`drbd-handback ${name}\`. ${stays}`,
    );
  const bad = kernel.devices.filter(({ disk }) => !["newest", "whole"].includes(diskStates[disk] ?? ""));
  if (bad.length > 0 || kernel.devices.length === 0)
    return refuse(
      `the data on ${host} must not be used: its disk is ${[...new Set(bad.map(({ disk }) => disk))].join(" and ") || "not attached"}`,
      `Bring ${gone} back: it fills ${host}, and then it moves. \`drbd-where ${name}\` on ${host} shows more. ${stays}`,
    );
  return wordRefusals(desired, { host, node, gone, kernel }, refuse);
}

function wordRefusals(
  { name, peerIsOff = {} }: DesiredResource,
  { host, node, gone, kernel }: Pick<TakeoverSituation, "host" | "node" | "gone"> & { kernel: KernelResource },
  refuse: (found: string, way: string) => Refusal[],
): Refusal[] {
  const token = node.files.get(apartToken(name))?.trim() ?? "";
  const byHand = `\`drbd-takeover ${name}\` on ${host}`;
  const state = `DRBD there is ${kernel.connection ?? "without a connection"}`;
  const given = peerIsOff[gone];
  if (token === "")
    return refuse(
      `${state}, but ${host} has made no token for a line of the program${given === undefined ? "" : ": the one in `peerIsOff` is spent, or void"}`,
      `If ${gone} is off for sure, take it over by hand: ${byHand}. (The token is made by \`drbd-role@\` when the two are parted: \`systemctl status 'drbd-role@*'\` there.)`,
    );
  if (given === token) return [];
  const line = `\`peerIsOff: { ${gone}: "${token}" }\``;
  const asks = `If ${gone} is off for sure (pull its plug, or look at it; two hosts that both write lose what one of them writes): ${line} in the resource's entry, and run it again. The same by hand: ${byHand}.`;
  return given === undefined
    ? refuse(`${state}. Whether ${gone} is off, only a person knows`, asks)
    : refuse(
        `${state}, and \`peerIsOff\` has the token of another time: since then the two were connected, or it was used, or ${host} was started anew`,
        asks,
      );
}
