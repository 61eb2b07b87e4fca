/** Two hosts as they were looked at → the inputs that describe all that they share, exactly as it is. */
import { describeMeaning, type Description, type DescribedResource, type Undescribed } from "./meaning-as-inputs";
import { parseDump } from "../config/parse-dump";
import type { ResourceMeaning } from "../config/resource-meaning";
import { managersOf } from "../seen/managers";
import type { ObservedNode } from "../seen/observed";
import type { ManagerName } from "../wanted/manager-names";
import { parseResource } from "../wanted/parse-inputs";
import type {
  AdoptedConnection,
  AdoptedNode,
  AdoptedResource,
  AdoptedSections,
  Adoption,
  LeftOut,
  NothingAdopted,
} from "./adopted-inputs";
import { sharedInputs } from "./common-inputs";
import { filesystemOf } from "./filesystem-inputs";
import { optionInputs } from "./option-inputs";
import { readableDump } from "./readable-dump";
import { resourceInputs } from "./site-inputs";
import { syncSourceOf } from "./sync-source";

/** A host as the user named it, and what was seen there. */
export interface LookedAt {
  readonly connection: AdoptedConnection;
  readonly node: ObservedNode;
}

type Both<T> = readonly [T, T];

/** `ignoreManagers`: what they manage is described all the same, without its filesystem. */
export function adopt(hosts: Both<LookedAt>, ignoreManagers: readonly ManagerName[] = []): Adoption | NothingAdopted {
  const [first, second] = hosts;
  const [one, two] = [first.node.hostname, second.node.hostname];
  if (one === two) {
    const why = `${first.connection.host} and ${second.connection.host} are one host: \`uname -n\` says ${one} on both`;
    return { leftOut: [{ subject: one, why, way: "Name the two hosts of the pair." }] };
  }
  const dumps = hosts.map(({ node }) => readableDump(node));
  const unreadable = dumps.flatMap((dump) => (typeof dump === "string" ? [] : [dump]));
  if (unreadable.length > 0) return { leftOut: unreadable };
  const texts = dumps.flatMap((dump) => (typeof dump === "string" ? [dump] : [])) as unknown as Both<string>;
  const found = sharedResources(hosts, texts);
  const described = found.shared.map((meanings) => describe(hosts, meanings, ignoreManagers));
  const taken = onOneAddress(described.flatMap((each) => (each.taken === undefined ? [] : [each.taken])));
  const leftOut = [
    ...described.flatMap((each) => each.leftOut),
    ...taken.leftOut,
    ...found.leftOut,
    ...undefinedInFiles(hosts, texts),
  ];
  const [address] = taken.resources;
  if (address === undefined) return { leftOut };
  const shared = hosts.map(({ node }, place) => sharedInputs(node.hostname, node, texts[place === 0 ? 0 : 1]));
  const nodes = hosts.map(({ node, connection }, place): AdoptedNode => ({
    hostname: node.hostname,
    connection,
    address: address.described.nodes[place]?.address ?? "",
    ...shared[place]?.inputs,
  })) as unknown as Both<AdoptedNode>;
  return {
    nodes,
    resources: taken.resources.map(({ inputs }) => inputs),
    secrets: new Map(
      taken.resources.flatMap(({ described: { name, sharedSecret } }) =>
        sharedSecret === undefined ? [] : [[name, sharedSecret] as const],
      ),
    ),
    leftOut: [...leftOut, ...shared.flatMap((each) => each.leftOut)],
    remarks: [...aliases(hosts), ...taken.resources.flatMap(({ remarks }) => remarks)],
  };
}

function aliases(hosts: Both<LookedAt>): string[] {
  return hosts.flatMap(({ connection: { host }, node: { hostname } }) =>
    host === hostname || host.split(".")[0] === hostname.split(".")[0]
      ? []
      : [`${host}: the host calls itself ${hostname} (\`uname -n\`), and so do DRBD's files: that is its \`hostname\``],
  );
}

