import type { KernelDevice, KernelResource } from "./observed";
import { ProbeError } from "./probe-error";

/** What each line must tell: a plan that took a Primary for none would promote the other host. */
const told: Readonly<Record<string, readonly string[]>> = {
  resource: ["name", "role"],
  connection: ["name", "connection", "role"],
  device: ["name", "volume", "minor", "disk"],
  "peer-device": ["name", "replication", "peer-disk"],
};
const spelling: Readonly<Record<string, RegExp>> = {
  role: /^(Primary|Secondary|Unknown)$/,
  volume: /^\d+$/,
  minor: /^\d+$/,
  disk: /^(Diskless|Attaching|Detaching|Failed|Negotiating|Inconsistent|Outdated|DUnknown|Consistent|UpToDate)$/,
};

/**
 * Parses `drbdsetup events2 --now --statistics` (drbd-utils 9.22.0, modules 8.4 and 9). Keys and objects we do not know
 * are passed over; a ProbeError where an object that we know lacks what it should tell.
 */
export function parseEvents(text: string): Map<string, KernelResource> {
  type Draft = { -readonly [key in keyof KernelResource]: KernelResource[key] } & { devices: KernelDevice[] };
  const resources = new Map<string, Draft>();
  for (const line of text.split("\n")) {
    const [event, object, ...words] = line.trim().split(/\s+/);
    if (event !== "exists" || object === undefined || object === "-") continue;
    const fields = new Map(words.map((word) => splitAt(word, ":")));
    const wanted = told[object];
    if (wanted === undefined) continue;
    for (const key of wanted) {
      const value = fields.get(key);
      if (value === undefined || value === "" || spelling[key]?.test(value) === false) {
        throw new ProbeError(`drbdsetup's ${key} of a ${object} is none that is known: ${line.slice(0, 300)}`);
      }
    }
    const name = fields.get("name") ?? "";
    if (object === "resource") {
      if (resources.has(name)) throw new ProbeError(`drbdsetup tells of the resource ${name.slice(0, 80)} twice`);
      resources.set(name, {
        name,
        role: fields.get("role") ?? "",
        suspended: fields.get("suspended") ?? "no",
        devices: [],
      });
      continue;
    }
    const resource = resources.get(name);
    if (resource === undefined) throw new ProbeError(`drbdsetup's ${object} is of no resource: ${line.slice(0, 300)}`);
    if (object === "connection") {
      resource.peerNodeId = number(fields.get("peer-node-id"));
      resource.connection = fields.get("connection");
      resource.peerRole = fields.get("role");
    } else if (object === "device") {
      resource.devices.push({
        resource: name,
        volume: Number(fields.get("volume")),
        minor: Number(fields.get("minor")),
        disk: fields.get("disk") ?? "",
        size: number(fields.get("size")),
      });
    } else if (object === "peer-device") {
      // Each belongs to a connection, which was told before it.
      if (resource.connection === undefined) throw new ProbeError(`drbdsetup's connection of ${name} was lost`);
      resource.replication = fields.get("replication");
      // The kernel (8.4.11) calls them connected before the handshake is done that tells whose data is newer.
      if (resource.connection === "Connected" && resource.replication === "Off") resource.connection = "Connecting";
      resource.peerDisk = fields.get("peer-disk");
      resource.outOfSync = number(fields.get("out-of-sync"));
    }
  }
  return resources;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
