import { isOurs, ownMark } from "../config/own-mark";
import type { ObservedNode } from "../seen/observed";
import { groupsOf } from "../wanted/address";
import { DEFAULT_SHUTDOWN_TIMEOUT, virtualMachineOf, virtualMachineUnit } from "../wanted/virtual-machine";
import { escapeInstance } from "../wanted/systemd-escape";
import { type DesiredResource, placesOn } from "../wanted/desired";
import { units } from "../../host/text";

/** The unit of a mount point: what `systemd-escape --path` makes of it. */
export function mountUnitOf(mountPoint: string): string {
  const path = mountPoint.split("/").filter(Boolean).join("/");
  return `${path === "" ? "-" : escapeInstance(path)}.mount`;
}

/** Where systemd keeps the unit that it made of a mount point's line in fstab when it last read that file. */
export const generatedUnitPath = (mountPoint: string): string => `/run/systemd/generator/${mountUnitOf(mountPoint)}`;

export const targetOf = (resource: string): string => `drbd@${escapeInstance(resource)}.target`;
export const bringUpOf = (resource: string): string => `drbd@${escapeInstance(resource)}.service`;
export const promotionOf = (resource: string): string => `drbd-primary@${escapeInstance(resource)}.service`;
export const promotedOf = (resource: string): string => `drbd-primary@${escapeInstance(resource)}.target`;
export const roleOf = (resource: string): string => `drbd-role@${escapeInstance(resource)}.service`;
export const startsOf = (resource: string): string => `drbd-vm-starts@${escapeInstance(resource)}.service`;
export const servedOf = (resource: string): string => `drbd-primary-services@${escapeInstance(resource)}.target`;

/** systemd keeps such a link for each service as long as it is active; it tells the state without asking systemctl. */
export const activeLink = (service: string): string => `/run/systemd/units/invocation:${service}`;

const unitFolder = "/etc/systemd/system/";
/** Of what stands beside units of others. */
const ownName = "pulumi-drbd";

export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** A unit of host/units, with the line by which we know our own. */
function ownUnit(name: keyof typeof units): UnitFile {
  return { path: `/etc/systemd/system/${name}`, text: `# ${ownMark}.\n${units[name]}` };
}

/**
 * Promotes a resource, for its mount and its services: when the host boots, and whenever its target is started. drbd-utils'
 * own drbd-promote@.service cannot do this with a DRBD 8.4 module (drbdsetup primary takes a minor there; drbd-utils 9.22.0).
 *
 * The condition waits up to a minute until it is known what to do:
 * - The resource is Primary here already: somebody has decided, and nothing more is asked.
 * - The peer is Primary: that is somebody's decision, too. The unit is skipped at once, and does not fail.
 * - Both are Secondary, and this side's disk is UpToDate: it is made Primary. A side that is being filled would be worth
 *   nothing without its peer, so it waits.
 * - The peer cannot be seen: after the minute the unit fails, because who may be Primary is then for a person to decide.
 *   It fails at once where the resource is down or StandAlone.
 *
 * drbdsetup events2 says all of this in one process, in the same words with DRBD 8.4 and 9.
 *
 * The boot brings the resource up by its target. This unit comes after the target and goes with it, but does not require
 * it: that would configure the resource again whenever this unit is started, and so bring up what somebody has taken down,
 * and connect what is StandAlone. network.target: a shutdown demotes the resource, behind the unmount, while its peer can
 * still be told. DefaultDependencies=no: a service with them stops before local filesystems are unmounted, and what a person
 * has mounted somewhere counts as one.
 */
const promotionService = ownUnit("drbd-primary@.service");

/**
 * What the mount requires. A unit that is skipped counts as good for those that only require it, so that systemd would try
 * to mount a Secondary. BindsTo asks for more: the mount is then left out, and nothing fails. The mount itself must not be
 * bound: systemd would unmount at once what a person has mounted without this unit.
 */
const promotedTarget = ownUnit("drbd-primary@.target");

/**
 * What runs where a resource is Primary, as a whole: to start it promotes, mounts and starts the services. Which mounts and
 * services these are is in a drop-in of each resource.
 */
