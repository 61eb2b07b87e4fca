/** Virtual machines of libvirt that run with a resource: their names, their units, and what their definitions name. */
import type { XmlElement } from "@rgrove/parse-xml";
import { escapeInstance, unescapeInstance } from "./systemd-escape";
import { childOf, childrenOf, everyElement, readXml } from "./xml";

export interface DesiredVirtualMachine {
  readonly name: string;
  /** Its definition for both hosts; without it, the one that is there. */
  readonly xml?: string;
  /** Seconds that it has to shut down. */
  readonly shutdownTimeout: number;
}

export const DEFAULT_SHUTDOWN_TIMEOUT = 120;

/** The unit that runs it: one more of the resource's services. */
export const virtualMachineUnit = (name: string): string => `drbd-vm@${escapeInstance(name)}.service`;

/** The virtual machine behind such a unit. */
export function virtualMachineOf(unit: string): string | undefined {
  const [, instance] = /^drbd-vm@(.+)\.service$/.exec(unit) ?? [];
  return instance === undefined ? undefined : unescapeInstance(instance);
}

/** A service, in words. */
export function calledService(unit: string): string {
  const name = virtualMachineOf(unit);
  return name === undefined ? unit : `virtual machine ${name}`;
}

export function virtualMachineNameFault(name: string): string | undefined {
  if (name === "") return "must be the name of a virtual machine of libvirt (`virsh list --all` shows them)";
  if (/[/$\x00-\x1f\x7f]/.test(name))
    return "must be without `/`, `$` and control characters: systemd cannot hand them to virsh in the name of a unit";
  if (name !== name.trim()) return "must not begin or end with a blank";
  if (name.startsWith("-")) return "must not begin with `-`: virsh takes that for an option";
  if (/^[0-9]+$/.test(name)) return "is a number, which virsh takes for the id of whatever runs: give it another name";
  const longest = 230;
  return escapeInstance(name).length > longest ? `is too long for the name of a unit of systemd` : undefined;
}

const UUID = /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;

/** What is wrong with a definition for two hosts. It is never quoted: it may hold what nobody should read. */
export function definitionFault(xml: string, name: string | undefined): string | undefined {
  const domain = readXml(xml);
  if (domain === undefined) return "must be one whole element of XML, <domain>…</domain>";
  if (domain.name !== "domain") return `must be a <domain>, not a <${domain.name}>`;
  const named = childOf(domain, "name")?.text.trim();
  if (named === undefined) return "has no <name>";
  if (name !== undefined && named !== name)
    return `names ${JSON.stringify(named)} in its <name>, not ${JSON.stringify(name)}`;
  const uuid = childOf(domain, "uuid")?.text.trim();
  if (uuid !== undefined && !UUID.test(uuid)) return "has a <uuid> that is none";
  if (everyElement(domain).some(({ attributes }) => attributes["passwd"] !== undefined))
    return "holds a password (`passwd`), which would stand in Pulumi's state: define it on both hosts yourself, and give its name alone";
  const bare = childrenOf(childOf(domain, "devices"), "interface").some(
    (one) => childOf(one, "mac")?.attributes["address"] === undefined,
  );
  if (bare)
    return "has an <interface> without <mac address='…'/>: each host would choose another, and the guest would change it in every switch. Give one, such as 52:54:00 and three more bytes";
  return undefined;
}

