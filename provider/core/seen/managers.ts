/**
 * Other tools that start, promote and stop DRBD resources. What one of them manages is not touched: two masters of one
 * resource work against each other, and its fencing would be gone with the handlers in the user's file.
 */
import { isOurs } from "../config/own-mark";
import type { VolumeDevice } from "../wanted/desired";
import { deviceNames } from "./parse-fstab";
import type { ObservedNode } from "./observed";

const cib = "/var/lib/pacemaker/cib/cib.xml";
const heartbeat = "/etc/ha.d/haresources";
const ganeti = "/var/lib/ganeti/ssconf_cluster_name";
const reactor = "/etc/drbd-reactor.toml";

/** What a look reads of them: where a tool is not there, neither are its files. */
export const managerFiles: readonly string[] = [
  cib,
  "/var/lib/heartbeat/crm/cib.xml",
  reactor,
  "/etc/drbd-reactor.d/*.toml",
  "/var/lib/linstor.d/*.res",
  "/var/lib/drbd.d/*.res",
  heartbeat,
  ganeti,
  "/etc/cluster/cluster.conf",
  "/etc/pve/storage.cfg",
  "/etc/one/oned.conf",
  "/etc/keepalived/*.conf",
  "/etc/keepalived/conf.d/*.conf",
  "/etc/systemd/system/*.service",
  "/etc/rc.local",
];

const serviceNames: Readonly<Record<string, string>> = {
  pacemaker: "Pacemaker",
  pacemaker_remote: "Pacemaker, whose configuration is on other hosts,",
  corosync: "Corosync",
  "linstor-satellite": "LINSTOR",
  "linstor-controller": "LINSTOR",
  heartbeat: "Heartbeat",
  "drbd-reactor": "drbd-reactor",
};
const services = Object.keys(serviceNames);

/** By these links systemd starts them at boot. */
export const managerLinks: readonly string[] = services.map(
  (service) => `/etc/systemd/system/*.wants/${service}.service`,
);

export interface Manager {
  readonly name: string;
  /** Where that was seen. */
  readonly seen: string;
  /** Whether it names this resource; else it is only there. */
  readonly manages: boolean;
}

/** What is asked of a tool's file: a resource, by its name and the names of its devices. */
interface Asked {
  readonly resource: string;
  readonly devices: readonly string[];
}

interface Named {
  readonly name: string | ((path: string) => string);
  /** The files in which it says what it manages. */
  readonly files: RegExp;
  readonly names: (text: string, asked: Asked) => boolean;
  /** Whether such a file tells of the tool where it names no resource of ours; yes, where nothing is said. */
  readonly isThere?: (text: string, asked: Asked) => boolean;
}

const never = (): boolean => false;

