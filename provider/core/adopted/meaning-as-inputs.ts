/**
 * Describes what is installed as the inputs of a DrbdResource: the way back from what drbdadm has read. What cannot be
 * described is named, with the reason, and never left out without a word.
 */
import { findOption, OPTIONS, optionElsewhere, PEER_DEVICE_OPTIONS, type SectionName } from "../wanted/option-table";
import { metaDiskText } from "../wanted/metadata-place";
import { sameHost } from "../wanted/names";
import { canonicalValue } from "../config/option-meaning";
import { compareMeanings, endpointText } from "../config/compare-meanings";
import type { NodeIds } from "../config/default-node-ids";
import { devicePath } from "../config/paths";
import { SECRET_PLACEHOLDER } from "../config/shared-secret";
import type { HostMeaning, OptionsByName, PathEnd, ResourceMeaning, VolumeMeaning } from "../config/resource-meaning";

export interface Undescribed {
  /** The line that says it, as drbd.conf spells it. */
  readonly line: string;
  readonly why: string;
  /** The two hosts have different files here. */
  readonly differs?: true;
}

type Described = Readonly<Record<string, string>>;

/** DrbdResource's inputs, without how its hosts are reached and which of them is the sync source. */
export interface DescribedResource extends ResourceSections {
  readonly name: string;
  /** Of the only volume, number 0; else each of `volumes` has its own. */
  readonly minor?: ByHost<number>;
  readonly port: ByHost<number>;
  readonly nodes: readonly {
    readonly hostname: string;
    readonly address: string;
    readonly disk?: string;
    readonly metaDisk?: string;
  }[];
  readonly volumes?: readonly {
    readonly volume: number;
    readonly minor: ByHost<number>;
    readonly disks: Described;
    readonly metaDisks: Described;
    /** Options of its disk alone. */
    readonly disk?: Described;
  }[];
  readonly protocol: string;
  readonly auth: boolean;
  readonly cramHmacAlg?: string;
  readonly sharedSecret?: string;
}

interface ResourceSections {
  readonly net: Described;
  readonly disk: Described;
  readonly options: Described;
  readonly startup: Described;
  readonly handlers: Described;
}

/** One value, or hostname → value where the hosts differ. */
type ByHost<T> = T | Readonly<Record<string, T>>;

export interface Description {
  /** Missing where something is refused. */
  readonly inputs?: DescribedResource;
  /** DRBD 9's node ids, in the order of the nodes. */
  readonly nodeIds?: NodeIds;
  /** Why the resource cannot be taken over. */
  readonly refused: readonly Undescribed[];
  /** What goes when our file comes, without an effect on the data or its replication; the plan tells it. */
  readonly goes: readonly Undescribed[];
}

