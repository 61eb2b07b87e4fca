/**
 * The properties of DrbdNode and DrbdResource, each by itself. What is not known yet in a preview passes as undefined.
 * What only shows when properties are seen together is in conflicts.ts.
 */
import { MANAGER_NAMES } from "./manager-names";
import { z } from "zod";
import { parseAddress } from "./address";
import type { OptionValues } from "./desired";
import { FILESYSTEM_TYPES } from "./filesystem-types";
import { mendedKey, privateKeyFault } from "../ssh/private-key";
import { parseBandwidth, parseRoundTrip, whenFullValues } from "./link";
import { metadataPlaceFrom } from "./metadata-place";
import { mkfsOptionFaults } from "./mkfs-option-faults";
import {
  diskPathFault,
  hostnameFault,
  mountPointFault,
  resourceNameFault,
  secretFault,
  serviceNameFault,
  xfsLabelFault,
} from "./names";
import { nearest } from "./nearest";
import { OPTIONS, type SectionName, findOption, optionElsewhere } from "./option-table";
import { digestFault, HMAC_DIGESTS, parseOptionValue } from "./option-value";
import { UNKNOWN, isUnknown } from "./unknowns";
import { instead } from "./wrong-kind";
import { DEFAULT_SHUTDOWN_TIMEOUT, definitionFault, virtualMachineNameFault } from "./virtual-machine";

interface Context {
  readonly issues: z.core.$ZodRawIssue[];
}

/** How a refusal is treated further, beyond its path and message. */
interface Treatment {
  /** It is the name that is wrong: what stands there is taken out, not taken as unknown. */
  readonly name?: boolean;
  /** The value may be a secret that was given by a wrong name, and must not be shown. */
  readonly hidden?: boolean;
}

export function treatmentOf(issue: z.core.$ZodIssue): Treatment {
  return issue.code === "custom" ? (issue.params ?? {}) : {};
}

/** Reports something, about the value itself or about a place inside it. */
function report(
  context: Context,
  input: unknown,
  message: string,
  path: PropertyKey[] = [],
  treatment: Treatment = {},
): void {
  context.issues.push({ code: "custom", message, path, input, params: { ...treatment } });
}

/** Hands a value on to a schema, and what that finds wrong up to the context. */
function handOn<T>(schema: z.ZodType<T>, given: unknown, context: Context): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    report(context, given, issue.message, issue.path, treatmentOf(issue));
  }
  return z.NEVER;
}

/** Puts a schema in place of a property. */
function property<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return z.unknown().transform((given, context): T | undefined => {
    if (isUnknown(given)) return undefined;
    if (given === undefined && !schema.safeParse(undefined).success) {
      report(context, given, "is missing");
      return z.NEVER;
    }
    return handOn(schema, given, context);
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with these properties and no others. */
function object<S extends z.ZodRawShape>(shape: S): z.ZodType<z.output<z.ZodObject<S>>> {
  const schema = z.object(shape);
  return z.unknown().transform((given, context): z.output<z.ZodObject<S>> => {
    if (!isRecord(given)) {
      report(context, given, "must be an object");
      return z.NEVER;
    }
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(shape, name)) continue;
      const meant = nearest(name, Object.keys(shape));
      const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
      report(context, given, `no such property${hint}`, [name], { name: true, hidden: true });
    }
    // zod does not ask the schema of a property about a key that is not there.
    const missing = Object.fromEntries(Object.keys(shape).map((name) => [name, undefined]));
    return handOn(schema, { ...missing, ...given }, context);
  });
}

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

const string = (wanted: string): z.ZodType<string> => z.string({ error: ({ input }) => instead(input, wanted) });

/** A string that a check finds nothing wrong with. */
const text = (fault: (value: string) => string | undefined, show = true): z.ZodType<string> =>
  string("a string").superRefine((value, context) => {
    const reason = fault(value);
    if (reason !== undefined)
      context.addIssue({ code: "custom", message: show ? `${quoted(value)} ${reason}` : reason });
  });

const whole = (min: number, max: number, what: string): z.ZodType<number> => {
  const error = `must be a whole number ${min}..${max}${what}`;
  // Pulumi's config gives strings.
  return z.preprocess(
    (given) => (typeof given === "string" && /^-?[0-9]{1,15}$/.test(given) ? Number(given) : given),
    z.int({ error }).min(min, { error }).max(max, { error }),
  );
};

