/** What a text of drbd.conf says of its resources: hosts, volumes, addresses. Who may not run drbdadm reads it by this. */
import { remembered } from "./remembered";
import { Statement, everyStatement, parseStatements } from "./parse-statements";

export interface FoundVolume {
  /** The host as the file names it. */
  readonly host: string;
  readonly volume: number;
  readonly minor?: number;
  readonly disk?: string;
  /** `internal`, a path, or a path with `[index]`. */
  readonly metaDisk?: string;
}

export interface FoundAddress {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export type Endpoint = Omit<FoundAddress, "host">;

/** What a resource takes up on its hosts. */
export interface FoundResource {
  readonly resource: string;
  readonly volumes: readonly FoundVolume[];
  readonly addresses: readonly FoundAddress[];
  /** Every host that it names: in `on` and `floating`, in connections, and in a mesh of them. */
  readonly hosts: readonly string[];
  /** The most paths that one of its connections has; 0 where it writes none down. */
  readonly paths: number;
  /** The resource that it is stacked on, if it is: a third copy of that one's data. */
  readonly stackedOn?: string;
  /** Its device above that one, on whichever of that one's hosts it runs: volumes without a disk of their own. */
  readonly stacked?: {
    readonly volumes: readonly Omit<FoundVolume, "host">[];
    readonly addresses: readonly Endpoint[];
  };
  /** What DRBD Proxy listens on for it: on which host, at which addresses. */
  readonly proxies: readonly FoundAddress[];
  /** DRBD 9's node ids, where the file writes them down. */
  readonly nodeIds: readonly { readonly host: string; readonly nodeId: number }[];
}

type Volume = Omit<FoundVolume, "host" | "volume">;

function parseDevice(words: readonly string[]): Volume {
  const at = words.indexOf("minor");
  const text = at >= 0 ? words[at + 1] : /^(?:\/dev\/)?drbd([0-9]+)$/.exec(words[1] ?? "")?.[1];
  return text !== undefined && /^[0-9]{1,8}$/.test(text) ? { minor: Number(text) } : {};
}

/** device, disk and meta-disk statements of one volume. */
function parseVolume(statements: readonly Statement[]): Volume {
  let volume: Volume = {};
  for (const { words, body } of statements) {
    const [keyword, first] = words;
    if (body !== undefined || first === undefined) continue;
    if (keyword === "device") volume = { ...volume, ...parseDevice(words) };
    if (keyword === "disk" && first !== "none") volume = { ...volume, disk: first };
    if (keyword === "meta-disk" || keyword === "flexible-meta-disk") {
      volume = { ...volume, metaDisk: words.slice(1).join("") };
    }
  }
  return volume;
}

/** Volumes by number; statements outside of a `volume N {}` belong to volume 0. */
function parseVolumes(statements: readonly Statement[]): Map<number, Volume> {
  const volumes = new Map<number, Volume>();
  const implicit = parseVolume(statements);
  if (Object.keys(implicit).length > 0) volumes.set(0, implicit);
  for (const { words, body } of statements) {
    if (words[0] === "volume" && body !== undefined && /^[0-9]{1,5}$/.test(words[1] ?? "")) {
      volumes.set(Number(words[1]), parseVolume(body));
    }
  }
  return volumes;
}

/** `10.0.0.1:7788`, `ipv4 10.0.0.1:7788`, `ipv6 [fd00::1]:7788`. */
function parseEndpoint(words: readonly string[]): Omit<FoundAddress, "host"> | undefined {
  const match = /^(?:ipv4|ipv6|sdp|ssocks|sci)?\[?([0-9a-fA-F.:]+?)(?:%[^\]]*)?\]?:([0-9]{1,5})$/.exec(words.join(""));
  const [, address, port] = match ?? [];
  return address === undefined ? undefined : { address, port: Number(port) };
}

function addressesOf(host: string, statements: readonly Statement[]): FoundAddress[] {
  return statements.flatMap(({ words }) => {
    const endpoint = words[0] === "address" ? parseEndpoint(words.slice(1)) : undefined;
    return endpoint === undefined ? [] : [{ host, ...endpoint }];
  });
}

/** `host alpha address 10.0.0.1:7788;` and `host alpha port 7788;` in DRBD 9's connections. */
function connectionAddresses(statements: readonly Statement[], known: readonly FoundAddress[]): FoundAddress[] {
  return everyStatement(statements).flatMap(({ words }) => {
    const [keyword, host, what, ...rest] = words;
    if (keyword !== "host" || host === undefined) return [];
    const endpoint =
      what === "address" ? parseEndpoint(rest.includes("via") ? rest.slice(0, rest.indexOf("via")) : rest) : undefined;
    if (endpoint !== undefined) return [{ host, ...endpoint }];
    const own = known.find((one) => one.host === host);
    return what === "port" && own !== undefined && /^[0-9]{1,5}$/.test(rest[0] ?? "")
      ? [{ host, address: own.address, port: Number(rest[0]) }]
      : [];
  });
}

