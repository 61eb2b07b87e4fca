import { parseVirtualMachines } from "./parse-virtual-machines";
import { canonicalIPv6 } from "../wanted/address";
import { topPath } from "../config/paths";
import { parseDump } from "../config/parse-dump";
import type { ResourceMeaning } from "../config/resource-meaning";
import { newEnough } from "./os-family";
import type {
  BlockDevice,
  CommandOutput,
  Contents,
  Folder,
  DeviceNames,
  Includes,
  InstalledCommand,
  KernelResource,
  Metadata,
  MetadataFound,
  Mount,
  ObservedNode,
  ObservedResource,
  ObservedVolume,
  ServiceSeen,
  Room,
  PeerSlot,
} from "./observed";
import { hasUsualIncludes, mayDefine, parseIncludes } from "./parse-includes";
import { parseEvents } from "./parse-events";
import { parseModuleVersion, parseRoles } from "./parse-proc-drbd";
import { roomPlaces, lastFile } from "./probe";
import { ProbeError } from "./probe-error";
import { syncsIn } from "./sync-progress";
import type { TurnSeen } from "./turn";
import { type Group, type Section, type Sections, parseSections } from "./probe-sections";

export { ProbeError } from "./probe-error";

/** Parses what observeScript (probe.ts) printed. Throws a ProbeError rather than guess. */
export function parseProbe(nonce: string, output: string): ObservedNode {
  const [host, ...closer] = parseSections(nonce, output);
  const general: Sections = host?.sections ?? new Map();
  const files = parseFiles(need(general, "files"));
  const procDrbd = files.get("/proc/drbd");
  const loaded = files.get("/sys/module/drbd/version")?.trim() ?? parseModuleVersion(procDrbd ?? "");
  const modinfo = general.get("modinfo");
  const version = general.get("version");
  const osRelease = parseOsRelease(files.get("/etc/os-release") ?? "");
  const closely = !general.has("tables");
  const system = osRelease.get("PRETTY_NAME") ?? "the system";
  const blocks = closely ? parseBlocks(need(general, "blocks"), system) : new Map<string, BlockDevice>();
  const hasUtils = general.has("utils");
  if (closely && hasUtils !== general.has("version")) need(general, hasUtils ? "version" : "utils");
  const swaps = (files.get("/proc/swaps") ?? "").split("\n").slice(1);
  if (modinfo === undefined) need(general, "events");
  const includes = parseIncludesOf(general, files);
  const adjust = hasUtils && mayDefine(files, includes) ? need(general, "adjust") : general.get("adjust");
  return {
    hostname: (files.get("/proc/sys/kernel/hostname") ?? "").trim(),
    kernel: (files.get("/proc/sys/kernel/osrelease") ?? "").trim(),
    os: {
      id: osRelease.get("ID") ?? "unknown",
      like: (osRelease.get("ID_LIKE") ?? "").split(" ").filter(Boolean),
      name: osRelease.get("PRETTY_NAME") ?? "an unknown system",
      version: osRelease.get("VERSION_ID"),
      codename:
        osRelease.get("UBUNTU_CODENAME") ?? osRelease.get("DEBIAN_CODENAME") ?? osRelease.get("VERSION_CODENAME"),
    },
    clock: parseClock(need(general, "boottime").text, files.get("/proc/uptime") ?? ""),
    addresses: [
      ...parseAddresses(files.get("/proc/net/fib_trie") ?? ""),
      ...parseAddresses6(files.get("/proc/net/if_inet6") ?? ""),
    ],
    module:
      procDrbd !== undefined && loaded !== undefined
        ? { version: loaded, loaded: true }
        : modinfo?.exit === 0 && /^\d/.test(modinfo.text)
          ? { version: modinfo.text.trim(), loaded: false }
          : null,
    modinfo: modinfo?.exit === 0 ? undefined : modinfo?.text.trim(),
    utils: hasUtils ? (/^DRBDADM_VERSION=(\S+)/m.exec(version?.text ?? "")?.[1] ?? "unknown") : null,
    turn: parseTurn(general.get("turn")),
    closely,
    mkfs: parseMkfs(general.get("mkfs")),
    files,
    ...(includes && { includes }),
    ...parseGiven(general.get("given")),
    links: need(general, "links").text.split("\n").filter(Boolean),
    ...parseCommands(general.get("commands")),
    names: parseNames(need(general, "names").text),
    mounts: parseMounts(files.get("/proc/self/mountinfo") ?? ""),
    ...parseServices(general.get("services")),
    ...parseVirtualMachines(general.get("machines")),
    missing: general.get("needs")?.text.split("\n").filter(Boolean),
    room: parseRoom(general.get("room")),
    swaps: swaps.map((line) => line.split(/\s/)[0] ?? "").filter(Boolean),
    blocks,
    kernelResources: withOwnRoles(parseRunning(general.get("events"), hasUtils), procDrbd ?? ""),
    sync: syncsIn(procDrbd ?? "", general.get("events")?.text ?? ""),
    adjust: outputOf(adjust),
    dump: outputOf(general.get("dump")),
    ...parseCommon(general),
    ...parseGivenBack(closer),
    resources: parseResources(closer, blocks, general),
  };
}

