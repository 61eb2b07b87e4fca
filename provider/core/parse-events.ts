import type { KernelDevice, KernelResource } from "./observed";

/** Parses `drbdsetup events2 --now --statistics` (drbd-utils 9.22.0, modules 8.4 and 9). Keys we do not know are passed over. */
export function parseEvents(text: string): Map<string, KernelResource> {
  type Draft = { -readonly [key in keyof KernelResource]: KernelResource[key] } & { devices: KernelDevice[] };
  const resources = new Map<string, Draft>();
  for (const line of text.split("\n")) {
    const [event, object, ...words] = line.trim().split(/\s+/);
    if (event !== "exists" || object === undefined || object === "-") continue;
    const fields = new Map(words.map((word) => splitAt(word, ":")));
    const name = fields.get("name");
    if (name === undefined) continue;
    if (object === "resource") {
      resources.set(name, {
        name,
        role: fields.get("role") ?? "Unknown",
        suspended: fields.get("suspended") ?? "no",
        devices: [],
      });
      continue;
    }
    const resource = resources.get(name);
    if (resource === undefined) continue;
    if (object === "connection") {
      resource.connection = fields.get("connection");
      resource.peerRole = fields.get("role");
    } else if (object === "device") {
      resource.devices.push({
        resource: name,
        volume: Number(fields.get("volume")),
        minor: Number(fields.get("minor")),
        disk: fields.get("disk") ?? "Unknown",
        size: number(fields.get("size")),
      });
    } else if (object === "peer-device") {
      resource.replication = fields.get("replication");
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
