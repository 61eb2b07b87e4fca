/**
 * `primary` names the other host: from where it runs to there. The old side gives it up only while the new one is whole,
 * and the new one takes it only when DRBD says that it is the newest. Where a step fails, the run goes back to the old
 * side (lifecycle/switch-back), so that it is served on one of them.
 */
import { isActive, promotionOf } from "../../steps/boot-units";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import { isRunning, type ObservedNode } from "../../seen/observed";
import type { Call } from "../../seen/remote-functions";
import type { PlannedMove, Stage, Step } from "../../steps/plan";
import * as stepsPromotion from "../../steps/promotion-steps";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsMachines from "../../steps/virtual-machine-steps";
import { memoryOf, wasInUse, type MemoryOfVolumes } from "../../seen/memory";
import type { DesiredResource } from "../../wanted/desired";
import { virtualMachineOf } from "../../wanted/virtual-machine";
import { runsMachine } from "../hosts/machine-definitions";
import { isOurs } from "../../config/own-mark";
import { devicePath, resourcePath } from "../../config/paths";
import { isTogetherOn, type ResourceView, type Switchover } from "../data/resource-view";
import * as steps from "../../steps/kernel-steps";
import { isPrimary } from "../data/side";
import { missedEnd } from "../data/missed-end";
import { isMet } from "../data/switchover-refusals";
import { inOrder } from "./boot-steps";

/**
 * Whether it is in this plan. What is begun or formatted comes first, and so does what brings the new side up: the next look
 * decides then.
 */
export function isDue(view: ResourceView, before: readonly Stage[]): boolean {
  const { switchover, pairs } = view;
  if (
    switchover === undefined ||
    view.isMovedLater ||
    missedEnd(view) !== undefined ||
    pairs.some(({ neverUsed }) => neverUsed)
  )
    return false;
  return before.length === 0 || (isMet(switchover.to) && !before.flat().some(({ argv }) => isOfData(argv)));
}

const isOfData = ([command]: readonly string[]): boolean => /^(mkfs|mount)/.test(command ?? "");

/** Where it is for later, the sync that it waits for begins only when the two have met. */
export function meetingBefore(view: ResourceView): Stage[] {
  const { switchover, desired } = view;
  if (switchover === undefined || !view.isMovedLater || isTogetherOn(switchover.to)) return [];
  const { from, to } = switchover;
  return [[steps.waitConnected(to.host.hostname, desired, `${from.host.hostname} fills it, and then it moves here`)]];
}

/**
 * How closely a resource is looked at before its steps. Of one that is to move, who uses it is enough: the look after the steps
 * goes into its disks. Whoever remembers nothing of them looks closely: with no steps, what was seen is what is stored.
 */
export function depthForSteps(
  { name, volumes }: DesiredResource,
  { memory, switchTo, seen }: { memory: MemoryOfVolumes; switchTo: string | undefined; seen: readonly ObservedNode[] },
): "needed" | "close" {
  const isElsewhere = seen.some(
    ({ hostname, kernelResources }) => hostname !== switchTo && kernelResources.get(name)?.role === "Primary",
  );
  const remembers = volumes.every(({ number }) => wasInUse(memoryOf(memory, { volume: number })));
  return switchTo !== undefined && isElsewhere && remembers ? "needed" : "close";
}

/** The old side's steps, and then the new one's. */
export function plannedMove(view: ResourceView): (PlannedMove & { readonly takesOver: Stage }) | undefined {
  const { switchover } = view;
  if (switchover === undefined) return undefined;
  const [from, to] = [switchover.from.host.hostname, switchover.to.host.hostname];
  return { from, to, givesUp: givenUp(view, switchover), takesOver: takenOver(view, switchover) };
}

