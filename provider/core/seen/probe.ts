import { commands, environment, guards, log, looks as lookFunctions, probe, turn } from "../../host/text";
import { snapshotName, snapshotSettingsPath, snapshotTools } from "../wanted/snapshot-handlers";
import { drbdmetaPlace, type MetadataPlace } from "../wanted/metadata-place";
import { ownMark } from "../config/own-mark";
import { globalCommonPath, otherTopPaths, resourcePath } from "../config/paths";
import { givingFiles } from "./given-disks";
import { listenersOn } from "./listeners";
import { managerFiles, managerLinks } from "./managers";
import { neededTools, noSystemd } from "./needed-tools";
import { commandLine, quote } from "./shell-words";

/** A resource whose disks are to be looked at, which the host's own tables do not tell. */
export interface Look {
  readonly name: string;
  readonly port: number;
  /** Where that port is wanted: whoever listens on it at another address is no hindrance. */
  readonly address?: string;
  /** Those that it shall use: whether the kernel has each is looked at. */
  readonly digests?: readonly string[];
  /** Units of systemd that run with it: whether each is there, and active, is looked at. */
  readonly services?: readonly string[];
  /** The role that `primary` gives it here: where it has another one, it may be about to move, and who uses it is looked at. */
  readonly wanted?: "Primary" | "Secondary";
  /** Snapshots are wanted before a resync: whether the host can make them is looked at. */
  readonly snapshots?: true;
  /** The two sides do not speak: since when, and what was written last here, is looked at. */
  readonly parted?: true;
  /** Virtual machines that run with it, and paths that their wanted definitions name. */
  readonly virtualMachines?: readonly VirtualMachineLook[];
  readonly volumes: readonly VolumeLook[];
}

export interface VirtualMachineLook {
  readonly name: string;
  readonly paths: readonly string[];
}

/** One volume of it, as it is on that host. */
export interface VolumeLook extends MetadataPlace {
  readonly volume: number;
  readonly minor: number;
  readonly disk: string;
  /** Whether a filesystem is wanted on it: then a Primary that has none mounted is looked at closely. */
  readonly filesystem: boolean;
  /** Where it shall be mounted: what the folder holds is looked at. */
  readonly mountPoint?: string;
}

/** A configuration that is wanted: drbdadm on the host parses it beside what is installed, and says what it would change. */
export interface Candidate {
  readonly name: string;
  readonly resource: string;
  readonly globalCommon: string;
  /** Another file that defines the resource, and goes when ours comes. */
  readonly replaces?: string;
  /** Files of ours that drbdadm cannot read as they are, and that are mended before this one is installed. */
  readonly unread?: readonly string[];
  /** Whether somebody else's file defines the resource: drbdadm says what that means, and what ours would. */
  readonly isForeign?: boolean;
}

/** Another global_common.conf: drbdadm on the host says what every resource there means with it, and without. */
export interface CommonCandidate {
  readonly globalCommon: string;
  /** As in Candidate. */
  readonly unread?: readonly string[];
}

/** A user's own files in the place of ours: drbdadm on the host says what that changes of the resource that runs. */
export interface GivenBack {
  readonly name: string;
  /** The texts; the second is empty where the installed file stays. */
  readonly globalCommon: string;
  readonly resource: string;
  /** Installed files that are left out for them. */
  readonly left: readonly string[];
}

/**
 * How close to look. `tables`: the host's own only, of the kernel, of mounts, of files, which one or two commands print.
 * `close`: its block devices, drbd-utils' version and each disk asked for as well, at some ten commands more.
 * `needed`: close only where something asked for is not plainly well.
 */
export type Depth = "tables" | "needed" | "close";

export interface ProbeRequest {
  readonly looks: readonly Look[];
  readonly candidates: readonly Candidate[];
  readonly depth: Depth;
  readonly common?: CommonCandidate;
  readonly givenBack?: readonly GivenBack[];
  /** drbd-utils' version, where it is known from an earlier look: it is not asked for again, which costs two processes. */
  readonly utils?: string;
}

export const justTheHost: ProbeRequest = { looks: [], candidates: [], depth: "needed" };
export const justTheTables: ProbeRequest = { looks: [], candidates: [], depth: "tables" };
export const theHostClosely: ProbeRequest = { looks: [], candidates: [], depth: "close" };

/** Of every block device. */
export const lsblkColumns =
  "NAME,KNAME,PATH,TYPE,SIZE,RO,FSTYPE,UUID,LABEL,PARTUUID,PARTLABEL,PTTYPE,SERIAL,WWN,MAJ:MIN,LOG-SEC";

/** Read after all other files, and on every host: where it is missing, others may be. */
export const lastFile = "/proc/uptime";

/** What we write to, and what stands before a step is written there. */
export const roomPlaces = ["/etc", "/var/lib", "/run"] as const;

/** So many names are told of a folder. */
export const mostNames = 4;

