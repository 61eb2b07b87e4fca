import type { Action, Replaced } from "./action";
import type { DesiredFilesystem, DesiredResource, DesiredSide } from "./desired";
import { contentsIdentity, describeContents, wholeUuid } from "./disk-identity";
import { usableBytes } from "./metadata-size";
import type { Contents } from "./observed";
import { devicePath, fstabPath, resourcePath } from "./paths";
import type { Step } from "./plan";
import type { Call } from "./remote-functions";
import { writeConfiguration, type Beside } from "./steps-configuration";
import { bringUpOf, promotedOf, promotionOf, type UnitFile, targetOf } from "./systemd";

/** Seconds. What asks the kernel answers at once; what waits for the peer, or for systemd, has its own bound inside. */
const quick = 30;
const patient = 120;

export function writeResourceFile(
  node: string,
  resource: string,
  text: string,
  because: string,
  beside: Beside = {},
): Step {
  return writeConfiguration(node, resourcePath(resource), text, 0o600, because, beside);
}

export function removeFile(node: string, path: string, because: string): Step {
  return { node, argv: ["rm", "-f", path], because, timeoutSeconds: quick };
}

/** Puts a user's own file back in its place, over ours where it has the same name. */
export function giveBackFile(node: string, { kept, path }: Replaced, because: string): Step {
  return { node, argv: ["mv", "-f", kept, path], because, timeoutSeconds: quick };
}

export interface MetadataPlace {
  readonly disk: string;
  readonly diskSize: number;
  readonly metaDisk: string;
  readonly metaDiskSize: number;
}

/** Only for a disk that was found blank; the guard looks again. Never with --force: a question it asks is answered no. */
export function createMetadata(node: string, desired: DesiredResource, place: MetadataPlace, because: string): Step {
  const guard: Call[] = [["still_blank", place.disk, String(place.diskSize)]];
  if (place.metaDisk !== "internal") guard.push(["still_blank", place.metaDisk, String(place.metaDiskSize)]);
  return {
    node,
    argv: ["drbdadm", "create-md", desired.name],
    because,
    guard,
    timeoutSeconds: patient,
  };
}

/**
 * Metadata beside data that stays. Internal, it lies behind a filesystem that ends before it, of which the guard makes
 * sure again; create-md finds the filesystem too and asks about it, hence --force, and refuses by itself (exit 40, in
 * spite of --force) where it would lie inside. On a disk of its own it touches that one alone.
 */
export function createMetadataBeside(
  node: string,
  desired: DesiredResource,
  place: MetadataPlace,
  contents: Contents,
  because: string,
): Step {
  const { disk, diskSize, metaDisk, metaDiskSize } = place;
  const internal = metaDisk === "internal";
  const holds: Call = ["still_holds", disk, contentsIdentity(contents) ?? ""];
  const metadata: Call = [
    "no_metadata",
    String(desired.minor),
    internal ? disk : metaDisk,
    internal ? "internal" : "flex-external",
  ];
  const room: Call = internal
    ? ["fits_before_metadata", disk, String(diskSize), String(usableBytes(diskSize))]
    : ["still_blank", metaDisk, String(metaDiskSize)];
  return {
    node,
    argv: internal ? ["drbdadm", "--", "--force", "create-md", desired.name] : ["drbdadm", "create-md", desired.name],
    because,
    // DRBD attaches a disk that a program has open, such as a virtual machine, whose writes would then pass it by.
    guard: [metadata, holds, ["nobody_holds", disk], room],
    timeoutSeconds: patient,
  };
}

/** The one step that destroys: what a person named, and nothing that came in its place since. */
export function clearDisk(node: string, disk: string, contents: Contents): Step {
  const identity = contentsIdentity(contents) ?? "";
  return {
    node,
    argv: ["wipefs", "-a", disk],
    because: `named in \`discard\` as ${identity}`,
    destroys: `${node}:${disk} ${describeContents(contents)}`,
    guard: [
      ["still_holds", disk, identity],
      ["nobody_holds", disk],
    ],
    does: [{ kind: "clear", disk }],
    timeoutSeconds: patient,
  };
}