/** A host as it calls itself, and the addresses that it has: who a `floating` host is, its address tells. */
export interface KnownHost {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/** What `drbdadm dump` says on each of the two hosts, in their order. */
export function describeMeaning(
  meanings: readonly [ResourceMeaning, ResourceMeaning],
  hosts: readonly [KnownHost, KnownHost],
): Description {
  const [meaning, other] = meanings;
  const apart = compareMeanings(meaning, other).map(({ key, before, after }): Undescribed => {
    const isSecret = key === "shared-secret";
    const has = (value: string | undefined) =>
      value === undefined ? "has nothing" : `has ${isSecret ? "another one" : `\`${value}\``}`;
    const [one, two] = hosts.map(({ hostname }) => hostname);
    return {
      line: isSecret ? `${key} ${SECRET_PLACEHOLDER}` : `${key} ${before ?? after ?? ""}`,
      why: `the files of ${one ?? ""} and ${two ?? ""} differ here: ${one ?? ""} ${isSecret && before !== undefined ? "has one" : has(before)}, ${two ?? ""} ${has(after)}`,
      differs: true,
    };
  });
  const found = new Finding(meaning, hosts);
  const inputs = apart.length > 0 ? undefined : found.describe();
  const refused = [...apart, ...found.refused];
  return {
    ...(refused.length > 0 || inputs === undefined ? {} : { inputs }),
    ...(found.nodeIds === undefined ? {} : { nodeIds: found.nodeIds }),
    refused,
    goes: found.goes,
  };
}

const text = (name: string, value: string): string => `${name} ${value};`;

class Finding {
  readonly refused: Undescribed[] = [];
  readonly goes: Undescribed[] = [];
  nodeIds: NodeIds | undefined;

  constructor(
    private readonly meaning: ResourceMeaning,
    private readonly hosts: readonly [KnownHost, KnownHost],
  ) {}

  private refuse(line: string, why: string): void {
    this.refused.push({ line, why });
  }

  describe(): DescribedResource | undefined {
    const { meaning } = this;
    for (const line of meaning.unknown) this.refuse(line, "nothing of ours says this");
    this.proxy();
    if (meaning.isIgnored)
      this.refuse(`resource ${meaning.name}`, "drbdadm takes it for other hosts' on one of the two");
    const sides = this.sides();
    if (sides === undefined) return undefined;
    const [first, second] = sides;
    if (first.nodeId !== undefined && second.nodeId !== undefined) this.nodeIds = [first.nodeId, second.nodeId];
    const ends = this.ends(sides);
    const volumes = this.volumes(sides);
    if (ends === undefined || volumes === undefined) return undefined;
    const net = this.net();
    const { shared: disk, own } = this.diskOptions(volumes);
    const names = this.hosts.map(({ hostname }) => hostname);
    const byHost = <T>([one, two]: readonly [T, T]): ByHost<T> =>
      one === two ? one : { [names[0] ?? ""]: one, [names[1] ?? ""]: two };
    const perHost = (values: readonly string[]): Described =>
      Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
    const described = volumes.map((both) => ({
      volume: both[0].number,
      minor: byHost([both[0].minor ?? 0, both[1].minor ?? 0]),
      disks: perHost(both.map(({ disk: backing = "" }) => backing)),
      metaDisks: perHost(both.map(({ metaDisk = "internal", metaIndex }) => metaDiskText({ metaDisk, metaIndex }))),
      ...this.ownDisk(own.get(both[0].number)),
    }));
    const [only] = described;
    const isShort = described.length === 1 && only?.volume === 0;
    return {
      name: meaning.name,
      ...(isShort ? { minor: only.minor } : { volumes: described }),
      port: byHost([ends[0].port, ends[1].port]),
      nodes: names.map((hostname, index) => ({
        hostname,
        address: ends[index]?.address ?? "",
        ...(isShort ? { disk: only.disks[hostname] ?? "", metaDisk: only.metaDisks[hostname] ?? "" } : {}),
      })),
      protocol: (net.get("protocol") ?? "C").toUpperCase(),
      ...auth(net),
      // A new pair gets another one where it says nothing.
      net: { fencing: disk.get("fencing") ?? "dont-care", ...this.section("net", net, ownPlace) },
      disk: this.section("disk", disk, new Set(["fencing"])),
      options: this.section("options", meaning.options),
      startup: this.section("startup", meaning.startup),
      handlers: this.section("handlers", meaning.handlers),
    };
  }

  /** What stands outside of the hosts counts only where one of them uses it. */
  private proxy(): void {
    const { proxy, connections, hosts } = this.meaning;
    if (proxy === undefined) return;
    const isUsed =
      connections.some(({ paths }) => paths.flat().some((end) => end.proxy !== undefined)) ||
      hosts.some(({ unknown }) => unknown.some(isProxy));
    if (isUsed) this.refuse(proxy, noProxy);
    else this.goes.push({ line: proxy, why: "no host uses DRBD Proxy" });
  }

  /** The two hosts of the definition, in the order of ours. */
  private sides(): readonly [HostMeaning, HostMeaning] | undefined {
    const { hosts } = this.meaning;
    for (const { unknown, options, names, stackedOn } of hosts) {
      const where = names.join(" ");
      for (const line of unknown) this.refuse(line, whyUnknown(line));
      for (const [key, value] of options) this.refuse(text(key, value), `options of ${where} alone are not supported`);
      if (stackedOn !== undefined)
        this.refuse(`stacked-on-top-of ${stackedOn}`, "a stacked resource is a third copy, and is not supported");
      else if (names.length > 1) this.refuse(`on ${where}`, "several hosts that share a disk are not supported");
    }
    const found = this.hosts.map((known) => hosts.find((host) => isHost(host, known)));
    const strangers = hosts.filter((host) => !found.includes(host) && host.stackedOn === undefined);
    for (const host of strangers)
      this.refuse(
        host.names.length > 0 ? `on ${host.names.join(" ")}` : `floating ${endpointText(host.endpoint)}`,
        `it is neither ${this.hosts[0].hostname} nor ${this.hosts[1].hostname}`,
      );
    const [first, second] = found;
    for (const host of found)
      if (host?.isFloating === true)
        this.goes.push({
          line: `floating ${endpointText(host.endpoint)}`,
          why: "the host is known by its name from then on",
        });
    if (first === undefined || second === undefined) {
      if (this.refused.length === 0) this.refuse(`resource ${this.meaning.name}`, "it has only one of the two hosts");
      return undefined;
    }
    return [first, second];
  }

  /** The address of each side: that of the one path between them. */
  private ends(sides: readonly [HostMeaning, HostMeaning]): readonly [End, End] | undefined {
    const { connections } = this.meaning;
    const between = connections.filter(({ paths: [first = []] }) =>
      sides.every((side) => endOf(first, side) !== undefined),
    );
    const paths = between.flatMap((one) => one.paths);
    for (const { unknown } of connections) for (const line of unknown) this.refuse(line, "nothing of ours says this");
    for (const path of paths.slice(1))
      this.refuse(
        `path { ${path.map(({ endpoint }) => endpointText(endpoint)).join(" to ")} }`,
        "a second path is not supported",
      );
    for (const end of paths.flat()) if (end.proxy !== undefined) this.refuse(end.proxy, noProxy);
    const [path = []] = paths;
    const ends = sides.map((side) => endOf(path, side) ?? side.endpoint);
    for (const [index, side] of sides.entries()) {
      const [own, used] = [endpointText(side.endpoint), endpointText(ends[index])];
      if (side.endpoint !== undefined && own !== used)
        this.goes.push({ line: text("address", own), why: `the connection uses ${used}` });
    }
    const [one, two] = ends;
    if (one === undefined || two === undefined) {
      this.refuse(`resource ${this.meaning.name}`, "a host has no address");
      return undefined;
    }
    for (const end of [one, two])
      if (!["ipv4", "ipv6"].includes(end.family))
        this.refuse(text("address", endpointText(end)), "only TCP is supported");
    return [one, two];
  }

  /** Each volume with what it is on both hosts. */
  private volumes(sides: readonly [HostMeaning, HostMeaning]): readonly Both<VolumeMeaning>[] | undefined {
    const numbers = [...new Set(sides.flatMap(({ volumes }) => volumes.map(({ number }) => number)))];
    const found = numbers.flatMap((number): Both<VolumeMeaning>[] => {
      const [one, two] = sides.map((side) => this.volume(side, number));
      return one === undefined || two === undefined ? [] : [[one, two]];
    });
    if (numbers.length === 0) this.refuse(`resource ${this.meaning.name}`, "it has no volume");
    return found.length < numbers.length || numbers.length === 0 ? undefined : found;
  }

  private volume({ volumes, names }: HostMeaning, number: number): VolumeMeaning | undefined {
    const host = names.join(" ");
    const only = volumes.find((one) => one.number === number);
    if (only === undefined) this.refuse(`volume ${number}`, `${host} does not have it`);
    else if (only.disk === undefined || only.disk === "none")
      this.refuse(text("disk", only.disk ?? "none"), `${host} has no disk of its own`);
    else if (only.minor === undefined) this.refuse(text("device", only.device ?? ""), "it has no minor");
    else if (only.device !== undefined && only.device !== devicePath(only.minor))
      this.refuse(
        text("device", `${only.device} minor ${only.minor}`),
        "a name of its own for the device is not supported: what uses that name would no longer find it",
      );
    return only;
  }

  private net(): OptionsByName {
    const [connection] = this.meaning.connections;
    return connection?.net ?? this.meaning.net;
  }

  /** Options of `disk`: the resource's where all its volumes have the same, and else each volume's own. */
  private diskOptions(volumes: readonly Both<VolumeMeaning>[]): {
    readonly shared: OptionsByName;
    readonly own: ReadonlyMap<number, OptionsByName>;
  } {
    const [connection] = this.meaning.connections;
    const all = volumes.map((both) => {
      const ofPeer = connection?.volumes.get(both[0].number) ?? connection?.disk;
      const counts = ([name]: readonly [string, string]): boolean =>
        ofPeer === undefined || !PEER_DEVICE_OPTIONS.has(name);
      const sides = both.map(({ options }) => new Map([...[...options].filter(counts), ...(ofPeer ?? [])]));
      return { number: both[0].number, sides };
    });
    const shared = new Map<string, string>();
    const own = new Map(all.map(({ number }) => [number, new Map<string, string>()]));
    for (const name of new Set(all.flatMap(({ sides }) => sides.flatMap((options) => [...options.keys()])))) {
      const given = all.flatMap(({ number, sides }) => sides.map((options) => ({ number, value: options.get(name) })));
      const meant = (some: typeof given) =>
        new Set(some.map(({ value }) => (value === undefined ? undefined : canonicalValue("disk", name, value)))).size;
      const last = given.findLast(({ value }) => value !== undefined)?.value ?? "";
      const isOfVolume = !PEER_DEVICE_OPTIONS.has(name) && name !== "fencing";
      if (meant(given) === 1) shared.set(name, given.find(({ value }) => value !== undefined)?.value ?? "");
      else if (all.some(({ number }) => meant(given.filter((one) => one.number === number)) > 1))
        this.refuse(text(name, last), "an option of the disk that differs between the hosts is not supported");
      else if (!isOfVolume)
        this.refuse(text(name, last), "an option of the connection that differs between volumes is not supported");
      else for (const { number, value } of given) if (value !== undefined) own.get(number)?.set(name, value);
    }
    return { shared, own };
  }

  private ownDisk(options: OptionsByName = new Map()): { readonly disk?: Described } {
    const disk = this.section("disk", options);
    return Object.keys(disk).length === 0 ? {} : { disk };
  }

  /** What a section says beyond DRBD's defaults. */
  private section(section: SectionName, options: OptionsByName, passed: ReadonlySet<string> = new Set()): Described {
    const known = [...options].filter(([name, value]) => {
      if (passed.has(name)) return false;
      if (Object.hasOwn(OPTIONS[section], name) || findOption(section, name) !== undefined) return true;
      const why = optionElsewhere(name) ?? `${section} has no such option in a program`;
      if (passing.has(name)) this.goes.push({ line: text(name, value), why: passing.get(name) ?? why });
      else this.refuse(text(name, value), why);
      return false;
    });
    return Object.fromEntries(known);
  }
}

const noProxy = "DRBD Proxy is not supported";
const isProxy = (line: string): boolean => line.startsWith("proxy on ");
const whyUnknown = (line: string): string => (isProxy(line) ? noProxy : "nothing of ours says this");

type Both<T> = readonly [T, T];

/** A secret alone does nothing, and an algorithm alone takes the empty secret: some pairs have one of them. */
function auth(net: OptionsByName): Pick<DescribedResource, "auth" | "cramHmacAlg" | "sharedSecret"> {
  const [algorithm = "", secret] = [net.get("cram-hmac-alg"), net.get("shared-secret")];
  return {
    auth: algorithm !== "" && secret !== undefined,
    ...(algorithm === "" ? {} : { cramHmacAlg: algorithm }),
    ...(secret === undefined ? {} : { sharedSecret: secret }),
  };
}

type End = NonNullable<PathEnd["endpoint"]>;

const ownPlace: ReadonlySet<string> = new Set(["protocol", "cram-hmac-alg", "shared-secret"]);

const passing: ReadonlyMap<string, string> = new Map([
  [
    "become-primary-on",
    "who becomes Primary at a boot is `syncSource`'s matter: it is, where it has a filesystem to mount",
  ],
  ["stacked-timeouts", "it has an effect on stacked resources alone"],
]);

function isHost({ names, isFloating, endpoint }: HostMeaning, { hostname, addresses }: KnownHost): boolean {
  if (isFloating) return endpoint !== undefined && addresses.includes(endpoint.address);
  return names.some((name) => sameHost(name, hostname));
}

const endOf = (path: readonly PathEnd[], side: HostMeaning): End | undefined =>
  path.find(
    ({ host, endpoint }) =>
      (host !== undefined && side.names.includes(host)) ||
      (side.isFloating && endpointText(endpoint) === endpointText(side.endpoint)),
  )?.endpoint;
