import type { KernelConnection, KernelDevice, KernelPeerDevice, KernelResource } from "./observed";
import { ProbeError } from "./probe-error";

/** What each line must tell: a plan that took a Primary for none would promote the other host. */
const told: Readonly<Record<string, readonly string[]>> = {
  resource: ["name", "role"],
  connection: ["name", "connection", "role"],
  device: ["name", "volume", "minor", "disk"],
  "peer-device": ["name", "volume", "replication", "peer-disk"],
  path: ["name", "local", "peer"],
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
    const field = (key: string): string => fields.get(key) ?? "";
    const name = field("name");
    if (object === "resource") {
      if (resources.has(name)) throw new ProbeError(`drbdsetup tells of the resource ${name.slice(0, 80)} twice`);
      const suspended = fields.get("suspended") ?? "no";
      resources.set(name, { name, role: field("role"), suspended, devices: [], connections: [] });
      continue;
    }
    const resource = resources.get(name);
    if (resource === undefined) throw new ProbeError(`drbdsetup's ${object} is of no resource: ${line.slice(0, 300)}`);
    const peerNodeId = number(fields.get("peer-node-id"));
    if (object === "connection") {
      if (resource.connections.some((one) => one.peerNodeId === peerNodeId))
        throw new ProbeError(`drbdsetup tells of a connection of ${name.slice(0, 80)} twice`);
      const [connection, peerRole] = [field("connection"), field("role")];
      const peer = field("conn-name");
      resource.connections.push({ name: peer, peerNodeId, connection, peerRole, paths: [], peerDevices: [] });
    } else if (object === "device") {
      resource.devices.push({
        resource: name,
        volume: Number(field("volume")),
        minor: Number(field("minor")),
        disk: field("disk"),
        size: number(fields.get("size")),
      });
    } else {
      // Each belongs to a connection, which was told before it.
      const connection = resource.connections.find((one) => one.peerNodeId === peerNodeId);
      if (connection === undefined)
        throw new ProbeError(`drbdsetup's ${object} is of no connection: ${line.slice(0, 300)}`);
      if (object === "path") connection.paths.push({ local: field("local"), peer: field("peer") });
      else connection.peerDevices.push(peerDevice(fields));
    }
  }
  return new Map([...resources].map(([name, resource]) => [name, ofFirstPeer(resource)]));
}

type Drafted<T, Lists> = { -readonly [key in keyof Omit<T, keyof Lists>]: T[key] } & Lists;
type DraftConnection = Drafted<
  KernelConnection,
  { readonly paths: { local: string; peer: string }[]; readonly peerDevices: KernelPeerDevice[] }
>;
type Draft = Drafted<KernelResource, { readonly devices: KernelDevice[]; readonly connections: DraftConnection[] }>;

function peerDevice(fields: ReadonlyMap<string, string>): KernelPeerDevice {
  return {
    volume: Number(fields.get("volume")),
    replication: fields.get("replication") ?? "",
    peerDisk: fields.get("peer-disk") ?? "",
    outOfSync: number(fields.get("out-of-sync")),
  };
}

/** With what the first connection tells beside all the others. */
function ofFirstPeer(resource: Draft): KernelResource {
  const connections = resource.connections.map((one) => ({ ...one, connection: whenMet(one) }));
  const [first] = connections;
  if (first === undefined) return { ...resource, connections };
  const { peerNodeId, connection, peerRole, peerDevices } = first;
  return {
    ...resource,
    connections,
    peerNodeId,
    connection,
    peerRole,
    peerDevices,
  };
}

/** The kernel (8.4.11) calls them connected before the handshake is done that tells whose data is newer. */
function whenMet({ connection, peerDevices }: KernelConnection): string {
  return connection === "Connected" && peerDevices.some(({ replication }) => replication === "Off")
    ? "Connecting"
    : connection;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