const servedTarget = ownUnit("drbd-primary-services@.target");

/** Follows who is Primary (host/units/follow-role.sh): a boot, a shutdown and a person who types commands need it. */
const roleService = ownUnit("drbd-role@.service");

/** The same for every resource. */
export const promotionUnits: readonly UnitFile[] = [promotionService, promotedTarget, servedTarget, roleService];

/** Runs a virtual machine of libvirt: one more service of its resource. The other one follows those that are started by hand. */
export const virtualMachineUnits: readonly UnitFile[] = [
  ownUnit("drbd-vm@.service"),
  ownUnit("drbd-vm-starts@.service"),
];

export const runsMachines = ({ virtualMachines = [] }: DesiredResource): boolean => virtualMachines.length > 0;

/** A file that systemd reads beside a unit's own. */
function dropIn(unit: string, name: string, text: string): UnitFile {
  return { path: `/etc/systemd/system/${unit}.d/${name}.conf`, text: `# ${ownMark}.\n${text}` };
}

/** A word of a command in a unit, as systemd reads it. */
const unitWord = (word: string): string =>
  `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;

/**
 * A resource is brought up by drbd-utils' unit, or by ours of the same name. That fails where the address or a disk is missing,
 * and is tried no more: so it waits for both, however long. No other unit waits with it: without the default dependencies,
 * multi-user.target is not ordered after the target that it wants. (systemd 252, 257)
 */
export function bringUpDropIns(desired: DesiredResource, host: string, isServed: boolean): UnitFile[] {
  const { name, hosts } = desired;
  const address = hosts.find(({ hostname }) => hostname === host)?.address ?? "";
  const [bare = ""] = address.split("%");
  const digits = bare.includes(":")
    ? (groupsOf(bare) ?? []).map((group) => group.toString(16).padStart(4, "0")).join("")
    : "";
  const disks = placesOn(desired, host).flatMap(({ disk, metaDisk }) =>
    metaDisk === "internal" ? [disk] : [disk, metaDisk],
  );
  const needs = [address, digits, ...new Set(disks)].map(unitWord).join(" ");
  const target = [
    "[Unit]",
    "DefaultDependencies=no",
    ...(isServed ? [`Wants=${roleOf(name)}`] : []),
    ...(runsMachines(desired) ? [`Wants=${startsOf(name)}`] : []),
    `After=${bringUpOf(name)}`,
    "Conflicts=shutdown.target",
    "Before=shutdown.target",
  ];
  return [
    dropIn(
      bringUpOf(name),
      ownName,
      units["wait-for-needs.conf"].replace("@needs@", () => needs),
    ),
    dropIn(targetOf(name), ownName, `${target.join("\n")}\n`),
  ];
}

/** What systemctl start of the resource's target mounts and starts; nothing where there is neither. */
export function servedDropIns(desired: DesiredResource): UnitFile[] {
  const wanted = [...mountUnitsOf(desired), ...desired.services];
  if (wanted.length === 0) return [];
  const lines = ["[Unit]", ...wanted.flatMap((unit) => [`Wants=${unit}`, `After=${unit}`])];
  return [dropIn(servedOf(desired.name), ownName, `${lines.join("\n")}\n`)];
}

/**
 * A service runs where the resource is mounted, or Primary where it has no mount point, and stops before that ends. Whoever
 * starts it, a boot for one that somebody has enabled too, it is skipped elsewhere. By a condition: Requires= would pull in the
 * mount, and promote, although the peer may be the side that was Primary last; and Requisite= has such a boot wait for what
 * brings the resource up. A link of systemd's tells what is active (systemd 247 to 257).
 */
export function serviceDropIns(desired: DesiredResource): UnitFile[] {
  const { name, services, volumes, virtualMachines = [] } = desired;
  const mountPoints = volumes.flatMap(({ filesystem }) => filesystem?.mountPoint ?? []);
  const conditions =
    mountPoints.length > 0
      ? mountPoints.map((path) => `ConditionPathIsMountPoint=${path.replaceAll("%", "%%")}`)
      : [`ConditionPathIsSymbolicLink=${activeLink(promotionOf(name)).replaceAll("%", "%%")}`];
  const before = [promotionOf(name), ...mountUnitsOf(desired)];
  const lines = [
    "[Unit]",
    ...conditions,
    ...before.flatMap((unit) => [`After=${unit}`, `PartOf=${unit}`]),
    `PartOf=${servedOf(name)}`,
  ];
  const plain = services.filter((service) => virtualMachineOf(service) === undefined);
  const ofMachines = new Map(
    virtualMachines.map((one) => [
      virtualMachineUnit(one.name),
      [
        // It may need them.
        ...plain.map((service) => `After=${service}`),
        "",
        "[Service]",
        `Environment=shutdown_timeout=${one.shutdownTimeout}`,
        // At the end of its own limit it may still have to be powered off.
        `TimeoutStopSec=${one.shutdownTimeout + 120}`,
      ],
    ]),
  );
  return services.map((service) =>
    dropIn(service, serviceDropInName(name), `${[...lines, ...(ofMachines.get(service) ?? [])].join("\n")}\n`),
  );
}

const serviceDropInName = (resource: string): string => `${ownName}-${resource}`;

/** Those there are on a host, of a resource: the services that it has, or had. */
export function serviceDropInsOn(
  node: ObservedNode,
  resource: string,
): { readonly service: string; readonly path: string }[] {
  const end = `.d/${serviceDropInName(resource)}.conf`;
  return [...node.files].flatMap(([path, text]) => {
    const name = path.startsWith(unitFolder) && path.endsWith(end) ? path.slice(unitFolder.length, -end.length) : "";
    return name === "" || !isOurs(text) ? [] : [{ service: name, path }];
  });
}

/** The virtual machine behind such a drop-in, and the seconds that it has to shut down. */
export function machineBeside(
  node: ObservedNode,
  { service, path }: { readonly service: string; readonly path: string },
): { readonly name: string; readonly seconds: number } | undefined {
  const name = virtualMachineOf(service);
  if (name === undefined) return undefined;
  const [, seconds] = /^Environment=shutdown_timeout=(\d+)$/m.exec(node.files.get(path) ?? "") ?? [];
  return { name, seconds: seconds === undefined ? DEFAULT_SHUTDOWN_TIMEOUT : Number(seconds) };
}

/** Those of ours there are on a host, of a resource, whatever it is to have. */
export function dropInPathsOn(node: ObservedNode, resource: string): string[] {
  const own = [bringUpOf(resource), targetOf(resource), servedOf(resource)].map(
    (unit) => `${unitFolder}${unit}.d/${ownName}.conf`,
  );
  return [
    ...own.filter((path) => isOurs(node.files.get(path))),
    ...serviceDropInsOn(node, resource).map(({ path }) => path),
  ];
}

/** The units of its mount points, in the order of its volumes. */
export function mountUnitsOf({ volumes }: DesiredResource): string[] {
  return volumes.flatMap(({ filesystem }) =>
    filesystem?.mountPoint === undefined ? [] : [mountUnitOf(filesystem.mountPoint)],
  );
}

const bringUpTarget = ownUnit("drbd@.target");

/** Like those of drbd-utils 9.22, by the same names, for a drbd-utils before 9.18, which brings none. */
export const bringUpUnits: readonly UnitFile[] = [ownUnit("drbd@.service"), bringUpTarget];

/** Where a drbd-utils from 9.18 on has them. */
export const packagedTargetPaths = [
  "/lib/systemd/system/drbd@.target",
  "/usr/lib/systemd/system/drbd@.target",
] as const;

export const bringUpTargetPath = bringUpTarget.path;

export function isActive(node: ObservedNode, service: string): boolean {
  return node.links.includes(activeLink(service));
}

/** Those of these units that systemd has a file of: it fails on others. */
export function unitsThere(node: ObservedNode, instances: readonly string[]): string[] {
  return instances.filter((unit) => node.files.has(`${unitFolder}${unit.replace(/@.*\.(?=[a-z]+$)/, "@.")}`));
}