const boolean = z.preprocess(
  (given) => (given === "true" ? true : given === "false" ? false : given),
  z.boolean({ error: "must be true or false" }),
) as z.ZodType<boolean>;

const choice = <const T extends string>(values: readonly T[]): z.ZodType<T> =>
  z.enum(values as unknown as Record<string, T>, { error: `must be one of ${values.join(", ")}` });

const withDefault = <T>(schema: z.ZodType<T>, fallback: T): z.ZodType<T> =>
  z.unknown().transform((given, context): T => {
    if (given === undefined) return fallback;
    return handOn(schema, given, context);
  });

const optional = <T>(schema: z.ZodType<T>): z.ZodType<T | undefined> => withDefault<T | undefined>(schema, undefined);

// SSH

const secretText = (longest: number): z.ZodType<string> =>
  text(
    (value) => (value.length > longest ? "is too long" : value.includes("\0") ? "must not hold a NUL" : undefined),
    false,
  );

const endpoint = {
  host: property(
    text((value) =>
      /^[A-Za-z0-9]([A-Za-z0-9._:%-]{0,253}[A-Za-z0-9])?$|^[0-9a-fA-F:]{2,39}$/.test(value)
        ? undefined
        : "must be a host name or an address, without user and port",
    ),
  ),
  // null where none is given, which is told from one that is not known yet.
  port: property(withDefault<number | null>(whole(1, 65535, ", the SSH port; the default is 22"), null)),
  user: property(
    optional(text((value) => (/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?$/.test(value) ? undefined : "is no user name"))),
  ),
  password: property(optional(secretText(1024))),
  privateKey: property(optional(text(privateKeyFault, false).transform(mendedKey))),
  privateKeyPassword: property(optional(secretText(1024))),
  agentSocketPath: property(
    optional(text((value) => (/^\/[^\0\n]{1,107}$/.test(value) ? undefined : "must be the absolute path of a socket"))),
  ),
  dialErrorLimit: property(optional(whole(-1, 1000, " (-1 for no limit)"))),
  perDialTimeout: property(withDefault(whole(0, 3600, " seconds (0 for no limit); the default is 15"), 15)),
  hostKey: property(
    optional(
      text((value) =>
        /AAAA[A-Za-z0-9+/]{20,}/.test(value) && /^[\x20-\x7e]+\s*$/.test(value)
          ? undefined
          : "must be one public key of the host, as in known_hosts: ssh-ed25519 AAAA…",
      ),
    ),
  ),
};
const connection = object({ ...endpoint, proxy: property(optional(object(endpoint))) });

// What both have

const address = string("a string").transform((value, context): string => {
  const parsed = parseAddress(value);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: "custom", message: `${quoted(value)} ${parsed.reason}` });
  return z.NEVER;
});

const host = {
  hostname: property(text(hostnameFault)),
  connection: property(connection),
  insecureIgnoreHostKey: property(withDefault(boolean, false)),
  address: property(address),
};

function whereInstead(section: SectionName, name: string): string {
  if (section === "disk" && name === "fencing")
    return "fencing is given under net (the file for DRBD 8.4 gets it under disk)";
  const elsewhere = optionElsewhere(name);
  if (elsewhere !== undefined) return `${name}: ${elsewhere}`;
  const other = (Object.keys(OPTIONS) as SectionName[]).find((one) => findOption(one, name) !== undefined);
  if (other !== undefined) return `${name} belongs under ${other}, not under ${section}`;
  const meant = nearest(name, Object.keys(OPTIONS[section]));
  if (meant !== undefined) return `${name}: no such option; did you mean ${meant}?`;
  const all = Object.keys(OPTIONS[section]);
  return `no such option in ${section}; it has ${all.join(", ")}`;
}

/**
 * A section of drbd.conf: its options in drbd.conf's spelling, sorted by name. One that is not known yet keeps its
 * place: what depends on it must not be judged by its default.
 */
function section(name: SectionName): z.ZodType<OptionValues> {
  return z.unknown().transform((given, context): OptionValues => {
    if (!isRecord(given)) {
      report(
        context,
        given,
        `must be an object of options, for example { "${Object.keys(OPTIONS[name])[0] ?? ""}": … }`,
      );
      return z.NEVER;
    }
    const values: [string, string][] = [];
    for (const [key, value] of Object.entries(given)) {
      const option = findOption(name, key);
      if (option === undefined) {
        report(context, given, whereInstead(name, key), [key], { name: true });
      } else if (isUnknown(value)) {
        values.push([key, UNKNOWN]);
      } else {
        const parsed = parseOptionValue(option, value);
        if (parsed.ok) values.push([key, parsed.value]);
        else report(context, given, parsed.reason, [key]);
      }
    }
    return sortedOptions(values);
  });
}