/** Reads only. */
export function checkUpToDate(desired: DesiredResource, { hostname, disk, metaDisk }: DesiredSide): Step {
  const [holder, kind] = metaDisk === "internal" ? [disk, "internal"] : [metaDisk, "flex-external"];
  return {
    node: hostname,
    argv: ["drbdadm", "dstate", desired.name],
    because: "must hold the newest data, or nothing else of it may go",
    does: [{ kind: "check", call: ["up_to_date", String(desired.minor), holder, kind, desired.name] }],
    timeoutSeconds: quick,
  };
}

/** check-resize, never create-md, which would make the metadata anew. The guard finds the old one at the old end. */
export function moveMetadata(
  node: string,
  desired: DesiredResource,
  disk: string,
  { from, uuid }: { readonly from: number; readonly uuid: string },
  because: string,
): Step {
  const { name, minor } = desired;
  return {
    node,
    argv: ["drbdadm", "check-resize", name],
    because,
    guard: [
      ["no_metadata", String(minor), disk, "internal"],
      ["before_growth", disk, String(from), uuid === "" ? "any" : wholeUuid(uuid)],
    ],
    does: [{ kind: "move-metadata", resource: name, minor, disk, bytes: from }],
    timeoutSeconds: patient,
  };
}

/**
 * From DRBD 8.4's to DRBD 9's. drbdmeta asks two questions, the second where it finds a filesystem, and takes no answer
 * without a terminal: hence --force, and hence a guard that finds the very metadata that was planned on, since of anything
 * else new metadata would be made. drbdmeta itself, and not drbdadm, which would choose the version by the module.
 */
export function convertMetadata(
  node: string,
  { minor }: DesiredResource,
  { disk, metaDisk }: DesiredSide,
  gi: string,
  because: string,
): Step {
  const place = metaDisk === "internal" ? [disk, "internal"] : [metaDisk, "flex-external"];
  const [current = ""] = gi.split(":");
  const argv = ["drbdmeta", "--force", String(minor), "v09", ...place, "create-md", "1"];
  return {
    node,
    argv,
    because,
    guard: [["metadata_of_84", String(minor), ...place, gi]],
    does: [
      { kind: "run", argv },
      { kind: "check", call: ["metadata_of_9", String(minor), ...place, current] },
    ],
    timeoutSeconds: patient,
  };
}

/** `overwritten`: a side that is filled from its peer though we did not find it blank ourselves just now. */
export function up(node: string, resource: string, because: string, overwritten?: DesiredSide): Step {
  return {
    node,
    argv: ["drbdadm", "up", resource],
    because,
    guard: overwritten && [nothingInFront(overwritten)],
    timeoutSeconds: quick,
  };
}

function nothingInFront({ disk, metaDisk }: DesiredSide): Call {
  return metaDisk === "internal" ? ["blank_before_metadata", disk] : ["still_blank", disk, "any"];
}

/** Brings the kernel to the configuration where the resource is there already; never while StandAlone (it would reconnect). */
export function adjust(node: string, resource: string, because: string, overwritten?: DesiredSide): Step {
  return {
    node,
    argv: ["drbdadm", "adjust", resource],
    because,
    guard: [["not_standalone", resource], ...(overwritten === undefined ? [] : [nothingInFront(overwritten)])],
    timeoutSeconds: quick,
  };
}

/**
 * Reads only: each side's half of the gate before `primary --force`. A disk that the first sync will overwrite, and that
 * had its metadata already, must hold nothing in front of it: somebody may have run create-md over data.
 */
