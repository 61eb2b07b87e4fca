/**
 * What the next boot of one side needs: the resource brought up, promoted and mounted, without anything that a boot waits
 * for for ever. And what such a boot would have started by now: without it, the next shutdown is a crash for DRBD.
 */
import type { ObservedNode } from "../../seen/observed";
import { isOurs } from "../../config/own-mark";
import type { PairView } from "../data/pair-view";
import type { HostView, ResourceView } from "../data/resource-view";
import { devicePath, valuesPath } from "../../config/paths";
import { renderValues } from "../../config/render-values";
import { definitionNote, lastPrimaryNote } from "../../steps/own-folder";
import type { Step } from "../../steps/plan";
import type { DesiredResource } from "../../wanted/desired";
import { isPrimary, type Side } from "../data/side";
import * as stepsCommands from "../../steps/command-steps";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsFiles from "../../steps/file-steps";
import {
  bringUpDropIns,
  bringUpOf,
  bringUpTargetPath,
  bringUpUnits,
  dropInPathsOn,
  generatedUnitPath,
  isActive,
  mountUnitsOf,
  packagedTargetPaths,
  promotedOf,
  promotionOf,
  promotionUnits,
  roleOf,
  runsMachines,
  startsOf,
  servedDropIns,
  serviceDropIns,
  serviceDropInsOn,
  targetOf,
  type UnitFile,
  virtualMachineUnits,
} from "../../steps/boot-units";
import { calledService, virtualMachineOf } from "../../wanted/virtual-machine";
import { virtualMachineSteps } from "./virtual-machine-steps";
import { lineComes } from "./fstab-line";

export function bootSteps(view: ResourceView, host: HostView): Step[] {
  return [
    ...toldToCommands(view, host),
    ...mountedAtBoot(view, host),
    ...broughtUpAtBoot(view, host),
    ...reloaded(view, host),
  ];
}

/** For a person on the host, when no Pulumi is near. */
export function toldToCommands({ desired }: ResourceView, { host: { hostname }, node, place }: HostView): Step[] {
  const text = renderValues(desired, place);
  if (node.files.get(valuesPath(desired.name)) === text) return [];
  return [
    stepsCommands.writeValues(hostname, desired.name, text, "for drbd-where, drbd-takeover, drbd-handback there"),
  ];
}

/** Of no effect without a resource that is up. */
export function mountedAtBoot(view: ResourceView, { host, node, place }: HostView): Step[] {
  if (!isServed(view.desired)) return [];
  const { hostname } = host;
  const because = "has it mounted and its services started where it was Primary last, after a boot";
  const drop = "what is mounted and started where it is Primary";
  return [
    ...missing(node, promotionUnits).map((unit) => stepsUnits.writeUnit(hostname, unit, because)),
    ...(runsMachines(view.desired) ? missing(node, virtualMachineUnits) : []).map((unit) =>
      stepsUnits.writeUnit(hostname, unit, "a virtual machine is shut down in order, whoever has started it"),
    ),
    ...missing(node, servedDropIns(view.desired)).map((unit) => stepsUnits.writeUnit(hostname, unit, drop)),
    ...missing(node, serviceDropIns(view.desired)).map((unit) =>
      stepsUnits.writeUnit(hostname, unit, `runs where ${view.desired.name} is mounted, and nowhere else`),
    ),
    ...virtualMachineSteps(view, place),
    ...noteLastPrimary(view, { hostname, node }),
    ...view.pairs.flatMap((pair) => lineComes(pair, pair.sides[place])),
  ];
}

/** Something runs where it is Primary. Else a boot promotes it nowhere: a manager of somebody's may do that. */
export function isServed(desired: DesiredResource): boolean {
  return desired.services.length > 0 || mountUnitsOf(desired).length > 0;
}

/** From then on the unit keeps it; without one, no boot promotes. */
function noteLastPrimary(view: ResourceView, { hostname, node }: { hostname: string; node: ObservedNode }): Step[] {
  if (node.files.has(lastPrimaryNote(view.desired.name))) return [];
  const primary = view.hosts.find(({ sides }) => sides.some(isPrimary)) ?? (view.neverUsed ? view.source : undefined);
  if (primary === undefined) return [];
  const because = `${primary.host.hostname}: where a boot of both makes it Primary`;
  return [stepsFiles.noteLastPrimary(hostname, view.desired.name, primary.host.hostname, because)];
}