const tools: readonly Named[] = [
  { name: "Pacemaker", files: /^\/var\/lib\/(pacemaker\/cib|heartbeat\/crm)\/cib\.xml$/, names: inCib },
  {
    name: "drbd-reactor",
    files: /^\/etc\/drbd-reactor(\.d\/|\.toml$)/,
    // A key of TOML's, with quotes or without: [promoter.resources.r0], resources = { r0 = { … } }, r0.start = […]; or a
    // device in what it starts: "ocf:heartbeat:Filesystem fs device=/dev/drbd1 …".
    names: (text, { resource, devices }) =>
      linesOf(text).some(
        (line) =>
          new RegExp(`(^|[\\[{,.\\s])(["']?)${escaped(resource)}\\2\\s*[.=\\]]`).test(line) || hasDevice(line, devices),
      ),
  },
  { name: "LINSTOR", files: /^\/var\/lib\/linstor\.d\//, names: definesResource },
  { name: "drbdmanage", files: /^\/var\/lib\/drbd\.d\//, names: definesResource },
  {
    name: "Heartbeat",
    files: /^\/etc\/ha\.d\/haresources$/,
    names: (text, { resource, devices }) =>
      linesOf(text)
        .flatMap((line) => line.split(/\s+/))
        .some(
          (word) =>
            [`drbddisk::${resource}`, `drbdupper::${resource}`].includes(word) ||
            devices.some((device) => word.includes(`::${device}::`)),
        ),
  },
  {
    name: "rgmanager",
    files: /^\/etc\/cluster\/cluster\.conf$/,
    names: (text, { resource, devices }) =>
      elementsOf(text).some(
        ({ tag, attributes }) =>
          (tag === "drbd" && attributes.get("resource") === resource) ||
          devices.includes(attributes.get("device") ?? ""),
      ),
  },
  { name: "Ganeti", files: /^\/var\/lib\/ganeti\//, names: never },
  // Only a storage that is DRBD's own: a guest on a device of ours is a use of it, and starts nothing.
  {
    name: "Proxmox",
    files: /^\/etc\/pve\/storage\.cfg$/,
    names: never,
    isThere: (text) => /^(drbd|linstor):/m.test(text),
  },
  {
    name: "OpenNebula",
    files: /^\/etc\/one\//,
    names: never,
    isThere: (text) => linesOf(text).some((line) => /drbd|linstor/i.test(line)),
  },
  {
    name: "keepalived, which runs scripts when it changes sides,",
    files: /^\/etc\/keepalived\//,
    names: never,
    isThere: (text) => linesOf(text).some((line) => /^\s*notify(_\w+)?\s/.test(line)),
  },
  {
    name: (path) => `${path.split("/").at(-1) ?? path}, which calls DRBD's tools,`,
    files: /^\/etc\/systemd\/system\/[^/]*\.service$|^\/etc\/rc\.local$/,
    names: never,
    // For one resource by its name or device, or for all.
    isThere: (text, { resource, devices }) =>
      !isOurs(text) &&
      linesOf(text).some(
        (line) =>
          /\bdrbd(adm|setup)\b/.test(line) &&
          (new RegExp(`(^|[\\s"'/])(${escaped(resource)}|all)($|[\\s"';&|/])`).test(line) || hasDevice(line, devices)),
      ),
  },
];

/** The tool that writes a file with definitions for drbdadm, and writes it anew whenever it likes. */
export function writerOf(path: string): string | undefined {
  const tool = tools.find(({ files, names }) => names === definesResource && files.test(path));
  return typeof tool?.name === "string" ? tool.name : undefined;
}

/**
 * <nvpair name="drbd_resource" value="r0"/>, a Filesystem with its device, whatever group or clone they are in; a unit or an
 * init script of DRBD's as a resource.
 */
function inCib(text: string, { resource, devices }: Asked): boolean {
  return elementsOf(text).some(({ tag, attributes }) => {
    const value = attributes.get("value") ?? "";
    if (tag === "nvpair")
      return (attributes.get("name") === "drbd_resource" && value === resource) || devices.includes(value);
    if (tag !== "primitive" && tag !== "template") return false;
    const [kind, type] = [attributes.get("class") ?? "", attributes.get("type") ?? ""];
    if (!["systemd", "service", "upstart", "lsb"].includes(kind)) return false;
    // As systemd writes a hyphen in an instance's name.
    const instance = /^drbd[a-z-]*@([^.]*)/.exec(type)?.[1]?.replaceAll("\\x2d", "-");
    return instance === resource || /^drbd(\.service)?$/.test(type);
  });
}

function definesResource(text: string, { resource }: Asked): boolean {
  return new RegExp(`^\\s*resource\\s+"?${escaped(resource)}"?\\s*\\{`, "m").test(text);
}

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The elements of XML with their attributes, in whatever order and quotes; without comments. */
function elementsOf(text: string): Element[] {
  const all = text.replaceAll(/<!--.*?-->/gs, "").matchAll(/<([\w:-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)/g);
  return [...all].map(([, tag = "", rest = ""]) => ({
    tag,
    attributes: new Map(
      [...rest.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, key = "", one, other]) => [
        key,
        plain(one ?? other ?? ""),
      ]),
    ),
  }));
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const plain = (value: string): string =>
  value.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? "").trim();

/** Without comments that begin a line or follow a blank. */
const linesOf = (text: string): string[] => text.split("\n").map((line) => line.replace(/(^|\s)#.*/, ""));

const hasDevice = (line: string, devices: readonly string[]): boolean =>
  devices.some((device) => new RegExp(`${escaped(device)}($|[^\\w/.-])`).test(line));

const escaped = (text: string): string => text.replaceAll(/[.\\-]/g, "\\$&");

/** The tools that are on a host, each once: one that names the resource before one that is only there. */
export function managersOf(node: ObservedNode, resource: string, volumes: readonly VolumeDevice[]): Manager[] {
  const asked = { resource, devices: volumes.flatMap(deviceNames) };
  const byFile = [...node.files].flatMap(([path, text]) =>
    tools
      .filter(({ files }) => files.test(path))
      .map(({ name, names, isThere = () => true }) => ({
        name: typeof name === "string" ? name : name(path),
        seen: path,
        manages: names(text, asked),
        isThere: isThere(text, asked),
      }))
      .filter((one) => one.manages || one.isThere)
      .map(({ name, seen, manages }) => ({ name, seen, manages })),
  );
  const byLink = node.links.flatMap((link) => {
    const service = /\/([^/]+)\.service$/.exec(link)?.[1] ?? "";
    const name = serviceNames[service];
    return name === undefined ? [] : [{ name, seen: link, manages: false }];
  });
  const all = [...byFile, ...snippetsElsewhere(node), ...byLink].sort((a, b) => Number(b.manages) - Number(a.manages));
  const once = all.filter((one, place) => all.findIndex(({ name }) => name === one.name) === place);
  // Corosync carries Pacemaker's messages, and manages nothing itself.
  return once.filter(({ name }) => name !== "Corosync" || !once.some((other) => other.name.startsWith("Pacemaker")));
}

/** The tools that name a resource, whatever its devices are. */
export function managersByName(node: ObservedNode, resource: string): string[] {
  const asked = { resource, devices: [`/dev/drbd/by-res/${resource}`, `/dev/drbd/by-res/${resource}/0`] };
  return [...node.files].flatMap(([path, text]) =>
    tools.flatMap(({ name, files, names }) =>
      typeof name === "string" && files.test(path) && names(text, asked) ? [name] : [],
    ),
  );
}

/** drbd-reactor may read its promoters from a folder that a look does not know. */
function snippetsElsewhere(node: ObservedNode): Manager[] {
  const folder = /^\s*snippets\s*=\s*["']([^"']*)["']/m.exec(node.files.get(reactor) ?? "")?.[1]?.replace(/\/$/, "");
  if (folder === undefined || folder === "/etc/drbd-reactor.d") return [];
  return [{ name: `drbd-reactor with snippets in ${folder}, which are not looked at,`, seen: reactor, manages: false }];
}