const sortedOptions = (values: readonly (readonly [string, string])[]): OptionValues =>
  Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

const NO_OPTIONS: OptionValues = {};
const sections = {
  net: property(withDefault(section("net"), NO_OPTIONS)),
  disk: property(withDefault(section("disk"), NO_OPTIONS)),
  options: property(withDefault(section("options"), NO_OPTIONS)),
  startup: property(withDefault(section("startup"), NO_OPTIONS)),
  handlers: property(withDefault(section("handlers"), NO_OPTIONS)),
};

const protocol = choice(["A", "B", "C"]);

/** DrbdNode's. */
export const nodeProperties = object({
  ...host,
  global: property(withDefault(section("global"), NO_OPTIONS)),
  common: property(optional(object({ ...sections, protocol: property(optional(protocol)) }))),
});

// DrbdResource's

/** Of metadata with an index: 32 GiB on one disk. */
const lastSlot = 255;

const metaDisk = text((value) => {
  if (value === "internal") return undefined;
  const { metaDisk: path, metaIndex = 0 } = metadataPlaceFrom(value);
  if (metaIndex > lastSlot) return `has a slot from 0 to ${lastSlot}, as in /dev/vdc[1]`;
  const fault = diskPathFault(path);
  return fault === undefined ? undefined : `${fault}; or internal`;
});

const side = object({
  ...host,
  disk: property(text(diskPathFault)),
  metaDisk: property(withDefault(metaDisk, "internal")),
});

/** What a resource has once, where it has no `volumes`. */
const inVolumes = z.undefined({ error: "stands in each of `volumes`, where these are given: move it there" });

const sideOfVolumes = object({ ...host, disk: property(inVolumes), metaDisk: property(inVolumes) });

const two = <T>(schema: z.ZodType<T>) =>
  z.array(property(schema), { error: "must be an array of two nodes" }).superRefine((given, context) => {
    if (given.length !== 2) {
      context.addIssue({ code: "custom", message: `must be exactly two nodes, not ${given.length}` });
    }
  });

/** One value for both hosts, or one for each by its hostname. */
export type ByHost<T> = T | Readonly<Record<string, T | undefined>>;

function byHost<T extends number | string>(schema: z.ZodType<T>): z.ZodType<ByHost<T>> {
  const each = eachHost(schema);
  return z
    .unknown()
    .transform((given, context): ByHost<T> =>
      isRecord(given) ? handOn(each, given, context) : handOn(schema, given, context),
    );
}

function eachHost<T>(schema: z.ZodType<T>): z.ZodType<Readonly<Record<string, T | undefined>>> {
  return z.record(z.string(), property(schema), { error: "must give a value for each host, { alpha: …, bravo: … }" });
}

/** Options of mount that the provider sets itself, that contradict them, or that are no mount of this device. */
const MANAGED_MOUNT_OPTION =
  /^(auto|noauto|fail|nofail|_netdev|x-systemd\..*|x-initrd\..*|bind|rbind|move|remount|loop|user|users|owner|group)(=|$)/;

/** Options of systemd's that go with what the provider sets: more units that it waits for, or a time limit of mount. */
const SYSTEMD_MOUNT_OPTION = /^x-systemd\.(after|before|requires|wants|requires-mounts-for|mount-timeout)=./;

/** A list of words. One that is not known yet may change the meaning of the next, so nothing is said about any then. */
const words = (
  check: (given: readonly string[]) => { readonly index: number; readonly reason: string }[],
): z.ZodType<string[]> =>
  z.array(string("a string"), { error: "must be an array of strings" }).superRefine((given, context) => {
    if (given.some(isUnknown)) return;
    for (const { index, reason } of check(given)) {
      context.addIssue({ code: "custom", message: `${quoted(given[index] ?? "")} ${reason}`, path: [index] });
    }
  });

export const isMountOption = (word: string): boolean => /^[A-Za-z_][A-Za-z0-9_=.:/+@%-]{0,99}$/.test(word);
export const isManagedMountOption = (word: string): boolean =>
  MANAGED_MOUNT_OPTION.test(word) && !SYSTEMD_MOUNT_OPTION.test(word);

