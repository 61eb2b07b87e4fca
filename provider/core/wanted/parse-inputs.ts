import type { z } from "zod";
import type { Connection, Endpoint } from "./connection";
import type {
  DesiredFilesystem,
  DesiredHost,
  DesiredNode,
  DesiredPlace,
  DesiredResource,
  SafeDefault,
  DesiredVolume,
  OptionValues,
  Sections,
} from "./desired";
import { type Failure, type Path, failureAt, failureOfName } from "./failures";
import { type DesiredVirtualMachine, virtualMachineUnit } from "./virtual-machine";
import { resourceConflicts } from "./conflicts";
import {
  type EndpointProperties,
  type NodeProperties,
  type ByHost,
  type OneVolumeProperties,
  type ResourceProperties,
  type SideProperties,
  type VolumeProperties,
  nodeProperties,
  resourceProperties,
  treatmentOf,
} from "./input-schema";
import { parseBandwidth, parseRoundTrip } from "./link";
import { metadataPlaceFrom } from "./metadata-place";
import { UNKNOWN, unknownPaths } from "./unknowns";

interface Refused {
  readonly ok: false;
  /** Everything that is wrong among what is known, in the order of the inputs. Never empty. */
  readonly failures: readonly Failure[];
  readonly unknown: readonly string[];
}

/** A preview in which some inputs are still unknown, and nothing is wrong with the others. */
interface NotYetKnown {
  readonly ok: "unknown";
  /** The properties that are not known yet: `["nodes[0].address"]`. Never empty. */
  readonly unknown: readonly string[];
  readonly failures: readonly [];
}

export type ParsedNode =
  { readonly ok: true; readonly desired: DesiredNode; readonly connection: Connection } | Refused | NotYetKnown;

export type ParsedResource =
  | {
      readonly ok: true;
      readonly desired: DesiredResource;
      /** How the sides are reached, in the order of `desired.hosts`. */
      readonly connections: readonly [Connection, Connection];
    }
  | Refused
  | (NotYetKnown & {
      /** Where only the shared secret is unknown: what is wanted, without it. */
      readonly desired?: DesiredResource;
      readonly connections?: readonly [Connection, Connection];
    });

/** Takes out what is not set, and what is Pulumi's own (`__provider`). */
function withoutNothing(value: unknown, top = true): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNothing(item, false));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== undefined && inner !== null && !(top && key.startsWith("__")))
      .map(([key, inner]) => [key, withoutNothing(inner, false)]),
  );
}

/** The same inputs with a place marked as unknown, or taken out. */
function without(inputs: unknown, path: Path, replacement: typeof UNKNOWN | undefined): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (typeof inputs !== "object" || inputs === null) return inputs;
  const inner = without((inputs as Record<PropertyKey, unknown>)[key], rest, replacement);
  if (Array.isArray(inputs)) return inputs.map((item: unknown, index) => (index === key ? inner : item));
  const others = Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== key));
  return inner === undefined ? others : { ...others, [key]: inner };
}

/**
 * Runs a schema. What it refuses is reported and then taken as unknown, so that the rest can still be looked at
 * together.
 */
function read<T>(
  schema: z.ZodType<T>,
  inputs: unknown,
): { readonly value: T | undefined; readonly failures: Failure[] } {
  const first = schema.safeParse(inputs);
  if (first.success) return { value: first.data, failures: [] };
  const failures: Failure[] = [];
  let rest = inputs;
  for (const issue of first.error.issues) {
    const { name, hidden } = treatmentOf(issue);
    failures.push((hidden === true ? failureOfName : failureAt)(issue.path, issue.message));
    rest = without(rest, issue.path, name === true ? undefined : UNKNOWN);
  }
  return { value: schema.safeParse(rest).data, failures };
}

/** What is left when everything is known and nothing was refused. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a property was neither refused nor unknown, and yet it is not there");
  return value;
}

function endpointFrom(given: EndpointProperties): Endpoint {
  return {
    host: known(given.host),
    perDialTimeout: known(given.perDialTimeout),
    ...set({
      port: given.port ?? undefined,
      user: given.user,
      dialErrorLimit: given.dialErrorLimit,
      password: given.password,
      privateKey: given.privateKey,
      privateKeyPassword: given.privateKeyPassword,
      agentSocketPath: given.agentSocketPath,
      hostKey: given.hostKey,
    }),
  };
}

/** Without the keys that have no value: these objects end in Pulumi's state, which takes no undefined. */
const set = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;

function connectionFrom(given: Pick<SideProperties, "connection" | "insecureIgnoreHostKey">): Connection {
  const { proxy, ...endpoint } = known(given.connection);
  return {
    ...endpointFrom(endpoint),
    ...(proxy === undefined ? {} : { proxy: endpointFrom(proxy) }),
    insecureIgnoreHostKey: known(given.insecureIgnoreHostKey),
  };
}