/** What the functions of host/probe are to look for on any host. */
const variables: Readonly<Record<string, string>> = {
  last_file: lastFile,
  giving_files: givingFiles.join(" "),
  manager_files: managerFiles.join(" "),
  manager_links: managerLinks.join(" "),
  needed_tools: neededTools.join(" "),
  no_systemd: noSystemd,
  snapshot_tools: snapshotTools.join(" "),
  snapshot_settings: snapshotSettingsPath,
  snapshot_suffix: snapshotName(""),
  room_places: roomPlaces.join(" "),
  block_columns: lsblkColumns,
  most_names: String(mostNames),
  own_mark: ownMark,
  other_tops: otherTopPaths.join(" "),
  command_names: Object.keys(commands).join(" "),
};

/** The shell function `probe` of host/probe, which looks at a host and changes nothing there, and what it asks for. */
export function probeFunction(nonce: string, request: ProbeRequest): string {
  const { looks, candidates, depth, utils, common, givenBack = [] } = request;
  const machines = looks.flatMap(({ virtualMachines = [] }) => virtualMachines);
  const asked = {
    ...variables,
    nonce,
    depth,
    utils: utils ?? "",
    looks: String(looks.length),
    machines: String(machines.length),
    services: [...new Set(looks.flatMap(({ services = [] }) => services))].join(" "),
    snapshots: looks.flatMap(({ name, snapshots }) => (snapshots === true ? [name] : [])).join(" "),
    silent: looks.flatMap(({ name, parted }) => (parted === true ? [name] : [])).join(" "),
    roles: looks.flatMap(({ name, wanted }) => (wanted === undefined ? [] : [`${name}:${wanted}`])).join(" "),
  };
  return [
    ...Object.entries(asked).map(([name, value]) => `${name}=${quote(value)}`),
    passOwn(looks),
    eachOf("each_look", looks.map(lookArguments)),
    eachOf(
      "each_machine",
      machines.map(({ name, paths }) => [name, ...paths]),
    ),
    eachOf("each_candidate", candidates.map(candidateArguments)),
    eachOf("each_common", common === undefined ? [] : [[common.globalCommon, ...(common.unread ?? [])]]),
    eachOf(
      "each_given_back",
      givenBack.map(({ name, globalCommon, resource, left }, at) => [
        String(at),
        name,
        globalCommon,
        resource,
        ...left,
      ]),
    ),
    probe,
  ].join("\n");
}

/** A shell function that sets what of a resource's users stops with it: its own services and machines, and no other's. */
function passOwn(looks: readonly Look[]): string {
  const cases = looks.map(({ name, services = [], virtualMachines = [] }) => {
    const guests = virtualMachines.map((machine) => `${machine.name}\n`).join("");
    return `${quote(name)}) passed_units=${quote(services.join(" "))} passed_guests=${quote(guests)} ;;`;
  });
  return ["pass_own() {", "passed_units='' passed_guests=''", "case $1 in", ...cases, "esac", "}"].join("\n");
}

/** A shell function that calls another one with each of the lists behind the arguments that it is given. */
function eachOf(name: string, lists: readonly (readonly string[])[]): string {
  const calls = lists.map((list) => `"$@" ${commandLine(list)}`);
  return [`${name}() {`, ...calls, ":", "}"].join("\n");
}

function lookArguments({ name, port, address, digests = [], volumes }: Look): string[] {
  const portHex = port.toString(16).toUpperCase().padStart(4, "0");
  return [name, `${listenersOn(address)}:${portHex}`, digests.join(" "), ...volumes.flatMap(volumeArguments)];
}

function volumeArguments({ volume, minor, filesystem, mountPoint, ...disks }: VolumeLook): string[] {
  const [, place] = drbdmetaPlace(disks);
  const { disk, metaDisk } = disks;
  return [String(volume), String(minor), disk, metaDisk, filesystem ? "wanted" : "", mountPoint ?? "", place];
}

function candidateArguments({ name, resource, globalCommon, replaces, unread = [], isForeign }: Candidate): string[] {
  const left = [globalCommonPath, resourcePath(name), ...(replaces === undefined ? [] : [replaces]), ...unread];
  return [name, globalCommon, resource, isForeign === true ? "foreign" : "", ...left];
}

/** Runs the probe and nothing else. */
export function observeScript(nonce: string, request: ProbeRequest): string {
  const ofMoves = request.looks.some(({ wanted }) => wanted !== undefined) ? guards : "";
  const ofParted = request.looks.some(({ parted }) => parted === true) ? log : "";
  return `${environment}${lookFunctions}${ofMoves}${ofParted}${turn}${probeFunction(nonce, request)}\nprobe </dev/null; exit 0\n`;
}

/** Whether a host's drbdadm must be asked about a wanted configuration, or what is installed there is that already. */
export function isInstalled(files: ReadonlyMap<string, string>, { name, resource, globalCommon }: Candidate): boolean {
  return files.get(resourcePath(name)) === resource && files.get(globalCommonPath) === globalCommon;
}