/** Where a resource has several devices, DRBD 8.4 may have made one of them Primary, and not another. */
function withOwnRoles(running: ReadonlyMap<string, KernelResource>, procDrbd: string): Map<string, KernelResource> {
  const roles = parseRoles(procDrbd);
  return new Map(
    [...running].map(([name, kernel]) => {
      if (kernel.devices.length < 2) return [name, kernel];
      const devices = kernel.devices.map((device) => ({ ...device, role: roles.get(device.minor) ?? kernel.role }));
      return [name, { ...kernel, devices }];
    }),
  );
}

function need(sections: Sections, name: string): Section {
  const section = sections.get(name);
  if (section === undefined) throw new ProbeError(`the answer has no section "${name}"`);
  return section;
}

function parseTurn(section: Section | undefined): TurnSeen | undefined {
  if (section === undefined) return undefined;
  const [last = "", holder = ""] = section.text.split("\n");
  return { last, ...(holder === "" ? {} : { holder }) };
}

function outputOf(section: Section | undefined): CommandOutput | undefined {
  return section === undefined ? undefined : { exit: section.exit, output: section.text };
}

/** `ours PATH`, and sha256sum's `DIGEST  PATH`. */
function parseCommands(section: Section | undefined): Pick<ObservedNode, "commands"> {
  if (section === undefined) return {};
  const lines = section.text.split("\n");
  const own = new Set(lines.filter((line) => line.startsWith("ours ")).map((line) => line.slice("ours ".length)));
  const digests = lines.flatMap((line): [string, InstalledCommand][] => {
    const [, digest, path] = /^([0-9a-f]{64}) [ *](\/.*)$/.exec(line) ?? [];
    return digest === undefined || path === undefined ? [] : [[path, { digest, isOurs: own.has(path) }]];
  });
  return { commands: new Map(digests) };
}

function parseCommon(sections: Sections): Pick<ObservedNode, "common"> {
  const [now, then] = [outputOf(sections.get("commonnow")), outputOf(sections.get("commonthen"))];
  if (now === undefined || then === undefined) return {};
  return { common: { globalCommon: need(sections, "common").text, now, then } };
}

function parseGivenBack(closer: readonly Group[]): Pick<ObservedNode, "givenBack"> {
  const asked = closer.filter(({ about }) => about === "back");
  if (asked.length === 0) return {};
  return {
    givenBack: asked.map(({ name, sections }) => {
      const { exit, text: output } = need(sections, "change");
      const [globalCommon, resource] = [need(sections, "common").text, need(sections, "file").text];
      return { name, globalCommon, resource, change: { exit, output } };
    }),
  };
}