/** A definition's uuid, as libvirt writes it. */
export function uuidOf(xml: string): string | undefined {
  const digits = childOf(readXml(xml), "uuid")?.text.replace(/[\s-]/g, "").toLowerCase();
  return digits === undefined ? undefined : digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** With this uuid, where it has none. */
export function withUuid(xml: string, uuid: string): string {
  const domain = readXml(xml);
  const name = childOf(domain, "name");
  if (name === undefined || childOf(domain, "uuid") !== undefined) return xml;
  return `${xml.slice(0, name.start)}<uuid>${uuid}</uuid>${xml.slice(name.start)}`;
}

/** Something that a definition needs from its host. */
export interface Needed {
  /** `disk vda` */
  readonly what: string;
  /** Where it is, as the definition has it. */
  readonly path?: string;
  /** What is wrong with it wherever it is; then there is no path. */
  readonly why?: string;
  /** It may stand on other files: an overlay. */
  readonly isLayered?: boolean;
}

/** All that a machine reads or keeps on a host, and that must travel with the resource. */
export function neededBy(xml: string): Needed[] {
  const domain = readXml(xml);
  if (domain === undefined) return [];
  const os = childOf(domain, "os");
  const devices = childOf(domain, "devices");
  return [
    ...childrenOf(devices, "disk").flatMap(ofDisk),
    ...(["kernel", "initrd", "dtb"] as const).flatMap((what) => ofPath(what, childOf(os, what)?.text)),
    ...ofFirmware(os),
    ...childrenOf(devices, "filesystem").flatMap((one): Needed[] => {
      const what = `filesystem ${childOf(one, "target")?.attributes["dir"] ?? ""}`.trim();
      const path = childOf(one, "source")?.attributes["dir"];
      return path === undefined ? [{ what, why: "is no folder of the resource's" }] : [{ what, path }];
    }),
    ...childrenOf(devices, "tpm").map(ofTpm),
    // Memory that lasts.
    ...childrenOf(devices, "memory").flatMap((one) =>
      ofPath(one.attributes["model"] ?? "memory", childOf(childOf(one, "source"), "path")?.text),
    ),
    ...childrenOf(devices, "pstore").flatMap((one) => ofPath("pstore", childOf(one, "path")?.text)),
    ...[
      ...childrenOf(devices, "hostdev"),
      ...childrenOf(devices, "interface").filter(({ attributes }) => attributes["type"] === "hostdev"),
    ].map(({ name, attributes }) => ({
      what: `host device (${name === "interface" ? name : (attributes["type"] ?? attributes["mode"] ?? "unknown")})`,
      why: "is a device of one host, which the other one does not have",
    })),
  ];
}

/** What is worth knowing of it, though it may be meant. */
export function remarksOn(xml: string): string[] {
  const domain = readXml(xml);
  if (domain === undefined) return [];
  const disks = childrenOf(childOf(domain, "devices"), "disk");
  const atPoweroff = childOf(domain, "on_poweroff")?.text.trim() ?? "destroy";
  const unsafe = disks.filter((disk) => childOf(disk, "driver")?.attributes["cache"] === "unsafe");
  return [
    ...unsafe.map(
      (disk) =>
        `its disk ${childOf(disk, "target")?.attributes["dev"] ?? ""} has cache='unsafe': what the guest takes for written is lost where its host fails, on both hosts`,
    ),
    ...(atPoweroff === "destroy"
      ? []
      : [`it has <on_poweroff>${atPoweroff}</on_poweroff>: it does not end when it shuts down, and so it cannot move`]),
    ...(childrenOf(domain, "qemu:commandline").length === 0
      ? []
      : ["it has arguments of qemu's own (<qemu:commandline>), and which files they name is not looked at"]),
  ];
}

function ofPath(what: string, text: string | undefined): Needed[] {
  const path = text?.trim() ?? "";
  return path === "" ? [] : [{ what, path }];
}

/** What an image of these stands on is known: a raw one is all there is, and the header of a qcow2 tells. */
const FORMATS: readonly string[] = ["raw", "qcow", "qcow2"];

function ofDisk(disk: XmlElement): Needed[] {
  const name = childOf(disk, "target")?.attributes["dev"] ?? "";
  const what = `${disk.attributes["device"] ?? "disk"} ${name}`.trim();
  const own = ofSource(disk, what, childOf(disk, "driver")?.attributes["type"] ?? "raw");
  const behind = everyElement(disk)
    .filter((one) => one !== disk && ["backingStore", "mirror", "dataStore"].includes(one.name))
    .flatMap((one) =>
      ofSource(one, `${what}, behind its overlay`, childOf(one, "format")?.attributes["type"] ?? "raw"),
    );
  return [...own, ...behind];
}

function ofSource(holder: XmlElement, what: string, format: string): Needed[] {
  const source = childOf(holder, "source");
  // A drive with nothing in it; and the end of a chain.
  if (source === undefined) return [];
  const { file, dev, dir, pool, volume } = source.attributes;
  const path = file ?? dev ?? dir;
  if (path !== undefined && !FORMATS.includes(format))
    return [
      { what, path },
      {
        what,
        why: `has the format ${format}, and which files such an image stands on is not known here: \`qemu-img convert -O qcow2\` makes one of it where that is`,
      },
    ];
  if (path !== undefined) return [{ what, path, ...(format === "raw" ? {} : { isLayered: true }) }];
  if (pool !== undefined)
    return [{ what, why: `is the volume ${volume ?? ""} of the pool ${pool}: name its path instead (type='file')` }];
  const type = holder.attributes["type"] ?? "unknown";
  return [{ what, why: `is none on this host (type='${type}')` }];
}

const KEPT_BY_LIBVIRT = "libvirt keeps it in a folder of its own, which does not travel with the resource";

/** Where the firmware keeps its variables, such as what to boot. */
function ofFirmware(os: XmlElement | undefined): Needed[] {
  const nvram = childOf(os, "nvram");
  const store = childOf(os, "varstore");
  const loader = childOf(os, "loader")?.attributes ?? {};
  const named = [
    ...ofPath("nvram", nvram?.text),
    ...(nvram === undefined ? [] : ofSource(nvram, "nvram", "raw")),
    ...ofPath("varstore", store?.attributes["path"]),
  ];
  const isKept = os?.attributes["firmware"] === "efi" || loader["type"] === "pflash";
  if (named.length > 0 || (nvram === undefined && store === undefined && !isKept)) return named;
  if (loader["stateless"] === "yes") return [];
  return [{ what: "nvram", why: `has no path, and ${KEPT_BY_LIBVIRT}: name a file of the resource's in <nvram>` }];
}

function ofTpm(tpm: XmlElement): Needed {
  const backend = childOf(tpm, "backend");
  const path = childOf(backend, "source")?.attributes["path"];
  if (backend?.attributes["type"] === "emulator" && path !== undefined) return { what: "TPM", path };
  return { what: "TPM", why: `has a state, and ${KEPT_BY_LIBVIRT}` };
}