export function checkNeverUsed(node: string, resource: string, overwritten?: DesiredSide): Step {
  const checks: Call[] = [["never_used", resource]];
  if (overwritten !== undefined) checks.push(nothingInFront(overwritten));
  return {
    node,
    argv: ["drbdadm", "get-gi", resource],
    because:
      overwritten === undefined
        ? "must be a new device's, or nobody may overwrite it"
        : `must be a new device's, and ${overwritten.disk} blank, or nobody may overwrite it`,
    does: checks.map((call) => ({ kind: "check", call })),
    timeoutSeconds: quick,
  };
}

export function forcePrimary(node: string, resource: string, formatsNext: boolean, because: string): Step {
  const argv = ["drbdadm", "primary", "--force", resource];
  return {
    node,
    argv,
    because,
    guard: [["both_new", resource]],
    // Noted with the generation that it begins: an interrupted run may then go on to mkfs, which is refused on any other
    // device that was in use.
    does: formatsNext ? [{ kind: "force", resource, mark: formattingMark(resource) }] : undefined,
    timeoutSeconds: patient,
  };
}

/** For a side whose data stays, which its peer, whoever that is, must not overwrite: nobody is waited for. */
export function forcePrimaryAlone(node: string, resource: string, because: string): Step {
  const guard: Call[] = [["never_used", resource]];
  return { node, argv: ["drbdadm", "primary", "--force", resource], because, guard, timeoutSeconds: patient };
}

export function primary(node: string, resource: string, because: string): Step {
  return {
    node,
    argv: ["drbdadm", "primary", resource],
    because,
    guard: [["wait_up_to_date", resource, "30"]],
    timeoutSeconds: patient,
  };
}

/**
 * DRBD 9 makes nobody Primary while somebody has the device open on the peer, and says only that the peer declined; an older
 * one has the number alone.
 */
export function isDeclined(output: string): boolean {
  return /Declined by peer|\(-10\)/.test(output);
}

/** Reads only. Fails where somebody has the device open, and says who. */
export function checkNotHeld(node: string, minor: number, because: string): Step {
  const device = devicePath(minor);
  const does: Action[] = [{ kind: "check", call: ["nobody_holds", device] }];
  return { node, argv: ["fuser", "-v", device], because, does, timeoutSeconds: quick };
}

/** Reads only. Whose data is newer DRBD finds out when they meet. */
export function waitConnected(node: string, { name, sections }: DesiredResource, because: string): Step {
  // Two that miss each other try again after `connect-int`, 10 s by default.
  const seconds = Math.max(30, 3 * Number(sections.net["connect-int"] ?? 10));
  return {
    node,
    argv: ["drbdadm", "cstate", name],
    because,
    does: [{ kind: "check", call: ["wait_connected", name, String(seconds)] }],
    timeoutSeconds: patient + seconds,
  };
}

/**
 * On the side that was filled, when the sync source has not noticed the end. The target's last word overtakes what the
 * source has still to count (8.4.11 finishes a source's resync only on a message about the peer's state, if by then its
 * own bitmap is empty; mkfs, whose discards empty it at once, makes the race likely). A pause that is taken back at once
 * makes the target send its state again. Seen in the lab: the source stood at 100 % for ten minutes, and ended in the
 * second in which this ran.
 */
export function tellSyncEnd(node: string, resource: string, because: string): Step {
  return {
    node,
    argv: ["drbdadm", "resume-sync", resource],
    because,
    guard: [["sync_ended", resource]],
    does: [
      { kind: "run", argv: ["drbdadm", "pause-sync", resource] },
      { kind: "run", argv: ["drbdadm", "resume-sync", resource] },
    ],
    timeoutSeconds: quick,
  };
}

const ownFolder = "/var/lib/pulumi-drbd";

/**
 * Stands on the sync source from its `primary --force` until it was formatted or mounted, and holds the generation that
 * this began: somebody else's `primary --force`, on either side, begins another.
 */
export function formattingMark(resource: string): string {
  return `${ownFolder}/${resource}.new`;
}