/** Brings the resource up, without a look at what stands on its disk: so it comes after the resource is up. */
export function broughtUpAtBoot({ desired }: ResourceView, view: HostView): Step[] {
  const { name } = desired;
  const { node } = view;
  const host = view.host.hostname;
  const waits = "a boot brings it up once its address and its disk are there";
  const found = [
    ...bringUpUnitSteps(view),
    ...missing(node, bringUpDropIns(desired, host, isServed(desired))).map((unit) =>
      stepsUnits.writeUnit(host, unit, waits),
    ),
    ...dropInsGo(desired, view),
  ];
  if (!node.links.some((link) => link.endsWith(`/${targetOf(name)}`))) {
    found.push(
      stepsUnits.enableAtBoot(host, name, "brings the resource up after a reboot, without waiting for the peer"),
    );
  }
  const follows = isActive(node, roleOf(name));
  const due = [
    ...(isActive(node, bringUpOf(name)) ? [] : [bringUpOf(name), targetOf(name)]),
    ...(isServed(desired) && !follows ? [roleOf(name)] : []),
    ...(runsMachines(desired) && !isActive(node, startsOf(name)) ? [startsOf(name)] : []),
  ];
  if (due.length > 0) {
    const because = due.includes(roleOf(name))
      ? "as after a boot: notes who is Primary, whoever makes it so, and has a shutdown demote it in order"
      : due.includes(bringUpOf(name))
        ? "as after a boot: a shutdown then takes it down in order"
        : "as after a boot: a virtual machine that is started by hand is shut down in order, too";
    found.push(stepsUnits.startBootUnits(host, name, due, because));
  }
  const idle = [
    ...(!isServed(desired) && follows ? [roleOf(name)] : []),
    ...(!runsMachines(desired) && isActive(node, startsOf(name)) ? [startsOf(name)] : []),
  ];
  if (idle.length > 0) {
    const what = idle.includes(roleOf(name)) ? "is mounted or started" : "of libvirt runs";
    found.push(stepsUnits.stopUnits(host, idle, `nothing ${what} with it any more`));
  }
  return found;
}

/** Those of a service that is not in the list any more, or of a resource that nothing runs with. */
function dropInsGo(desired: DesiredResource, { host: { hostname }, node }: HostView): Step[] {
  const kept = new Set(wantedDropIns(desired, hostname).map(({ path }) => path));
  const gone = dropInPathsOn(node, desired.name).filter((path) => !kept.has(path));
  if (gone.length === 0) return [];
  const left = serviceDropInsOn(node, desired.name).filter(({ path }) => gone.includes(path));
  const because =
    left.length === 0
      ? "nothing is mounted or started with it any more"
      : `${left.map(({ service }) => calledService(service)).join(" and ")} is not in ${listsOf(left)} any more; what of it runs is left running`;
  const notes = left
    .flatMap(({ service }) => virtualMachineOf(service) ?? [])
    .map(definitionNote)
    .filter((path) => node.files.has(path));
  return [
    stepsUnits.removeDropIns(hostname, gone, because),
    ...notes.map((path) => stepsFiles.removeFile(hostname, path, "written by us; the virtual machine stays defined")),
  ];
}

/** The inputs in which these stood. */
function listsOf(left: readonly { readonly service: string }[]): string {
  const inputs = left.map(({ service }) => (virtualMachineOf(service) === undefined ? "services" : "virtualMachines"));
  return [...new Set(inputs)].map((one) => `\`${one}\``).join(" and ");
}

const wantedDropIns = (desired: DesiredResource, host: string): UnitFile[] => [
  ...bringUpDropIns(desired, host, isServed(desired)),
  ...servedDropIns(desired),
  ...serviceDropIns(desired),
];

/** Releases, of those that are new enough for us, whose own drbd-utils (9.15) brings no units. */
const releasesWithout: readonly string[] = ["bullseye", "jammy"];