type SectionProperties = Pick<ResourceProperties, keyof Sections>;

const sectionsFrom = (given: SectionProperties | undefined): Sections => ({
  net: given?.net ?? {},
  disk: given?.disk ?? {},
  options: given?.options ?? {},
  startup: given?.startup ?? {},
  handlers: given?.handlers ?? {},
});

const withDefaults = (values: OptionValues, defaults: OptionValues): OptionValues =>
  Object.fromEntries(Object.entries({ ...defaults, ...values }).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Reads DrbdNode's inputs, which may come as any JSON: the types of a program are not there any more at run time, and
 * a site's config never had them.
 *
 * Defaults: usage-count no and udev-always-use-vnr as Debian ships them; on a host that has a pair already, the links'
 * names stay what they are (by-res-links.ts).
 */
export function parseNode(inputs: unknown): ParsedNode {
  const given = withoutNothing(inputs);
  const unknown = unknownPaths(given);
  const { value, failures } = read(nodeProperties, given);
  if (failures.length > 0) return { ok: false, failures, unknown };
  if (unknown.length > 0) return { ok: "unknown", unknown, failures: [] };
  const node = known(value);
  return {
    ok: true,
    desired: {
      hostname: known(node.hostname),
      address: known(node.address),
      global: withDefaults(known(node.global), { "usage-count": "no", "udev-always-use-vnr": "yes" }),
      common: commonFrom(node.common),
    },
    connection: connectionFrom(node),
  };
}

/** `protocol` stands in `net`, where both grammars have it. */
function commonFrom(given: NodeProperties["common"]): Sections {
  const common = sectionsFrom(given);
  const { protocol } = given ?? {};
  return protocol === undefined ? common : { ...common, net: withDefaults({ ...common.net, protocol }, {}) };
}

/** A host's value, where it is one for both or one for each. */
function on<T extends number | string>(hostname: string, given: ByHost<T> | undefined): T {
  return known(typeof given === "object" ? given[hostname] : given);
}

/** Of the short form, too: there each node names its disk, and the resource all else. */
function volumesFrom(given: ResourceProperties): readonly DesiredVolume[] {
  const hostnames = known(given.nodes).map((node) => known(node?.hostname));
  const listed: readonly VolumeProperties[] = isOneVolume(given)
    ? [asVolume(given, hostnames)]
    : known(given.volumes).map((one) => known(one));
  return listed.map((volume) => {
    const place = (hostname: string): DesiredPlace => ({
      minor: on(hostname, volume.minor),
      disk: known(volume.disks?.[hostname]),
      ...metadataPlaceFrom(volume.metaDisks?.[hostname] ?? "internal"),
    });
    const [first, second] = hostnames;
    return {
      number: known(volume.volume),
      places: [place(known(first)), place(known(second))],
      ...(Object.keys(volume.disk ?? {}).length === 0 ? {} : { disk: volume.disk }),
      ...set({ existingData: volume.existingData }),
      ...(volume.filesystem === undefined ? {} : { filesystem: filesystemFrom(volume.filesystem) }),
    };
  });
}

function isOneVolume(given: ResourceProperties): given is OneVolumeProperties {
  return given.volumes === undefined;
}

function asVolume(given: OneVolumeProperties, hostnames: readonly string[]): VolumeProperties {
  const byHost = (pick: (node: NonNullable<OneVolumeProperties["nodes"]>[number]) => string | undefined) =>
    Object.fromEntries(known(given.nodes).map((node, place) => [hostnames[place] ?? "", pick(node)]));
  return {
    volume: 0,
    minor: given.minor,
    disks: byHost((node) => node?.disk),
    metaDisks: byHost((node) => node?.metaDisk),
    disk: undefined,
    existingData: given.existingData,
    filesystem: given.filesystem,
  };
}

function filesystemFrom(given: NonNullable<ResourceProperties["filesystem"]>): DesiredFilesystem {
  return {
    type: known(given.type),
    mkfsOptions: known(given.mkfsOptions),
    mountOptions: known(given.mountOptions),
    ...set({ label: given.label, mountPoint: given.mountPoint }),
  };
}

/** Without authentication, what is given of it is written all the same: "" stands for what is not. */
function authFrom(given: ResourceProperties): DesiredResource["auth"] {
  const { cramHmacAlg: algorithm, sharedSecret: secret } = given;
  if (given.auth !== false) return { algorithm: algorithm ?? "sha256", ...set({ secret }) };
  if (algorithm === undefined && secret === undefined) return null;
  return { algorithm: algorithm ?? "", secret: secret ?? "" };
}

function unnamedIn({ net, auth, cramHmacAlg, sharedSecret }: ResourceProperties): SafeDefault[] {
  return [
    ...(net?.["fencing"] === undefined ? (["fencing"] as const) : []),
    ...([auth, cramHmacAlg, sharedSecret].every((one) => one === undefined) ? (["authentication"] as const) : []),
  ];
}

function resourceFrom(given: ResourceProperties): DesiredResource {
  const [first, second] = known(given.nodes);
  const host = (node: SideProperties | undefined): DesiredHost => {
    const hostname = known(node?.hostname);
    const address = known(node?.address);
    return { hostname, address, port: on(hostname, given.port), ...reachedAt(known(node), address) };
  };
  const [volume, ...more] = [...volumesFrom(given)].sort((a, b) => a.number - b.number);
  const sections = sectionsFrom(given);
  const unnamed = unnamedIn(given);
  const machines = (given.virtualMachines ?? []).map(machineFrom);
  return {
    name: known(given.name),
    protocol: known(given.protocol),
    hosts: [host(first), host(second)],
    volumes: [known(volume), ...more],
    sections: { ...sections, net: withDefaults(sections.net, { fencing: "resource-only" }) },
    auth: authFrom(given),
    ...(unnamed.length === 0 ? {} : { unnamed }),
    syncSource: known(given.syncSource),
    ...(given.initialSync === "skip" ? { initialSync: given.initialSync } : {}),
    discard: given.discard ?? {},
    waitForSync: known(given.waitForSync),
    waitForSyncSeconds: known(given.waitForSyncSeconds),
    // A virtual machine is one more service, and starts behind the others, which it may need.
    services: [...(given.services ?? []).map(known), ...machines.map(({ name }) => virtualMachineUnit(name))],
    ...(machines.length === 0 ? {} : { virtualMachines: machines }),
    ...(given.snapshotBeforeResync === true ? { snapshotBeforeResync: true as const } : {}),
    ...set({
      link: linkFrom(given.link),
      ignoreManagers: given.ignoreManagers,
      primary: given.primary,
      giveUp: given.giveUp,
      peerIsOff: given.peerIsOff,
      keep: given.keep?.filter((place) => place !== "none"),
    }),
  };
}

function linkFrom(given: ResourceProperties["link"]): DesiredResource["link"] {
  if (given === undefined) return undefined;
  const [bandwidth, roundTrip] = [known(given.bandwidth), known(given.roundTrip)];
  const [rate, seconds] = [parseBandwidth(bandwidth), parseRoundTrip(roundTrip)];
  if (!rate.ok || !seconds.ok) throw new Error("a link that was not refused, and cannot be read");
  const { whenFull } = given;
  const line = {
    bandwidth: rate.value,
    roundTrip: seconds.value,
    sharedBy: known(given.sharedBy),
    ...set({ whenFull }),
  };
  return { bandwidth, roundTrip, line, options: [], net: {} };
}

function machineFrom(given: NonNullable<ResourceProperties["virtualMachines"]>[number]): DesiredVirtualMachine {
  const { name, xml, shutdownTimeout } = known(given);
  return { name: known(name), shutdownTimeout: known(shutdownTimeout), ...set({ xml }) };
}

/** An address of this machine's own leads to another host there: that of a tunnel, or of the lab. */
function reachedAt({ connection }: SideProperties, address: string): Pick<DesiredHost, "reachedAt"> {
  const { host, port } = known(connection);
  if (host === undefined || (host === address && port === undefined) || /^(127\.|localhost$|::1$)/.test(host))
    return {};
  return { reachedAt: { host, ...set({ port: port ?? undefined }) } };
}

function connectionsFrom(given: ResourceProperties): readonly [Connection, Connection] {
  const [first, second] = known(given.nodes);
  return [connectionFrom(known(first)), connectionFrom(known(second))];
}

/**
 * Reads DrbdResource's inputs, which may come as any JSON. Checks what drbdadm lets pass, too: addresses, digests,
 * two Primaries.
 *
 * Defaults: protocol C, authentication with sha256, fencing resource-only, internal metadata, waiting for the sync. A pair
 * that somebody else set up keeps its own authentication and fencing where neither is given (installed/as-found.ts).
 */
export function parseResource(inputs: unknown): ParsedResource {
  const given = withoutNothing(inputs);
  const unknown = unknownPaths(given);
  const { value, failures } = read(resourceProperties, given);
  const all = value === undefined ? failures : [...failures, ...resourceConflicts(value)];
  if (all.length > 0) return { ok: false, failures: all, unknown };
  if (unknown.length > 0) {
    const partly = unknown.every((path) => path === "sharedSecret")
      ? { desired: resourceFrom(known(value)), connections: connectionsFrom(known(value)) }
      : {};
    return { ok: "unknown", unknown, failures: [], ...partly };
  }
  return { ok: true, desired: resourceFrom(known(value)), connections: connectionsFrom(known(value)) };
}