function givenUp(
  { desired: { name, services, virtualMachines = [] } }: ResourceView,
  { from, to }: Switchover,
): Step[] {
  const host = from.host.hostname;
  const because = `${name} moves to ${to.host.hostname}`;
  const devices = from.sides.map(({ desired }) => devicePath(desired.minor));
  // As they are mounted one below the other, the last first.
  const unmounts = from.node.mounts
    .filter(({ source }) => devices.includes(source))
    .reverse()
    .map(({ source, target }) => stepsFilesystem.unmount(host, source, target, because));
  const running = services.filter(
    (service) => virtualMachineOf(service) === undefined && isRunning(from.node.services?.get(service)),
  );
  const steps = [
    // Those that were started last end first.
    ...[...virtualMachines]
      .reverse()
      .filter(({ name: one }) => runsMachine(from.node, one))
      .map((one) => stepsMachines.shutDownMachine(host, one.name, one.shutdownTimeout, because)),
    ...(running.length === 0 ? [] : [stepsUnits.stopServices(host, [...running].reverse(), because)]),
    ...unmounts,
    stepsPromotion.secondary(host, name, devices, `${because}; fails while something still uses it`),
  ];
  const isWhole: Call = ["peer_is_whole", name];
  // A service may take minutes to stop: the link may be cut in them.
  return steps.map((step) => ({ ...step, guard: [...(step.guard ?? []), isWhole] }));
}

function takenOver(view: ResourceView, { from, to }: Switchover): Step[] {
  const { desired, pairs } = view;
  const { name, primary, services } = desired;
  const host = to.host.hostname;
  const volumes = pairs.map((pair) => pair.desired);
  const mounted = pairs.flatMap(({ desired: volume, sides }) => {
    const mountPoint = volume.filesystem?.mountPoint;
    // What was not mounted on the other side is looked at first, once it is Primary here.
    return mountPoint === undefined || !sides[from.place].mountedAt.includes(mountPoint)
      ? []
      : [stepsFilesystem.mount(host, volume, mountPoint, "by its line in fstab")];
  });
  const isWhole =
    mounted.length === pairs.filter(({ desired: volume }) => volume.filesystem?.mountPoint !== undefined).length;
  const isStarted = isActive(from.node, promotionOf(name));
  return [
    stepsPromotion.primary(
      host,
      name,
      volumes,
      `${primary === host ? `\`primary: ${host}\`` : "it goes back"}; all of its data is UpToDate there`,
    ),
    ...(mounted.length + services.length === 0 || isActive(to.node, promotionOf(name))
      ? []
      : [stepsUnits.startPromotionUnit(host, name, inOrder)]),
    ...mounted,
    ...(isWhole ? services.map((one) => stepsUnits.startService(host, name, one, `runs where ${name} is`)) : []),
    ...(isStarted
      ? [stepsUnits.stopPromotionUnit(from.host.hostname, name, "it is Secondary: a shutdown has nothing to demote")]
      : []),
  ];
}

/** What a plan without the move says of it. */
export function switchoverLater({ desired, neverUsed, isSwitched, switchover }: ResourceView): string[] {
  const isBegunElsewhere = neverUsed && isSwitched && desired.primary !== desired.syncSource;
  if (switchover === undefined && !isBegunElsewhere) return [];
  return [`it moves to ${desired.primary ?? ""}, as \`primary\` says, once that side is UpToDate`];
}

/** A resource that runs elsewhere than `primary` says, by somebody's decision: it is left there. */
export function switchoverRemarks({ desired: { name, primary }, hosts, isSwitched }: ResourceView): string[] {
  const there = hosts.find(({ sides }) => sides.some(isPrimary));
  if (primary === undefined || isSwitched || there === undefined || there.host.hostname === primary) return [];
  const host = there.host.hostname;
  return [
    `${name} is Primary on ${host}, and \`primary\` names ${primary}, where an earlier \`up\` had it: it is left where somebody has put it. ` +
      `To keep it there: \`primary: ${host}\`, which changes nothing on the hosts. To move it back: \`drbd-handback ${name}\` on ${host}, and on ${primary} the command that it prints`,
  ];
}

/**
 * Of a pair of ours that the state knows nothing of: another stack's, or under another name. Whether `primary` was carried out
 * before, and somebody has moved it since, nobody knows: it stays where it runs.
 */
export function isLeftWhereItIs(name: string, nodes: readonly ObservedNode[]): boolean {
  return nodes.some(
    ({ kernelResources, files }) =>
      kernelResources.get(name)?.role === "Primary" && isOurs(files.get(resourcePath(name))),
  );
}