/** The folders that we made to mount on. */
export function foldersNote(resource: string): string {
  return `${ownFolder}/${resource}.folders`;
}

function forgetMark(resource: string): Action {
  return { kind: "remove", path: formattingMark(resource) };
}

/** On the DRBD device of a Primary that was never formatted; mkfs.xfs itself refuses over a signature, and gets no -f. */
export function makeFilesystem(
  node: string,
  desired: DesiredResource,
  filesystem: DesiredFilesystem,
  forBoth: readonly string[],
  because: string,
): Step {
  const device = devicePath(desired.minor);
  const label = filesystem.label === undefined ? [] : ["-L", filesystem.label];
  const argv = ["mkfs.xfs", ...label, ...filesystem.mkfsOptions, ...forBoth, device];
  return {
    node,
    argv,
    because,
    guard: [["still_blank", device, "any"]],
    does: [{ kind: "run", argv }, forgetMark(desired.name)],
    timeoutSeconds: 600,
  };
}

/** The line that systemd and mount read. `nofail`: a device that does not come must not stop the boot. */
export function fstabLine(
  desired: DesiredResource,
  filesystem: DesiredFilesystem,
  mountPoint: string,
  atBoot: boolean,
): string {
  const own = [
    ...(atBoot ? [] : ["noauto"]),
    "nofail",
    "_netdev",
    `x-systemd.requires=${promotedOf(desired.name)}`,
    // Units that are not active order nothing, so each is named: whoever promoted it, it is unmounted before it goes.
    `x-systemd.after=${promotionOf(desired.name)}`,
    `x-systemd.after=${bringUpOf(desired.name)}`,
    "x-systemd.device-timeout=90",
  ];
  const options = [...filesystem.mountOptions, ...own].join(",");
  return `${devicePath(desired.minor)} ${mountPoint.replaceAll(" ", "\\040")} ${filesystem.type} ${options} 0 0`;
}

/** With the mount point's folder: on the other host a failover mounts it by hand. */
export function writeFstabLine(
  node: string,
  { name }: DesiredResource,
  /** By which lines of fstab name the device. */
  words: readonly string[],
  line: string,
  mountPoint: string,
  because: string,
): Step {
  const does: Action[] = [
    { kind: "folder", path: mountPoint, note: foldersNote(name) },
    { kind: "fstab", names: words, line },
  ];
  return { node, argv: ["write", fstabPath], because, does, timeoutSeconds: quick };
}

export function removeFstabLine(node: string, words: readonly string[], because: string, givesBack: boolean): Step {
  const does: Action[] = [{ kind: "fstab", names: words, givesBack }];
  return { node, argv: ["write", fstabPath], because, does, timeoutSeconds: quick };
}

export function writeUnit(node: string, { path, text }: UnitFile, because: string): Step {
  return {
    node,
    argv: ["write", path],
    because,
    does: [{ kind: "put", path, text, mode: 0o644 }],
    timeoutSeconds: quick,
  };
}

export function removeFiles(node: string, paths: readonly string[], because: string): Step {
  return { node, argv: ["rm", "-f", ...paths], because, timeoutSeconds: quick };
}

/** `--no-reload`: reloading is a step of its own, once. */
export function enableAtBoot(node: string, resource: string, because: string): Step {
  return { node, argv: ["systemctl", "enable", "--no-reload", targetOf(resource)], because, timeoutSeconds: patient };
}

export function disableAtBoot(node: string, resource: string, because: string): Step {
  return { node, argv: ["systemctl", "disable", "--no-reload", targetOf(resource)], because, timeoutSeconds: patient };
}

export function reloadSystemd(node: string, because: string): Step {
  return { node, argv: ["systemctl", "daemon-reload"], because, timeoutSeconds: patient };
}

/**
 * Not waited for, since it takes longer than to format the device does: it goes on while the steps after it run. By
 * systemd-run, since `systemctl --no-block daemon-reload` waits all the same (systemd 252).
 */
