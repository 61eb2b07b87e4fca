/**
 * Compares what two definitions of a resource mean. Both are taken apart into facts first, one for each thing that is
 * said, and every fact that the other one lacks or has otherwise is a difference: nothing can be passed over.
 */
import { sameHost } from "../wanted/names";
import { PEER_DEVICE_OPTIONS } from "../wanted/option-table";
import { canonicalValue, dumpedOption } from "./option-meaning";
import type {
  ConnectionMeaning,
  EndpointMeaning,
  HostMeaning,
  OptionsByName,
  PathEnd,
  ResourceMeaning,
} from "./resource-meaning";

/** Where something is said, and what. */
export interface Fact {
  /** The host's name; of a connection, both with a blank between. */
  readonly host?: string;
  readonly volume?: number;
  /** A section of drbd.conf, or `host`, `place`, `connection`, `proxy`, `unknown`. */
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

export interface Difference extends Omit<Fact, "value"> {
  readonly kind: "gone" | "new" | "changed";
  readonly before?: string;
  readonly after?: string;
}

/** All that differs, in the order of the new definition, and then what only the old one has. */
export function compareMeanings(before: ResourceMeaning, after: ResourceMeaning): Difference[] {
  const names = hostNames(before, after);
  const [old, wanted] = [factsOf(before, names.before), factsOf(after, names.after)].map(byPlace) as [Facts, Facts];
  return [...new Set([...wanted.keys(), ...old.keys()])].flatMap((place): Difference[] => {
    const [from, to] = [old.get(place), wanted.get(place)];
    const told = to ?? from;
    if (told === undefined || sameFact(from, to)) return [];
    const { host, volume, section, key } = told;
    const where = {
      ...(host === undefined ? {} : { host }),
      ...(volume === undefined ? {} : { volume }),
      section,
      key,
    };
    if (to === undefined) return [{ ...where, kind: "gone", before: told.value }];
    if (from === undefined) return [{ ...where, kind: "new", after: to.value }];
    return [{ ...where, kind: "changed", before: from.value, after: to.value }];
  });
}

type Facts = ReadonlyMap<string, Fact>;

function byPlace(facts: readonly Fact[]): Facts {
  const found = new Map<string, Fact>();
  for (const fact of facts) {
    const place = JSON.stringify([fact.host, fact.volume, homeOf(fact), fact.key]);
    // What is said more than once stays more than one fact.
    for (let at = place, count = 2; ; at = `${place} ${count++}`) {
      if (found.has(at)) continue;
      found.set(at, fact);
      break;
    }
  }
  return found;
}

/** An option that stands in another section in 8.4 is the same option. */
export const homeOf = ({ section, key }: Pick<Fact, "section" | "key">): string =>
  section === "disk" && dumpedOption("disk", key)?.sectionOf84 === "disk" ? "net" : section;

const sameFact = (from: Fact | undefined, to: Fact | undefined): boolean => meant(from) === meant(to);

const meant = (fact: Fact | undefined): string | undefined =>
  fact === undefined ? undefined : canonicalValue(fact.section, fact.key, fact.value);

/** How a host is called in what is told: by the wanted definition, and a host that has no name by its address. */
type NameOf = (host: HostMeaning) => string;

function hostNames(
  before: ResourceMeaning,
  after: ResourceMeaning,
): { readonly before: NameOf; readonly after: NameOf } {
  const own: NameOf = ({ names: [name], stackedOn, endpoint }) =>
    name ?? (stackedOn === undefined ? endpointText(endpoint) : `stacked-on-top-of ${stackedOn}`);
  const partner = (host: HostMeaning): HostMeaning | undefined =>
    after.hosts.find((one) => host.names.some((name) => one.names.includes(name))) ??
    after.hosts.find((one) => host.names.some((name) => one.names.some((other) => sameHost(name, other)))) ??
    after.hosts.find(
      (one) =>
        host.isFloating && one.stackedOn === undefined && endpointText(one.endpoint) === endpointText(host.endpoint),
    );
  return { before: (host) => own(partner(host) ?? host), after: own };
}

export const endpointText = (endpoint: EndpointMeaning | undefined): string => {
  if (endpoint === undefined) return "no address";
  const { family, address, port } = endpoint;
  const text = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return family === "ipv4" || family === "ipv6" ? text : `${family} ${text}`;
};

/** Everything that a definition says. */
export function factsOf(meaning: ResourceMeaning, nameOf: NameOf): Fact[] {
  const sections = ["options", "startup", "handlers"] as const;
  return [
    ...meaning.hosts.flatMap((host) => hostFacts(host, nameOf(host), meaning)),
    // drbdadm has given the resource's own `net` to each connection, and its `disk` to each volume.
    ...(meaning.connections.length === 0 ? optionFacts("net", meaning.net) : []),
    ...meaning.connections.flatMap((connection) => connectionFacts(connection, meaning, nameOf)),
    ...sections.flatMap((section) => optionFacts(section, meaning[section])),
    ...fact({}, "proxy", "proxy", meaning.proxy),
    ...unknownFacts(meaning.unknown, {}),
  ];
}

type Where = Pick<Fact, "host" | "volume">;

const optionFacts = (section: string, options: OptionsByName, where: Where = {}): Fact[] =>
  [...options].map(([key, value]) => ({ ...where, section, key, value }));

const unknownFacts = (unknown: readonly string[], where: Where): Fact[] =>
  unknown.map((text) => ({ ...where, section: "unknown", key: text, value: text }));

const fact = (where: Where, section: string, key: string, value: string | number | undefined): Fact[] =>
  value === undefined ? [] : [{ ...where, section, key, value: String(value) }];

function hostFacts(host: HostMeaning, name: string, meaning: ResourceMeaning): Fact[] {
  const where = { host: name };
  const used = endpointsUsed(host, meaning);
  const own = endpointText(host.endpoint);
  const isUnused = host.endpoint !== undefined && used.length > 0 && !used.includes(own);
  return [
    ...fact(where, "host", "known by", host.isFloating ? "its address" : host.names.join(" ")),
    ...fact(where, "host", "stacked-on-top-of", host.stackedOn),
    ...fact(where, "host", "node-id", host.nodeId),
    ...fact(where, "host", "address", used.length > 0 ? used.join(" and ") : own),
    ...fact(where, "host", "address that no connection uses", isUnused ? own : undefined),
    ...optionFacts("options", host.options, where),
    ...host.volumes.flatMap(({ number, minor, device, disk, metaDisk, metaIndex, options }) => {
      const volume = { ...where, volume: number };
      const index = metaIndex === undefined ? "" : `[${metaIndex}]`;
      const counting = [...options].filter(
        ([option]) => meaning.connections.length === 0 || !PEER_DEVICE_OPTIONS.has(option),
      );
      return [
        ...fact(volume, "place", "minor", minor),
        ...fact(volume, "place", "device", device),
        ...fact(volume, "place", "disk", disk),
        ...fact(volume, "place", "meta-disk", metaDisk === undefined ? undefined : `${metaDisk}${index}`),
        ...optionFacts("disk", new Map(counting), volume),
      ];
    }),
    ...unknownFacts(host.unknown, where),
  ];
}

/** The host's addresses in the first path of each of its connections, which count before the one that `on` has. */
function endpointsUsed(host: HostMeaning, { connections, hosts }: ResourceMeaning): string[] {
  const ends = connections.flatMap(({ paths: [first = []] }) => first.filter((end) => hostAt(end, hosts) === host));
  return [...new Set(ends.map(({ endpoint }) => endpointText(endpoint)))].sort();
}

function connectionFacts(connection: ConnectionMeaning, { hosts }: ResourceMeaning, nameOf: NameOf): Fact[] {
  const [first = [], ...others] = connection.paths;
  const ends = first.map((end) => {
    const found = hostAt(end, hosts);
    return found === undefined ? (end.host ?? endpointText(end.endpoint)) : nameOf(found);
  });
  const where = { host: [...ends].sort().join(" ") };
  const further = others.map((path) => path.map(endText).sort().join(" to ")).sort();
  const resolved = [...connection.volumes];
  return [
    ...first.flatMap(({ proxy }, index) => fact({ host: ends[index] ?? "" }, "proxy", "via proxy", proxy)),
    ...further.flatMap((text) => fact(where, "connection", "path", text)),
    ...optionFacts("net", connection.net, where),
    ...(resolved.length === 0 ? optionFacts("disk", connection.disk, where) : []),
    ...resolved.flatMap(([volume, options]) => optionFacts("disk", options, { ...where, volume })),
    ...unknownFacts(connection.unknown, where),
  ];
}

const endText = ({ endpoint, proxy }: PathEnd): string =>
  `${endpointText(endpoint)}${proxy === undefined ? "" : ` via ${proxy}`}`;

/** A floating host's end is called like its address, and a stacked one's has an address alone. */
const hostAt = ({ host, endpoint }: PathEnd, hosts: readonly HostMeaning[]): HostMeaning | undefined =>
  hosts.find(({ names }) => host !== undefined && names.includes(host)) ??
  hosts.find((one) => endpoint !== undefined && endpointText(one.endpoint) === endpointText(endpoint));