function foundResource(name: string, body: readonly Statement[]): FoundResource {
  const shared = parseVolumes(body);
  const hosts = body.flatMap(({ words, body: own }) => {
    if (words[0] === "on" && own !== undefined) return words.slice(1).map((host) => ({ host, own }));
    if (words[0] === "floating") return [{ host: words.slice(1).join(""), own: own ?? [] }];
    return [];
  });
  const volumes = hosts.flatMap(({ host, own }) => {
    const here = parseVolumes(own);
    const numbers = [...new Set([...shared.keys(), ...here.keys()])].sort((a, b) => a - b);
    return numbers.map((volume) => ({ host, volume, ...shared.get(volume), ...here.get(volume) }));
  });
  const direct = hosts.flatMap(({ host, own }) => {
    const floating = parseEndpoint([host]);
    return [...(floating === undefined ? [] : [{ host, ...floating }]), ...addressesOf(host, own)];
  });
  const nodeIds = hosts.flatMap(({ host, own }) =>
    own
      .filter(({ words }) => words[0] === "node-id" && /^[0-9]{1,2}$/.test(words[1] ?? ""))
      .map(({ words }) => ({ host, nodeId: Number(words[1]) })),
  );
  const connections = body.filter(({ words }) => words[0] === "connection");
  const within = connections.flatMap((one) => one.body ?? []);
  const stacked = body.find(({ words }) => words[0] === "stacked-on-top-of");
  const lower = stacked?.words[1];
  return {
    resource: name,
    volumes,
    addresses: [...direct, ...connectionAddresses(within, direct)],
    hosts: [...new Set([...hosts.map(({ host }) => host), ...hostsInConnections(body)])],
    paths: Math.max(0, ...connections.map(pathsOf)),
    ...(lower === undefined ? {} : { stackedOn: lower, stacked: above(stacked?.body ?? [], shared) }),
    proxies: proxiesIn(body),
    nodeIds,
  };
}

function above(own: readonly Statement[], shared: ReadonlyMap<number, Volume>): NonNullable<FoundResource["stacked"]> {
  const here = parseVolumes(own);
  const numbers = [...new Set([...shared.keys(), ...here.keys()])];
  return {
    volumes: numbers.map((volume) => ({ volume, ...shared.get(volume), ...here.get(volume) })),
    addresses: addressesOf("", own).map(({ address, port }) => ({ address, port })),
  };
}

/** `proxy on alpha { inside 127.0.0.1:7801; outside 10.0.99.1:7802; }`, of a host, and behind `via` in a connection. */
function proxiesIn(body: readonly Statement[]): FoundAddress[] {
  return everyStatement(body).flatMap(({ words, body: own = [] }) => {
    const at = words.indexOf("proxy");
    if (at < 0 || words[at + 1] !== "on") return [];
    const ends = own.flatMap(({ words: [keyword = "", ...rest] }) =>
      ["inside", "outside"].includes(keyword) ? (parseEndpoint(rest) ?? []) : [],
    );
    return words.slice(at + 2).flatMap((host) => ends.map((end) => ({ host, ...end })));
  });
}

/** `host alpha …` in connections and their paths, and `connection-mesh { hosts alpha bravo charlie; }`. */
function hostsInConnections(body: readonly Statement[]): string[] {
  const places = body.filter(({ words: [keyword] }) => keyword === "connection" || keyword === "connection-mesh");
  return everyStatement(places.flatMap((one) => one.body ?? [])).flatMap(({ words: [keyword, ...names] }) =>
    keyword === "host" ? names.slice(0, 1) : keyword === "hosts" ? names : [],
  );
}

/** A connection's two hosts are a path themselves, beside those that it writes in `path { … }`. */
function pathsOf({ body = [] }: Statement): number {
  const written = body.filter(({ words }) => words[0] === "path").length;
  return written + (body.some(({ words }) => words[0] === "host" && words.length > 2) ? 1 : 0);
}

/**
 * The resources that a file of drbd.d defines, and the minors, disks and addresses that they take up. Includes are not
 * followed; `skip` blocks are passed over, as drbdadm does.
 */
export const parseResFile = remembered((text): readonly FoundResource[] =>
  parseStatements(text).flatMap(({ words, body }) => {
    const [keyword, name] = words;
    return keyword === "resource" && name !== undefined && body !== undefined ? [foundResource(name, body)] : [];
  }),
);