/** What drbdadm has read on both hosts, and what only one of them has. */
function sharedResources(
  hosts: Both<LookedAt>,
  texts: Both<string>,
): { readonly shared: readonly Both<ResourceMeaning>[]; readonly leftOut: readonly LeftOut[] } {
  const [ofFirst, ofSecond] = [parseDump(texts[0]), parseDump(texts[1])];
  const names = [...new Set([...ofFirst, ...ofSecond].map(({ name }) => name))];
  const [first, second] = hosts.map(({ node }) => node.hostname) as unknown as Both<string>;
  const shared: Both<ResourceMeaning>[] = [];
  const leftOut: LeftOut[] = [];
  for (const name of names) {
    const [a, b] = [ofFirst, ofSecond].map((all) => all.find((one) => one.name === name));
    if (a !== undefined && b !== undefined && !(a.isIgnored && b.isIgnored)) shared.push([a, b]);
    else if (a !== undefined && b !== undefined) {
      const why = `its files name other hosts than ${first} and ${second}`;
      leftOut.push({ subject: name, why, way: "Adopt it with its own two hosts." });
    } else {
      const [there, missing] = a === undefined ? [second, first] : [first, second];
      leftOut.push({
        subject: name,
        why: `${there} defines it, and ${missing} does not`,
        way: `If it is a resource of these two, copy its file from ${there} to ${missing} and adopt again. Else it stays as it is.`,
      });
    }
  }
  return { shared, leftOut };
}

/** Resources in the kernel that no file defines any more. */
function undefinedInFiles(hosts: Both<LookedAt>, texts: Both<string>): LeftOut[] {
  return hosts.flatMap(({ node }, place) => {
    const known = new Set(parseDump(texts[place === 0 ? 0 : 1]).map(({ name }) => name));
    return [...node.kernelResources.keys()]
      .filter((name) => !known.has(name))
      .map((name) => ({
        subject: name,
        why: `it runs on ${node.hostname}, and no file there that drbdadm reads defines it`,
        way: `\`drbdsetup show ${name}\` tells what it is. Write its file on both hosts, and adopt again.`,
      }));
  });
}

interface Taken {
  readonly described: DescribedResource;
  readonly inputs: AdoptedResource;
  readonly remarks: readonly string[];
}

interface Described {
  readonly taken?: Taken;
  readonly leftOut: readonly LeftOut[];
}

function describe(
  hosts: Both<LookedAt>,
  meanings: Both<ResourceMeaning>,
  ignoreManagers: readonly ManagerName[],
): Described {
  const [{ name, definedAt }] = meanings;
  const [first, second] = hosts.map(({ node }) => ({ hostname: node.hostname, addresses: node.addresses, node }));
  if (first === undefined || second === undefined) throw new Error("a pair has two hosts");
  const description = describeMeaning(meanings, [first, second]);
  const { inputs: described } = description;
  if (described === undefined) return { leftOut: refusedLines(name, definedAt, description) };
  const managing = managingTools(hosts, described);
  const unignored = managing.filter((one) => !ignoreManagers.some((name) => name === one.name));
  if (unignored.length > 0) return { leftOut: unignored.map((one) => leftToTool(name, one)) };
  const ignored = ignoreManagers.filter((tool) => managing.some((one) => one.name === tool));
  const source = syncSourceOf(name, [first, second]);
  const minorOn = (minor: DescribedResource["minor"], hostname: string): number =>
    typeof minor === "object" ? (minor[hostname] ?? 0) : (minor ?? 0);
  const filesystems = volumesOf(described).map(({ volume, minor }) => {
    const on = [first, second].map(({ hostname, node }) => ({ hostname, node, minor: minorOn(minor, hostname) }));
    return { volume, ...filesystemOf({ name, volume }, on, source.hostname) };
  });
  const twoPrimaries = described.net["allow-two-primaries"] === "yes";
  const mounted = filesystems.filter(({ inputs }) => inputs !== undefined);
  const inputs = resourceInputs(described, sectionsOf(described), {
    syncSource: source.hostname,
    filesystems: new Map(twoPrimaries || ignored.length > 0 ? [] : mounted.map((one) => [one.volume, one.inputs])),
    ignoreManagers: ignored,
  });
  const faults = faultsOf(described, inputs);
  if (faults.length > 0) return { leftOut: faults };
  return {
    taken: {
      described,
      inputs,
      remarks: [
        ...source.remarks,
        ...(ignored.length > 0
          ? [ignoredRemark(name, ignored)]
          : twoPrimaries && mounted.length > 0
            ? [
                `${name}: it has allow-two-primaries, and \`filesystem\` is left out: the mount and the line of fstab stay as they are`,
              ]
            : filesystems.flatMap(({ remarks }) => remarks)),
        ...description.goes.map(({ line, why }) => `${name}: \`${line}\` goes: ${why}`),
      ],
    },
    leftOut: [],
  };
}