/** What runs. "exists -" ends drbdsetup's list, the empty one too: without it, nobody said that nothing runs. */
function parseRunning(events: Section | undefined, hasUtils: boolean): Map<string, KernelResource> {
  const text = events?.text ?? "";
  if (events !== undefined && hasUtils && !/^exists -$/m.test(text)) {
    throw new ProbeError(`drbdsetup did not answer as expected: ${text.slice(0, 300)}`);
  }
  return parseEvents(text);
}

/**
 * `grep -aHZ ''`: path, NUL, line. It answers 2 where a file is missing, and more when it was killed. The last of the
 * files is on every host.
 */
function parseFiles(section: Section): Map<string, string> {
  const files = linesByFile(section);
  if (section.exit > 2 || [...files.keys()].at(-1) !== lastFile) {
    // Grep's own words have no NUL in them; what has is a file's, and may be secret.
    const words = section.text.split("\n").filter((line) => line.trim() !== "" && !line.includes("\0"));
    const said = words.length === 0 ? "said nothing" : `said: ${words.slice(0, 5).join("; ").slice(0, 500)}`;
    const message = `not all files could be read: grep ended with exit ${section.exit} and ${said}`;
    const isOther = words.some((line) => /(unrecognized|invalid|unknown) option/.test(line));
    throw new ProbeError(
      message,
      isOther ? "see which grep is first in root's PATH there: GNU grep is needed, and busybox's lacks -Z" : undefined,
    );
  }
  if (!files.has("/proc/self/mountinfo"))
    throw new ProbeError("what is mounted could not be read: /proc/self/mountinfo is missing");
  return files;
}

/** It is asked for where /etc/drbd.conf says more than usual, or a file that it includes has the word. */
function parseIncludesOf(sections: Sections, files: ReadonlyMap<string, string>): Includes | undefined {
  const section = sections.get("includes");
  if (section !== undefined) return parseIncludes(section);
  const top = files.get(topPath);
  if (top !== undefined && !hasUsualIncludes(top)) need(sections, "includes");
  return undefined;
}

/** The same, of files of which there may be none. */
function parseGiven(section: Section | undefined): Pick<ObservedNode, "given"> {
  if (section === undefined) return {};
  if (section.exit > 2)
    throw new ProbeError(`the definitions of guests could not be read: grep ended with exit ${section.exit}`);
  return { given: linesByFile(section) };
}

function linesByFile(section: Section): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of section.text.split("\n")) {
    const at = line.indexOf("\0");
    if (at < 0) continue;
    const path = line.slice(0, at);
    files.set(path, `${files.get(path) ?? ""}${line.slice(at + 1)}\n`);
  }
  return files;
}

/** Seconds since 1970, from the kernel's boot time and how long ago that was: no process is started for it. */
function parseClock(boot: string, uptime: string): number {
  return Number(/^\d+$/m.exec(boot)?.[0] ?? NaN) + Number(uptime.trim().split(" ")[0] ?? NaN);
}

