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
import type { Step } from "../../steps/plan";
import { isPrimary, type Side } from "../data/side";
import * as stepsCommands from "../../steps/command-steps";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsFiles from "../../steps/file-steps";
import {
  bringUpOf,
  bringUpTargetPath,
  bringUpUnits,
  generatedUnitPath,
  isActive,
  packagedTargetPaths,
  promotionOf,
  promotionUnits,
  targetOf,
  type UnitFile,
} from "../../steps/boot-units";
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
export function mountedAtBoot({ pairs }: ResourceView, { host, node, place }: HostView): Step[] {
  if (pairs.every(({ desired }) => desired.filesystem?.mountPoint === undefined)) return [];
  const because = "promotes it for its mount after a reboot, once the peer is connected";
  return [
    ...missing(node, promotionUnits).map((unit) => stepsUnits.writeUnit(host.hostname, unit, because)),
    ...pairs.flatMap((pair) => lineComes(pair, pair.sides[place])),
  ];
}

/** Brings the resource up, without a look at what stands on its disk: so it comes after the resource is up. */
export function broughtUpAtBoot({ desired: { name } }: ResourceView, view: HostView): Step[] {
  const host = view.host.hostname;
  const found = bringUpUnitSteps(view);
  if (!view.node.links.some((link) => link.endsWith(`/${targetOf(name)}`))) {
    found.push(
      stepsUnits.enableAtBoot(host, name, "brings the resource up after a reboot, without waiting for the peer"),
    );
  }
  if (!isActive(view.node, bringUpOf(name))) {
    found.push(stepsUnits.startBringUpUnits(host, name, "as after a boot: a shutdown then takes it down in order"));
  }
  return found;
}

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

/** The mount's unit is made of its line in fstab; `systemctl start` of the mount needs it, and so does a clean shutdown. */
export function reloaded(view: ResourceView, host: HostView): Step[] {
  const because = "reads fstab and the units, in the background";
  const step = stepsUnits.reloadSystemdMeanwhile(host.host.hostname, because);
  const writes = [...mountedAtBoot(view, host), ...bringUpUnitSteps(host)].length > 0;
  const known = view.pairs.every((pair) => knowsMount(pair, pair.sides[host.place]));
  return writes || !known ? [step] : [];
}

function knowsMount({ desired: { filesystem } }: PairView, { node, desired: { minor } }: Side): boolean {
  const mountPoint = filesystem?.mountPoint;
  // Every host has a line for its root: where nothing was made of that either, units of fstab are made elsewhere.
  const isTold = [...node.files.keys()].some((path) => path.startsWith("/run/systemd/generator/"));
  if (mountPoint === undefined || !isTold) return true;
  const unit = node.files.get(generatedUnitPath(mountPoint)) ?? "";
  return unit.includes(`\nWhat=${devicePath(minor)}\n`) && /^Requires=drbd-primary@.*\.target$/m.test(unit);
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