function refusedLines(name: string, definedAt: string | undefined, { refused }: Description): LeftOut[] {
  const whereFrom = definedAt === undefined || definedAt.startsWith("STDIN") ? "" : ` (${definedAt})`;
  const once = new Map(refused.map((one) => [`${one.line} ${one.why}`, one]));
  return [...once.values()].map(({ line, why, differs }: Undescribed) => ({
    subject: name,
    line,
    why: `${why}${whereFrom}`,
    way:
      differs === true
        ? `Make the files one: copy the right one to the other host, run \`drbdadm adjust ${name}\` there, and adopt again.`
        : `It runs on as it is, without Pulumi. Or take that out of its files on both hosts, run \`drbdadm adjust ${name}\` there, and adopt again.`,
  }));
}

interface ManagingTool {
  readonly name: string;
  readonly hostname: string;
  readonly seen: string;
}

/** The tools that manage it, each once, with the first host where that was seen. */
function managingTools(hosts: Both<LookedAt>, described: DescribedResource): ManagingTool[] {
  const { name } = described;
  const found = hosts.flatMap(({ node }) => {
    const volumes = volumesOf(described).map(({ volume, minor }) => ({
      name,
      volume,
      minor: typeof minor === "object" ? (minor[node.hostname] ?? 0) : minor,
    }));
    return managersOf(node, name, volumes)
      .filter(({ manages }) => manages)
      .map((one) => ({ name: one.name, hostname: node.hostname, seen: one.seen }));
  });
  return found.filter((one, place) => found.findIndex(({ name: other }) => other === one.name) === place);
}

function leftToTool(subject: string, { name, hostname, seen }: ManagingTool): LeftOut {
  return {
    subject,
    why: `${hostname}: ${name} manages ${subject} there (${seen})`,
    way: `It is left out, and runs on as it is. To take it over all the same, take it out of ${name} first, so that it runs on without it, and adopt again. Or have ${name} leave it alone (in maintenance mode, say), and adopt with \`--ignore-managers ${name}\`: files are written, and ${name} goes on with it afterwards.`,
  };
}

const ignoredRemark = (name: string, tools: readonly ManagerName[]): string =>
  `${name}: ${tools.join(" and ")} manages it, which \`ignoreManagers\` passes over: \`filesystem\` is left out, and promoting and mounting stay with ${tools.join(" and ")}. Take \`ignoreManagers\` out again after \`pulumi up\`: then nothing is done to what it manages`;

function volumesOf({ minor, volumes }: DescribedResource) {
  return volumes ?? [{ volume: 0, minor: minor ?? 0 }];
}

function sectionsOf({ net, disk, options, startup, handlers }: DescribedResource): AdoptedSections {
  const all = {
    net: optionInputs("net", net),
    disk: optionInputs("disk", disk),
    options: optionInputs("options", options),
    startup: optionInputs("startup", startup),
    handlers: optionInputs("handlers", handlers),
  };
  return Object.fromEntries(Object.entries(all).filter(([, values]) => values !== undefined));
}

/** What the inputs themselves cannot say: a disk by its filesystem's name, say. */
function faultsOf(described: DescribedResource, inputs: AdoptedResource): LeftOut[] {
  const parsed = parseResource({
    ...described,
    nodes: described.nodes.map((node) => ({ ...node, connection: { host: node.hostname } })),
    syncSource: inputs.syncSource,
  });
  if (parsed.ok !== false) return [];
  return parsed.failures.map(({ property, reason }) => ({
    subject: described.name,
    ...(property === "" ? {} : { line: property }),
    why: reason,
    way: `It runs on as it is, without Pulumi. Or change that in its files on both hosts, run \`drbdadm adjust ${described.name}\` there, and adopt again.`,
  }));
}

/** A node has one address: those resources are taken that share theirs with most others. */
function onOneAddress(all: readonly Taken[]): {
  readonly resources: readonly Taken[];
  readonly leftOut: readonly LeftOut[];
} {
  const keyOf = ({ described }: Taken): string => described.nodes.map(({ address }) => address).join(" and ");
  const keys = all.map(keyOf);
  const count = (key: string): number => keys.filter((one) => one === key).length;
  const [most = ""] = [...keys].sort((a, b) => count(b) - count(a));
  return {
    resources: all.filter((one) => keyOf(one) === most),
    leftOut: all
      .filter((one) => keyOf(one) !== most)
      .map((one) => ({
        subject: one.described.name,
        line: `address ${keyOf(one)}`,
        why: `a node of a program has one address for all its resources, and the others have ${most}`,
        way: "Adopt it into a site of its own, by the same two hosts: leave the others out of that one's file.",
      })),
  };
}