/** /proc/net/fib_trie: an address, and below it that it is a local host's. */
function parseAddresses(trie: string): string[] {
  const found = [...trie.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map((match) => match[1] ?? "");
  return [...new Set(found)];
}

/** /proc/net/if_inet6: 32 hexadecimal digits, spelled out as RFC 5952 wants it. */
function parseAddresses6(text: string): string[] {
  return [...text.matchAll(/^([0-9a-f]{32}) /gm)].map((match) =>
    canonicalIPv6(((match[1] ?? "").match(/.{4}/g) ?? []).map((group) => parseInt(group, 16))),
  );
}

/** A paragraph of KEY=VALUE lines for each unit, in the order in which they were asked for. */
function parseServices(section: Section | undefined): Pick<ObservedNode, "services"> {
  if (section === undefined) return {};
  const { words: names } = section;
  const paragraphs = section.text.trim().split(/\n\n+/);
  if (section.exit !== 0 || paragraphs.length !== names.length)
    throw new ProbeError(`systemctl show did not answer as expected: ${section.text.slice(0, 300)}`);
  const seen = names.map((name, index): [string, ServiceSeen] => {
    const of = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(paragraphs[index] ?? "")?.[1] ?? "";
    const ends = of("Type") === "oneshot" && of("RemainAfterExit") === "no";
    return [name, { load: of("LoadState"), active: of("ActiveState"), ends }];
  });
  return { services: new Map(seen) };
}

function parseOsRelease(text: string): Map<string, string> {
  const lines = text.matchAll(/^([A-Z_]+)=(["']?)(.*?)\2\s*$/gm);
  return new Map([...lines].map(([, key = "", , value = ""]) => [key, value]));
}

/** `mkfs.xfs version 6.1.0`, and the files that xfsprogs brings along for its -c. */
function parseMkfs(section: Section | undefined): ObservedNode["mkfs"] {
  if (section === undefined) return undefined;
  const version = /^mkfs\.xfs version (\S+)/m.exec(section.text)?.[1];
  const configurations = section.text.split("\n").filter((line) => line.startsWith("/"));
  return version === undefined ? null : { version, configurations };
}

/** `RESOURCE VOLUME disk /dev/disk/by-id/virtio-0001`, one name a line; with a slot, `RESOURCE VOLUME metaDisk[1] /dev/vdc`. */
function parseNames(text: string): Map<string, ReadonlyMap<number, DeviceNames>> {
  const found = new Map<string, Map<number, DeviceNames>>();
  const line = /^(\S+) (\d+) (disk|metaDisk|device)(?:\[(\d+)\])? (\/dev\/.*)$/gm;
  for (const [, resource = "", volume, place, slot, name = ""] of text.matchAll(line)) {
    const volumes = found.get(resource) ?? new Map<number, DeviceNames>();
    const names = volumes.get(Number(volume)) ?? { disk: [], metaDisk: [], device: [] };
    const key = place as Exclude<keyof DeviceNames, "metaIndex">;
    const metaIndex = slot === undefined ? {} : { metaIndex: Number(slot) };
    const all = { ...names, ...metaIndex, [key]: [...new Set([...names[key], name])] };
    found.set(resource, volumes.set(Number(volume), all));
  }
  return found;
}

/** /proc/self/mountinfo, proc(5): optional fields end with a dash; blanks are octal escapes. */
function parseMounts(text: string): Mount[] {
  const unescape = (word: string) =>
    word.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return text.split("\n").flatMap((line) => {
    const [before, after] = line.split(" - ");
    const [, , number, , target, options] = before?.split(" ") ?? [];
    const [fstype, source] = after?.split(" ") ?? [];
    if (target === undefined || fstype === undefined || source === undefined) return [];
    // Whatever link it was mounted by.
    const minor = /^147:(\d+)$/.exec(number ?? "")?.[1];
    const device = minor === undefined ? unescape(source) : `/dev/drbd${minor}`;
    const readOnly = options?.split(",").includes("ro") === true ? ({ readOnly: true } as const) : {};
    return [{ source: device, target: unescape(target), fstype, number, ...readOnly }];
  });
}

/** `df`: a heading, and a line for each place. Filesystems without a table of files say that they have 0 in all. */
function parseRoom(section: Section | undefined): Room[] {
  const lines = section?.exit === 0 ? section.text.split("\n").slice(1) : [];
  return roomPlaces.flatMap((path, index) => {
    const [, kibibytes, files, all] = /^\s*(\d+)\s+(\d+|-)\s+(\d+|-)\s*$/.exec(lines[index] ?? "") ?? [];
    if (kibibytes === undefined) return [];
    const limit = all === "0" || all === "-" || files === "-" ? {} : { files: Number(files) };
    return [{ path, kibibytes: Number(kibibytes), ...limit }];
  });
}

function parseFolder(section: Section | undefined): Folder | undefined {
  const told = (section?.text ?? "").split("\n");
  const valueOf = (key: string) => told.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1);
  const [at, real, blocked] = [valueOf("at"), valueOf("real"), valueOf("blocked")];
  if (blocked !== undefined) return { kind: "not-a-folder", at: blocked };
  if (at === undefined || real === undefined) return undefined;
  const holds = told.filter((line) => line.startsWith("holds ")).map((line) => line.slice("holds ".length));
  return { kind: "folder", at, real, holds };
}

interface LsblkDevice {
  readonly kname: string;
  readonly path: string;
  readonly type: string;
  readonly size?: number | string | null;
  readonly ro: boolean | string;
  readonly fstype?: string | null;
  readonly uuid?: string | null;
  readonly label?: string | null;
  readonly partuuid?: string | null;
  readonly partlabel?: string | null;
  readonly "maj:min"?: string | null;
  readonly "log-sec"?: number | string | null;
  readonly pttype?: string | null;
  readonly serial?: string | null;
  readonly wwn?: string | null;
  readonly children?: readonly LsblkDevice[];
}

function parseBlocks(section: Section, system: string): Map<string, BlockDevice> {
  const blocks = new Map<string, BlockDevice>();
  const walk = (device: LsblkDevice) => {
    const children = device.children ?? [];
    const size = Number(device.size);
    if (!device.path.startsWith("/dev/") || device.size === undefined || !(size >= 0)) throw new Error("no device");
    const block: BlockDevice = {
      path: device.path,
      type: device.type,
      size,
      readOnly: device.ro === true || device.ro === "1",
      fstype: device.fstype ?? undefined,
      uuid: device.uuid ?? undefined,
      label: device.label ?? undefined,
      partuuid: device.partuuid ?? undefined,
      partlabel: device.partlabel ?? undefined,
      sector: Number(device["log-sec"]) || undefined,
      number: device["maj:min"]?.trim() ?? undefined,
      partitionTable: device.pttype ?? undefined,
      serial: device.serial?.trim() ?? undefined,
      wwn: device.wwn?.trim() ?? undefined,
      children: children.map((child) => child.path),
    };
    // A logical volume's path is /dev/mapper/NAME, while its links in /dev lead to the kernel's name for it, /dev/dm-N.
    blocks.set(device.path, block).set(`/dev/${device.kname}`, block);
    children.forEach(walk);
  };
  try {
    if (section.exit !== 0) throw new Error("it failed");
    (JSON.parse(section.text) as { blockdevices: LsblkDevice[] }).blockdevices.forEach(walk);
  } catch {
    const said = `(exit ${section.exit}): ${section.text.slice(0, 300)}`;
    if (/unknown column|invalid option|unrecognized option/.test(section.text)) {
      throw new ProbeError(
        `${system} is too old, or its lsblk is not util-linux's: it knows not all that is asked for ${said}`,
        `use a system with util-linux 2.33 or newer; ${newEnough}`,
      );
    }
    throw new ProbeError(`lsblk did not answer as expected ${said}`);
  }
  return blocks;
}

/** A resource's look and, where there was one, drbdadm's opinion of its wanted configuration. */
function parseResources(
  closer: readonly Group[],
  blocks: ReadonlyMap<string, BlockDevice>,
  general: Sections,
): Map<string, ObservedResource> {
  const resources = new Map<string, ObservedResource>();
  for (const { about, name, sections } of closer) {
    if (about === "resource") {
      const volumes = closer.filter((one) => one.about === "volume" && one.name === name);
      resources.set(name, parseLook(sections, volumes, blocks, general));
    } else if (about === "candidate") {
      const looked = resources.get(name);
      const [candidate, change] = [outputOf(need(sections, "parsed")), outputOf(need(sections, "change"))];
      const [installed, wanted] = ["means", "meant"].map((one) => meaningOf(name, sections.get(one)));
      const meanings = installed !== undefined && wanted !== undefined ? { meanings: { installed, wanted } } : {};
      if (looked !== undefined) resources.set(name, { ...looked, candidate, change, ...meanings });
    }
  }
  return resources;
}

const meaningOf = (name: string, dump: Section | undefined): ResourceMeaning | undefined =>
  dump?.exit === 0 ? parseDump(dump.text).find((one) => one.name === name) : undefined;

function parseLook(
  sections: Sections,
  groups: readonly Group[],
  blocks: ReadonlyMap<string, BlockDevice>,
  general: Sections,
): ObservedResource {
  if (groups.length === 0) throw new ProbeError("the answer has a resource without its volumes");
  const volumes = new Map(groups.map((group) => [group.volume, parseVolume(group.sections, blocks, general)]));
  if ((general.get("adjust")?.text ?? "").trim() !== "") need(sections, "change");
  const isAttached = [...volumes.values()].every(({ disk }) => disk.kind === "attached");
  const isAsked = !isAttached && groups.every((group) => !group.sections.has("kernelgi"));
  return {
    volumes,
    ...parsePast(sections.get("past")),
    ...parseSnapshotTools(sections.get("snapshots")),
    missingDigests: sections.get("digests")?.text.split("\n").filter(Boolean),
    nodeId: parseNodeId(sections.get("status")),
    portTaken: isAsked && isTaken(need(sections, "port").text),
    change: outputOf(sections.get("change")),
  };
}

function parseVolume(sections: Sections, blocks: ReadonlyMap<string, BlockDevice>, general: Sections): ObservedVolume {
  const kernelGi = sections.get("kernelgi");
  const metaDisk = sections.get("metadisk");
  const device = sections.get("device");
  const disk = listed(parseContents(need(sections, "disk"), blocks), blocks);
  const meta = metaDisk && listed(parseContents(metaDisk, blocks), blocks);
  if (disk.kind !== "attached") {
    if (general.has("utils") && "real" in (meta ?? disk)) need(sections, "gi");
  }
  return {
    disk,
    folder: parseFolder(sections.get("folder")),
    metaDisk: meta,
    metadata: parseMetadata(sections.get("gi")),
    kernelGi: kernelGi?.exit === 0 && isGi(kernelGi.text.trim()) ? kernelGi.text.trim() : undefined,
    device: device && parseContents(device, blocks),
    ...parseLogicalVolume(sections.get("lvm")),
    ...parseUsers(sections.get("users")),
    ...parseWritten(sections.get("written")),
  };
}

function parsePast(section: Section | undefined): Pick<ObservedResource, "apartSince"> {
  const [since] = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: or before)?$/m.exec(section?.text ?? "") ?? [];
  return since === undefined ? {} : { apartSince: since };
}

/** `file TIME PATH`, `mounted TIME`, `changed TIME`: what is not understood is not known. */
function parseWritten(section: Section | undefined): Pick<ObservedVolume, "written"> {
  if (section === undefined) return {};
  const time = String.raw`(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`;
  const of = (what: string) => new RegExp(`^${what} ${time}(?: (.+))?$`, "m").exec(section.text) ?? [];
  const [, ofSome] = of("some");
  const [, fileTime, path] = of(ofSome === undefined ? "file" : "some");
  const [, mounted] = of("mounted");
  const [, changed] = of("changed");
  return {
    written: {
      ...(fileTime === undefined || path === undefined
        ? {}
        : { file: { time: fileTime, path, ...(ofSome === undefined ? {} : { isOfSome: true as const }) } }),
      ...(mounted === undefined ? {} : { mounted }),
      ...(changed === undefined ? {} : { changed }),
    },
  };
}

/** `missing TOOL`, a line each, and `settings`. */
function parseSnapshotTools(section: Section | undefined): Pick<ObservedResource, "snapshots"> {
  if (section === undefined) return {};
  const missing = section.text.split("\n").flatMap((line) => /^missing (.+)$/.exec(line)?.[1] ?? []);
  return { snapshots: { missing, hasSettings: /^settings$/m.test(section.text) } };
}

/** `volume|vg0|data|335544320|-wi-ao----|209715200|4194304`, and, where there is one, `snapshot|data|46137344|swi-a-s---`. */
function parseLogicalVolume(section: Section | undefined): Pick<ObservedVolume, "logical"> {
  if (section === undefined) return {};
  const line = /^volume\|([^|\s]+)\|([^|\s]+)\|(\d+)\|(\S+)\|(\d+)\|(\d+)$/m.exec(section.text);
  if (section.exit !== 0 || line === null) return { logical: { kind: "none", said: section.text.trim() } };
  const [, group = "", name = "", size, attributes = "", free, extent] = line;
  const [, origin, its, kind = ""] = /^snapshot\|([^|\s]*)\|(\d+)\|(\S+)$/m.exec(section.text) ?? [];
  const snapshot = origin === undefined ? {} : { snapshot: { origin, size: Number(its), attributes: kind } };
  const sizes = { size: Number(size), free: Number(free), extent: Number(extent) };
  return { logical: { kind: "logical", group, name, attributes, ...sizes, ...snapshot } };
}

/** `in use: process 412 (sh): /srv/data/log`, a line each. */
function parseUsers(section: Section | undefined): Pick<ObservedVolume, "users"> {
  if (section === undefined) return {};
  const lines = section.text.split("\n").filter(Boolean);
  const strange = lines.find((line) => !line.startsWith("in use: "));
  if (section.exit !== 0 || strange !== undefined)
    throw new ProbeError(`who has the device open could not be read: ${section.text.slice(0, 300)}`);
  return { users: [...new Set(lines.map((line) => line.slice("in use: ".length)))] };
}

/** `r0 node-id:0 role:Primary …`, the first line of `drbdsetup status --verbose` (module 9). */
function parseNodeId(section: Section | undefined): number | undefined {
  const id = /^\S+ node-id:(\d+) /.exec(section?.text.trimStart() ?? "")?.[1];
  return section?.exit === 0 && id !== undefined ? Number(id) : undefined;
}

/** `grep -c`: how many listen, by file. There is no tcp6 where IPv6 is switched off. */
function isTaken(counts: string): boolean {
  if (!/^\/proc\/net\/tcp:\d+$/m.test(counts))
    throw new ProbeError(
      `which ports are in use could not be read: grep said: ${counts.replace(/\s+/g, " ").trim().slice(0, 300)}`,
    );
  return /:[1-9]\d*$/m.test(counts);
}

/** What holds a disk is in lsblk's list: one that is not there is not known to be free. */
function listed(contents: Contents, blocks: ReadonlyMap<string, BlockDevice>): Contents {
  if (contents.kind !== "blank" || blocks.has(contents.real)) return contents;
  return { ...contents, kind: "unreadable", said: "lsblk does not list it" };
}

function parseContents(section: Section, blocks: ReadonlyMap<string, BlockDevice>): Contents {
  const [real = ""] = section.words;
  if (real === "missing") return { kind: "missing" };
  if (real === "not-block") return { kind: "not-block" };
  const said = section.text.trim();
  const zeros = /^none\nzero (\d+)$/.exec(said)?.[1];
  const size = zeros === undefined ? (blocks.get(real)?.size ?? 0) : Number(zeros);
  const [, offset, hash] = /^none\ndata (\d+)(?:\nHASH=([0-9a-f]{16}))?$/.exec(said) ?? [];
  if (said === "attached") return { kind: "attached", real, ...(blocks.has(real) ? { size } : {}) };
  if (zeros !== undefined) return { kind: "blank", real, size };
  if (offset !== undefined) return { kind: "data", real, size, offset: Number(offset), hash };
  const values = new Map([...said.matchAll(/^([A-Z_]+)=(.*)$/gm)].map((match) => [match[1], match[2]]));
  const type = values.get("TYPE") ?? values.get("PTTYPE");
  if (type === undefined) return { kind: "unreadable", real, size, said };
  const uuid = values.has("TYPE") ? values.get("UUID") : values.get("PTUUID");
  const several = [...said.matchAll(/^SIGNATURE=(\S+) ?(\S*)$/gm)].map(([, one = "", its = ""]) => ({
    type: one,
    ...(its === "" ? {} : { uuid: its }),
  }));
  // Which of several takes how much is not known.
  const taken = several.length > 0 ? undefined : values.get("TAKEN");
  const ended = Number(values.get("ENDED") ?? "");
  const [, sector, readOnlyCompatible, incompatible, unfinished] =
    /^XFS=(\d+) (\d+) (\d+)( unfinished)?$/m.exec(said) ?? [];
  return {
    kind: "signature",
    real,
    size,
    type,
    uuid,
    hash: values.get("HASH"),
    taken: taken === undefined ? undefined : Number(taken),
    ...(ended > 0 ? { ended } : {}),
    ...(several.length === 0 ? {} : { several }),
    ...(sector === undefined
      ? {}
      : {
          xfs: {
            sector: Number(sector),
            readOnlyCompatible: Number(readOnlyCompatible),
            incompatible: Number(incompatible),
            ...(unfinished === undefined ? {} : { isUnfinished: true as const }),
          },
        }),
  };
}

function parseMetadata(section: Section | undefined): Metadata {
  if (section === undefined) return { kind: "unknown" };
  const said = section.text.trim();
  if (said === "none") return { kind: "absent" };
  const [, bytes, block = said] = /^moved (\d+) (.*)$/.exec(said) ?? [];
  const found = parseSuperblock(block);
  if (found !== undefined && bytes === undefined) return { kind: "present", ...found.says };
  if (found?.uuid !== undefined) return { kind: "moved", bytes: Number(bytes), uuid: found.uuid, ...found.says };
  if (/busy|configured/i.test(said)) return { kind: "busy", said };
  return { kind: "unreadable", said };
}

/** `v08 GI` as drbdmeta tells it, or what the shell function superblock says (host/looks/metadata.sh). */
function parseSuperblock(text: string): { readonly uuid?: string; readonly says: MetadataFound } | undefined {
  const [version, ...words] = text.split(" ");
  if (version === "v08") {
    const [gi = "", uuid] = words.reverse();
    if (words.length > 2 || !isGi(gi) || (uuid !== undefined && !isUuid(uuid))) return undefined;
    return { uuid, says: { version, gi } };
  }
  const [uuid = "", nodeId = "", older = "", ...rest] = words;
  if (version !== "v09" || !isUuid(uuid) || !/^(-1|\d{1,2})$/.test(nodeId) || rest.length % 2 !== 0) return undefined;
  const history = older === "-" ? [] : older.split(":");
  const slots: PeerSlot[] = [];
  for (let at = 0; at < rest.length; at += 2) {
    const [id = "", gi = ""] = rest.slice(at, at + 2);
    if (!/^\d{1,2}$/.test(id) || !isGi(gi)) return undefined;
    const words = gi.split(":");
    slots.push({ nodeId: Number(id), gi: [...words.slice(0, 4), ...history, ...words.slice(4)].join(":") });
  }
  const [first] = slots;
  if (first === undefined || !history.every((one) => isUuid(one))) return undefined;
  return { uuid, says: { version, gi: first.gi, nodeId: Number(nodeId), slots } };
}

function isUuid(text: string): boolean {
  return /^[0-9A-F]{16}$/i.test(text);
}

function isGi(text: string): boolean {
  return /^([0-9A-F]{16}:){4}\S*$/i.test(text);
}
