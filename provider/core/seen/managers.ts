/**
 * Other tools that start, promote and stop DRBD resources. What one of them manages is not touched: two masters of one
 * resource work against each other, and its fencing would be gone with the handlers in the user's file.
 */
import { deviceNames } from "./fstab-lines";
import type { ObservedNode } from "./observed";

const cib = "/var/lib/pacemaker/cib/cib.xml";
const heartbeat = "/etc/ha.d/haresources";
const ganeti = "/var/lib/ganeti/ssconf_cluster_name";

/** What a look reads of them: where a tool is not there, neither are its files. */
export const managerFiles: readonly string[] = [
  cib,
  "/etc/drbd-reactor.toml",
  "/etc/drbd-reactor.d/*.toml",
  "/var/lib/linstor.d/*.res",
  heartbeat,
  ganeti,
];

const services = ["pacemaker", "corosync", "linstor-satellite", "linstor-controller", "heartbeat", "drbd-reactor"];

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

interface Named {
  readonly name: string;
  /** The files in which it says what it manages. */
  readonly files: RegExp;
  readonly names: (text: string, resource: string, devices: readonly string[]) => boolean;
}

const quoted = (text: string, word: string): boolean => text.includes(`"${word}"`) || text.includes(`'${word}'`);

const tools: readonly Named[] = [
  {
    name: "Pacemaker",
    files: /^\/var\/lib\/pacemaker\/cib\/cib\.xml$/,
    // <nvpair name="drbd_resource" value="r0"/>, and a Filesystem with its device.
    names: (text, resource, devices) =>
      (text.match(/<nvpair\b[^>]*>/g) ?? []).some(
        (pair) =>
          (quoted(pair, "drbd_resource") && quoted(pair, resource)) || devices.some((device) => quoted(pair, device)),
      ),
  },
  {
    name: "drbd-reactor",
    files: /^\/etc\/drbd-reactor(\.d\/|\.toml$)/,
    // A key of TOML's, with quotes or without: [promoter.resources.r0], resources = { r0 = { … } }, r0.start = […].
    names: (text, resource) =>
      text
        .split("\n")
        .map((line) => line.replace(/(^|\s)#.*/, ""))
        .some((line) => new RegExp(`(^|[\\[{,.\\s])(["']?)${escaped(resource)}\\2\\s*[.=\\]]`).test(line)),
  },
  {
    name: "LINSTOR",
    files: /^\/var\/lib\/linstor\.d\//,
    names: (text, resource) => new RegExp(`^\\s*resource\\s+"?${escaped(resource)}"?\\s*\\{`, "m").test(text),
  },
  {
    name: "Heartbeat",
    files: /^\/etc\/ha\.d\/haresources$/,
    names: (text, resource, devices) =>
      text
        .split(/\s+/)
        .some((word) => word === `drbddisk::${resource}` || devices.some((device) => word.includes(`::${device}::`))),
  },
  { name: "Ganeti", files: /^\/var\/lib\/ganeti\//, names: () => false },
];

const escaped = (text: string): string => text.replaceAll(/[.\\-]/g, "\\$&");

/** The tools that are on a host, each once: one that names the resource before one that is only there. */
export function managersOf(node: ObservedNode, resource: string, minor: number): Manager[] {
  const devices = deviceNames(resource, minor);
  const byFile = [...node.files].flatMap(([path, text]) =>
    tools
      .filter(({ files }) => files.test(path))
      .map(({ name, names }) => ({ name, seen: path, manages: names(text, resource, devices) })),
  );
  const byLink = node.links.flatMap((link) => {
    const service = /\/([^/]+)\.service$/.exec(link)?.[1] ?? "";
    return services.includes(service) ? [{ name: serviceNames[service] ?? service, seen: link, manages: false }] : [];
  });
  const all = [...byFile, ...byLink].sort((a, b) => Number(b.manages) - Number(a.manages));
  return all.filter((one, place) => all.findIndex(({ name }) => name === one.name) === place);
}

const serviceNames: Readonly<Record<string, string>> = {
  pacemaker: "Pacemaker",
  corosync: "Corosync",
  "linstor-satellite": "LINSTOR",
  "linstor-controller": "LINSTOR",
  heartbeat: "Heartbeat",
};