const mountOptionFaults = (given: readonly string[]): { index: number; reason: string }[] =>
  given.flatMap((word, index) => {
    if (!isMountOption(word)) return [{ index, reason: "must be one mount option, for example noatime" }];
    return isManagedMountOption(word)
      ? [{ index, reason: "is for the provider to set, or would undo what it sets" }]
      : [];
  });

const filesystem = object({
  type: property(withDefault(choice(FILESYSTEM_TYPES), "xfs" as const)),
  label: property(optional(text(xfsLabelFault))),
  mkfsOptions: property(withDefault(words(mkfsOptionFaults), [])),
  mountPoint: property(optional(text(mountPointFault))),
  mountOptions: property(withDefault(words(mountOptionFaults), [])),
});

/** `xfs:1f0c7a52-…`, `drbd:29ff20370300d6d2`, `data:` and a hash. */
const identity = text((value) =>
  /^[A-Za-z0-9_+.-]{1,80}:[A-Za-z0-9-]{1,64}$/.test(value)
    ? undefined
    : 'is no identity of what is on a disk, such as "xfs:1f0c…": a refusal tells it',
);

/** Hostname → a word, or several. */
const wordsByHost = (word: typeof identity, kind: string): z.ZodType<Record<string, readonly string[]>> =>
  z.unknown().transform((given, context) => {
    if (!isRecord(given)) {
      report(context, given, kind);
      return z.NEVER;
    }
    return Object.fromEntries(
      Object.entries(given).flatMap(([host, value]): [string, string[]][] => {
        const list: unknown[] = Array.isArray(value) ? value : [value];
        return list.some(isUnknown)
          ? [[host, [UNKNOWN]]]
          : [
              [
                host,
                list.flatMap((one) => {
                  const parsed = word.safeParse(one);
                  if (parsed.success) return [parsed.data];
                  report(context, given, parsed.error.issues[0]?.message ?? "is no such word", [host]);
                  return [];
                }),
              ],
            ];
      }),
    );
  });

const discard = wordsByHost(identity, 'must give for a host what may go there, { bravo: "xfs:1f0c…" }');

const generation = text((value) =>
  /^[0-9A-Fa-f]{16}$/.test(value)
    ? undefined
    : 'is no generation of a volume, 16 hexadecimal digits such as "6D58B9C5F1E0A2B4": the refusal of a split brain tells it',
);
const giveUp = wordsByHost(
  generation,
  'must give for a host the generation that is given up, { alpha: "6D58B9C5F1E0A2B4" }',
);

const apartToken = text((value) =>
  /^[0-9a-f]{16}$/.test(value)
    ? undefined
    : 'is no token such as "3f9c2ab81d04e756": `pulumi preview` tells it where a host cannot be reached',
);
const peerIsOff = z.record(z.string(), apartToken, {
  error: 'must give for the host that is off the token that the refusal tells, { alpha: "3f9c2ab81d04e756" }',
});

const keptCopy = text((value) =>
  value === "none" || /^\/[^\n]+[^/\n]$/.test(value)
    ? undefined
    : 'must be the absolute path of a blank block device or of a new file, or "none"',
);
const keep = z.preprocess(
  (given) => (typeof given === "string" ? [given] : given),
  z.array(keptCopy).min(1, { error: 'must name a place, or be "none"' }),
);

const minor = byHost(whole(0, 1048575, ": 1 is /dev/drbd1"));
const existingData = property(optional(choice(["keep"])));

const service = text(serviceNameFault);
const services = z
  .array(property(service), { error: 'must be a list of units of systemd, for example ["web.service"]' })
  .superRefine((given, context) => {
    given.forEach((name, index) => {
      if (name === undefined || given.indexOf(name) === index) return;
      context.addIssue({ code: "custom", message: `${quoted(name)} stands there twice`, path: [index] });
    });
  });

