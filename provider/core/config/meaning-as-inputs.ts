/**
 * Describes what is installed as the inputs of a DrbdResource: the way back from what drbdadm has read. What cannot be
 * described is named, with the reason, and never left out without a word.
 */
import { findOption, OPTIONS, optionElsewhere, type SectionName } from "../wanted/option-table";
import { sameHost } from "../wanted/names";
import { canonicalValue } from "./option-meaning";
import { compareMeanings, endpointText, peerDeviceOptions } from "./compare-meanings";
import type { NodeIds } from "./default-node-ids";
import { devicePath } from "./paths";
import { SECRET_PLACEHOLDER } from "./shared-secret";
import type { HostMeaning, OptionsByName, PathEnd, ResourceMeaning, VolumeMeaning } from "./resource-meaning";

export interface Undescribed {
  /** The line that says it, as drbd.conf spells it. */
  readonly line: string;
  readonly why: string;
}

type Described = Readonly<Record<string, string>>;

/** DrbdResource's inputs, without how its hosts are reached and which of them is the sync source. */
export interface DescribedResource {
  readonly name: string;
  readonly minor: number;
  readonly port: number;
  readonly nodes: readonly {
    readonly hostname: string;
    readonly address: string;
    readonly disk: string;
    readonly metaDisk: string;
  }[];
  readonly protocol: string;
  readonly auth: boolean;
  readonly cramHmacAlg?: string;
  readonly sharedSecret?: string;
  readonly net: Described;
  readonly disk: Described;
  readonly options: Described;
  readonly startup: Described;
  readonly handlers: Described;
}

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
  const apart = compareMeanings(meaning, other).map(({ key, before, after }): Undescribed => ({
    line: key === "shared-secret" ? `${key} ${SECRET_PLACEHOLDER}` : `${key} ${before ?? after ?? ""}`,
    why: `the files of ${hosts[0].hostname} and ${hosts[1].hostname} differ here`,
  }));
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
    const volumes = sides.map((side) => this.volume(side));
    const [one, two] = volumes;
    if (ends === undefined || one === undefined || two === undefined) return undefined;
    if (one.minor !== two.minor)
      this.refuse(
        text("device", `minor ${two.minor ?? ""}`),
        `the minors of the two hosts differ (${one.minor ?? ""})`,
      );
    const net = this.net();
    const disk = this.disk([one, two]);
    const auth = this.auth(net);
    return {
      name: meaning.name,
      minor: one.minor ?? 0,
      port: ends[0].port,
      nodes: [one, two].map(({ disk: backing = "", metaDisk = "internal" }, index) => ({
        hostname: this.hosts[index]?.hostname ?? "",
        address: ends[index]?.address ?? "",
        disk: backing,
        metaDisk,
      })),
      protocol: (net.get("protocol") ?? "C").toUpperCase(),
      ...auth,
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
    if (one.port !== two.port)
      this.refuse(text("address", endpointText(two)), `the ports of the two hosts differ (${one.port})`);
    return [one, two];
  }

  private volume({ volumes, names }: HostMeaning): VolumeMeaning | undefined {
    const host = names.join(" ");
    const [only] = volumes;
    for (const { number } of volumes)
      if (number !== 0 || volumes.length > 1)
        this.refuse(`volume ${number}`, `only a resource with volume 0 alone is supported`);
    if (only === undefined) this.refuse(`on ${host}`, "it has no volume");
    else if (only.disk === undefined || only.disk === "none")
      this.refuse(text("disk", only.disk ?? "none"), `${host} has no disk of its own`);
    else if (only.minor === undefined) this.refuse(text("device", only.device ?? ""), "it has no minor");
    else if (only.device !== undefined && only.device !== devicePath(only.minor))
      this.refuse(
        text("device", `${only.device} minor ${only.minor}`),
        "a name of its own for the device is not supported: what uses that name would no longer find it",
      );
    if (only?.metaIndex !== undefined)
      this.refuse(text("meta-disk", `${only.metaDisk ?? ""}[${only.metaIndex}]`), "indexed metadata is not supported");
    return only;
  }

  private net(): OptionsByName {
    const [connection] = this.meaning.connections;
    return connection?.net ?? this.meaning.net;
  }

  /** Options of `disk`, which are the resource's where both hosts have the same. */
  private disk(sides: readonly [VolumeMeaning, VolumeMeaning]): OptionsByName {
    const [connection] = this.meaning.connections;
    const ofPeer = connection?.volumes.get(sides[0].number) ?? connection?.disk;
    const counting = sides.map(
      ({ options }) => new Map([...options].filter(([name]) => ofPeer === undefined || !peerDeviceOptions.has(name))),
    );
    const [one = new Map<string, string>(), two = new Map<string, string>()] = counting;
    for (const name of new Set([...one.keys(), ...two.keys()])) {
      const [here, there] = [one.get(name), two.get(name)];
      const same = (value: string | undefined): string | undefined =>
        value === undefined ? undefined : canonicalValue("disk", name, value);
      if (same(here) !== same(there))
        this.refuse(
          text(name, there ?? here ?? ""),
          "an option of the disk that differs between the hosts is not supported",
        );
    }
    return new Map([...one, ...(ofPeer ?? [])]);
  }

  private auth(net: OptionsByName): Pick<DescribedResource, "auth" | "cramHmacAlg" | "sharedSecret"> {
    const [algorithm, secret] = [net.get("cram-hmac-alg") ?? "", net.get("shared-secret")];
    if (algorithm === "") {
      if (secret !== undefined)
        this.goes.push({ line: "shared-secret (secret);", why: "without cram-hmac-alg it has no effect" });
      return { auth: false };
    }
    if (secret === undefined) this.refuse(text("cram-hmac-alg", algorithm), "it has no shared-secret");
    return { auth: true, cramHmacAlg: algorithm, ...(secret === undefined ? {} : { sharedSecret: secret }) };
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