export function reloadSystemdMeanwhile(node: string, because: string): Step {
  const argv = ["systemctl", "daemon-reload"];
  const inBackground = ["systemd-run", "--quiet", "--no-block", "--collect", ...argv];
  return { node, argv, because, does: [{ kind: "run", argv: inBackground }], timeoutSeconds: quick };
}

/** Where the kernel has no such filesystem, nothing was forced or formatted yet. */
export function loadFilesystemModule(node: string, type: string, because: string): Step {
  return { node, argv: ["modprobe", type], because, timeoutSeconds: quick };
}

/** Succeeds where it is mounted there already, by systemd or by another run. */
export function mount(node: string, { name, minor }: DesiredResource, mountPoint: string, because: string): Step {
  return {
    node,
    argv: ["mount", mountPoint],
    because,
    does: [
      { kind: "folder", path: mountPoint, note: foldersNote(name) },
      { kind: "mount", device: devicePath(minor), mountPoint },
      forgetMark(name),
    ],
    timeoutSeconds: patient,
  };
}

/**
 * `systemctl start` of what runs already. `ignore-dependencies`: else systemd starts more than is asked for. It would wait
 * until every interface of the host is online, and try once more every mount that failed when the host booted.
 */
function start(node: string, units: readonly string[], guard: Call, because: string): Step {
  return {
    node,
    argv: ["systemctl", "start", units.at(-1) ?? ""],
    because,
    guard: [guard],
    does: [{ kind: "run", argv: ["systemctl", "start", "--job-mode=ignore-dependencies", ...units] }],
    timeoutSeconds: patient,
  };
}

/** Of a resource that runs as it is configured: `drbdadm adjust`, which the unit runs, then changes nothing. */
export function startBringUpUnits(node: string, resource: string, because: string): Step {
  return start(node, [bringUpOf(resource), targetOf(resource)], ["is_attached", resource], because);
}

/** Of a Primary: the unit then only takes note of it. Waited for: when `up` has ended, nothing that touches DRBD runs. */
export function startPromotionUnit(node: string, resource: string, because: string): Step {
  return start(node, [promotionOf(resource)], ["is_primary", resource], because);
}

/** Of a Secondary: else the next `systemctl start` of the mount would not promote it. */
export function stopPromotionUnit(node: string, resource: string, because: string): Step {
  const argv = ["systemctl", "stop", promotionOf(resource)];
  return { node, argv, because, guard: [["is_secondary", resource]], timeoutSeconds: patient };
}

export function unmount(node: string, device: string, mountPoint: string, because: string): Step {
  return {
    node,
    argv: ["umount", mountPoint],
    because,
    holdersOf: [device, mountPoint],
    timeoutSeconds: patient,
  };
}

/** Those that we made, where nobody has put anything into them. */
export function removeFolders(node: string, resource: string, folders: readonly string[], because: string): Step {
  return {
    node,
    argv: ["rmdir", ...folders],
    because,
    does: [{ kind: "remove-folders", note: foldersNote(resource) }],
    timeoutSeconds: quick,
  };
}

/** After the resource is down: the units then have nothing left to do but to be stopped. */
export function stopUnits(node: string, units: readonly string[], because: string): Step {
  return { node, argv: ["systemctl", "stop", ...units], because, timeoutSeconds: patient };
}

export function secondary(node: string, resource: string, device: string, because: string): Step {
  return { node, argv: ["drbdadm", "secondary", resource], because, holdersOf: [device], timeoutSeconds: patient };
}

/** Nothing of it is in use: where that is not so any more, it stays. */
export function downHalfUp(node: string, resource: string, device: string, because: string): Step {
  return { ...down(node, resource, device, because), guard: [["is_half_up", resource]] };
}

export function down(node: string, resource: string, device: string, because: string): Step {
  return { node, argv: ["drbdadm", "down", resource], because, holdersOf: [device], timeoutSeconds: patient };
}