const definition = string("the XML of a virtual machine, <domain>…</domain>");
const machineKeys = object({
  name: property(text(virtualMachineNameFault)),
  xml: property(optional(definition)),
  shutdownTimeout: property(withDefault(whole(1, 86400, " seconds; the default is 120"), DEFAULT_SHUTDOWN_TIMEOUT)),
}).superRefine(({ name, xml }, context) => {
  const reason = xml === undefined ? undefined : definitionFault(xml, name);
  if (reason !== undefined) context.addIssue({ code: "custom", message: reason, path: ["xml"] });
});
/** A name alone stands for a machine that is defined already. */
const virtualMachine = z.preprocess((given) => (typeof given === "string" ? { name: given } : given), machineKeys);
const virtualMachines = z
  .array(property(virtualMachine), { error: 'must be a list of virtual machines of libvirt, for example ["web"]' })
  .superRefine((given, context) => {
    const names = given.map((one) => one?.name);
    names.forEach((name, index) => {
      if (name === undefined || names.indexOf(name) === index) return;
      context.addIssue({ code: "custom", message: `${quoted(name)} stands there twice`, path: [index] });
    });
  });

const faultOf = (parsed: ReturnType<typeof parseBandwidth>): string | undefined =>
  parsed.ok ? undefined : parsed.reason;
const link = object({
  bandwidth: property(text((value) => faultOf(parseBandwidth(value)))),
  roundTrip: property(text((value) => faultOf(parseRoundTrip(value)))),
  sharedBy: property(withDefault(whole(1, 100, ", how many resources use the line"), 1)),
  whenFull: property(optional(choice(whenFullValues))),
});

const named = { name: property(text(resourceNameFault)) };
const common = {
  port: property(byHost(whole(1, 65535, ", a TCP port, for example 7789"))),
  protocol: property(withDefault(protocol, "C" as const)),
  ...sections,
  auth: property(optional(boolean)),
  sharedSecret: property(optional(text(secretFault, false))),
  cramHmacAlg: property(optional(text((value) => digestFault(value, HMAC_DIGESTS), false))),
  link: property(optional(link)),
  snapshotBeforeResync: property(withDefault(boolean, false)),
  syncSource: property(string("the hostname of one of the two nodes")),
  primary: property(optional(string("the hostname of one of the two nodes"))),
  initialSync: property(optional(choice(["full", "skip"]))),
  discard: property(withDefault(discard, {})),
  giveUp: property(optional(giveUp)),
  keep: property(optional(keep)),
  peerIsOff: property(optional(peerIsOff)),
  waitForSync: property(withDefault(boolean, true)),
  waitForSyncSeconds: property(withDefault(whole(1, 604800, " seconds (a week); the default is 3600"), 3600)),
  services: property(withDefault(services, [])),
  virtualMachines: property(withDefault(virtualMachines, [])),
  ignoreManagers: property(optional(z.array(choice(MANAGER_NAMES), { error: "must be a list of names of tools" }))),
};

/** The short form, for one volume. */
const oneVolume = object({
  ...named,
  nodes: property(two(side)),
  minor: property(minor),
  ...common,
  existingData,
  filesystem: property(optional(filesystem)),
});

const volume = object({
  volume: property(whole(0, 65535, ", the number of the volume")),
  minor: property(minor),
  disks: property(eachHost(text(diskPathFault))),
  metaDisks: property(withDefault(eachHost(metaDisk), {})),
  disk: sections.disk,
  existingData,
  filesystem: property(optional(filesystem)),
});

/** The long form. */
const severalVolumes = object({
  ...named,
  nodes: property(two(sideOfVolumes)),
  minor: property(inVolumes),
  ...common,
  existingData: property(inVolumes),
  filesystem: property(inVolumes),
  volumes: property(
    z
      .array(property(volume), { error: "must be an array of volumes" })
      .min(1, { error: "must have one volume at least" }),
  ),
});

/** The form that the inputs have. */
export const resourceProperties: z.ZodType<ResourceProperties> = z
  .unknown()
  .transform((given, context): ResourceProperties =>
    isRecord(given) && given["volumes"] !== undefined
      ? handOn(severalVolumes, given, context)
      : { ...handOn(oneVolume, given, context), volumes: undefined },
  );

export type NodeProperties = z.output<typeof nodeProperties>;
export type OneVolumeProperties = z.output<typeof oneVolume> & { readonly volumes: undefined };
export type SeveralVolumesProperties = z.output<typeof severalVolumes>;
export type ResourceProperties = OneVolumeProperties | SeveralVolumesProperties;
export type VolumeProperties = z.output<typeof volume>;
export type SideProperties = z.output<typeof side> | z.output<typeof sideOfVolumes>;
export type ConnectionProperties = z.output<typeof connection>;
export type EndpointProperties = Omit<ConnectionProperties, "proxy">;