/** drbd-utils brings the units from 9.18 on. */
function bringUpUnitSteps({ node, host: { hostname } }: HostView): Step[] {
  const packaged = packagedTargetPaths.some((path) => node.files.has(path));
  if (packaged) {
    const paths = bringUpUnits.map(({ path }) => path);
    const ours = paths.filter((path) => isOurs(node.files.get(path)));
    return ours.length === 0
      ? []
      : [stepsFiles.removeFiles(hostname, ours, "drbd-utils brings these units itself by now")];
  }
  const there = node.files.get(bringUpTargetPath);
  if (there !== undefined && !isOurs(there)) return [];
  // Where drbd-utils is still to be installed, it is seen afterwards what it brings: this is what its package is known for.
  if (node.utils === null && !releasesWithout.includes(node.os.codename ?? "")) return [];
  const because = "drbd-utils brings such a unit only from 9.18 on";
  return missing(node, bringUpUnits).map((unit) => stepsUnits.writeUnit(hostname, unit, because));
}

/**
 * The mount's unit is made of its line in fstab; `systemctl start` of the mount needs it, and so does a clean shutdown. A
 * service that is started afterwards needs what is written beside its unit, so that is waited for.
 */
export function reloaded(view: ResourceView, host: HostView): Step[] {
  const { hostname } = host.host;
  const writes = [...mountedAtBoot(view, host), ...broughtUpAtBoot(view, host)].filter(
    ({ argv: [verb, ...words] }) =>
      ["write", "rm"].includes(verb ?? "") && words.every((path) => !path.startsWith("/var/")),
  );
  const known = view.pairs.every((pair) => knowsMount(pair, pair.sides[host.place]));
  if (writes.length === 0 && known) return [];
  const needed = [...serviceDropIns(view.desired), ...(runsMachines(view.desired) ? virtualMachineUnits : [])];
  return missing(host.node, needed).length > 0
    ? [stepsUnits.reloadSystemd(hostname, "reads fstab and the units")]
    : [stepsUnits.reloadSystemdMeanwhile(hostname, "reads fstab and the units, in the background")];
}

function knowsMount({ desired: { name, filesystem } }: PairView, { node, desired: { minor } }: Side): boolean {
  const mountPoint = filesystem?.mountPoint;
  // Every host has a line for its root: where nothing was made of that either, units of fstab are made elsewhere.
  const isTold = [...node.files.keys()].some((path) => path.startsWith("/run/systemd/generator/"));
  if (mountPoint === undefined || !isTold) return true;
  const unit = node.files.get(generatedUnitPath(mountPoint)) ?? "";
  const required = [...unit.matchAll(/^Requires=(.*)$/gm)].flatMap(([, units = ""]) => units.split(" "));
  const needs = [promotedOf(name), promotionOf(name)].every((one) => required.includes(one));
  return needs && unit.includes(`\nWhat=${devicePath(minor)}\n`);
}

/**
 * The promotion's unit where a person, and not systemd, has changed sides. A mounted Primary without it is not demoted by a
 * shutdown; a Secondary with it would not be promoted by the next start of the mount.
 */
export function promotionFollows({ desired: { name }, pairs, hosts }: ResourceView, view: HostView): Step[] {
  const host = view.host.hostname;
  const active = isActive(view.node, promotionOf(name));
  const mounted = pairs.filter(({ desired }) => desired.filesystem?.mountPoint !== undefined);
  if (mounted.length === 0) return [];
  if (view.sides.some(isPrimary)) {
    const isMounted = mounted.some(({ desired: { filesystem }, sides }) =>
      sides[view.place].mountedAt.includes(filesystem?.mountPoint ?? ""),
    );
    return active || !isMounted ? [] : [stepsUnits.startPromotionUnit(host, name, inOrder)];
  }
  // Without any Primary, a unit that is active may be waiting for the peer after a boot.
  const isElsewhere = hosts.some((one) => one !== view && one.sides.some(isPrimary));
  if (!active || !isElsewhere || view.sides.some(({ mountedAt }) => mountedAt.length > 0)) return [];
  return [
    stepsUnits.stopPromotionUnit(host, name, "it is Secondary: the unit promotes it again when it is mounted next"),
  ];
}

export const inOrder = "so that a shutdown unmounts and demotes it in order";

function missing(node: ObservedNode, units: readonly UnitFile[]): UnitFile[] {
  return units.filter(({ path, text }) => node.files.get(path) !== text);
}
