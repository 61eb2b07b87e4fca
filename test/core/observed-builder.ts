/** Observed nodes to begin a test from: a test takes the pair that it needs and changes one thing of it. */
import { renderValues } from "../../provider/core/config/render-values";
import { renderGlobalCommon, renderResource } from "../../provider/core/config/render-configuration";
import {
  kernelOf,
  lookOf,
  memoryOfOne,
  observedOf,
  type OneKernel,
  type OneLook,
  type OneSide,
  type OneVolume,
  pairOf,
  resourceOf,
} from "./one-volume";
import type { DesiredFilesystem, DesiredNode } from "../../provider/core/wanted/desired";
import type { DiskIdentity } from "../../provider/core/seen/disk-identity";
import { type Memory, noMemory } from "../../provider/core/seen/memory";
import type { BlockDevice, Contents, Includes, KernelDevice, ObservedNode } from "../../provider/core/seen/observed";
import {
  devicePath,
  fstabPath,
  globalCommonPath,
  moduleAtBootPath,
  resourcePath,
  topPath,
  valuesPath,
} from "../../provider/core/config/paths";
import { globMatches } from "../../provider/core/config/glob";
import { type Plan, stepsOf } from "../../provider/core/steps/plan";
import { planResource } from "../../provider/core/decided/plans/plan-resource";
import { type ResourceSituation } from "../../provider/core/decided/hosts/resource-situation";
import { isServed } from "../../provider/core/decided/plans/boot-steps";
import { lastPrimaryNote } from "../../provider/core/steps/own-folder";
import { fstabLine } from "../../provider/core/steps/fstab-steps";
import {
  activeLink,
  bringUpDropIns,
  bringUpOf,
  packagedTargetPaths,
  promotionOf,
  promotionUnits,
  roleOf,
  servedDropIns,
  serviceDropIns,
  targetOf,
} from "../../provider/core/steps/boot-units";

export const MiB = 1024 * 1024;
export const diskBytes = 320 * MiB;
export const secret = "Ver7-s3cret;word";

export const xfs: DesiredFilesystem = {
  type: "xfs",
  label: "data",
  mkfsOptions: [],
  mountPoint: "/srv/data",
  mountOptions: ["defaults", "noatime"],
};

export const sections = { net: { fencing: "resource-only" }, disk: {}, options: {}, startup: {}, handlers: {} };

const side = (hostname: string, address: string): OneSide => ({
  hostname,
  address,
  disk: "/dev/vdb",
  metaDisk: "internal",
});

export const r0: OneVolume = {
  name: "r0",
  minor: 1,
  port: 7789,
  protocol: "C",
  sides: [side("alpha", "10.1.1.31"), side("bravo", "10.1.1.32")],
  sections,
  auth: { algorithm: "sha256", secret },
  syncSource: "alpha",
  services: [],
  filesystem: xfs,
  waitForSync: true,
  waitForSyncSeconds: 3600,
};

export const desiredNode = (hostname: string): DesiredNode => ({
  hostname,
  address: hostname === "alpha" ? "10.1.1.31" : "10.1.1.32",
  global: { "usage-count": "no" },
  common: { net: {}, disk: {}, options: {}, startup: {}, handlers: {} },
});

export type Pair = readonly [ObservedNode, ObservedNode];

const withEntry = <V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): ReadonlyMap<string, V> => {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
};

/** A file's new text; undefined: the file is not there. */
export const withFile = (node: ObservedNode, path: string, text: string | undefined): ObservedNode => ({
  ...node,
  files: withEntry(node.files, path, text),
});

/** drbdadm reads these there: each include of /etc/drbd.conf as it is written, relative to /etc, and what files it leads to. */
export function withIncludes(
  node: ObservedNode,
  written: readonly string[],
  unread: Includes["unread"] = [],
): ObservedNode {
  const includes = written.map((one) => ({
    from: topPath,
    written: `"${one}"`,
    pattern: one.startsWith("/") ? one : `/etc/${one}`,
  }));
  const conf = includes.map((one) => `include ${one.written};\n`).join("");
  const files = [...node.files.keys()].filter((path) => includes.some(({ pattern }) => globMatches(pattern, path)));
  return { ...withFile(node, topPath, conf), includes: { includes, files: [topPath, ...files], unread } };
}

/** What a close look at a resource sees, changed in some points; undefined: it was not looked at. */
export const withLook = (node: ObservedNode, change: Partial<OneLook> | undefined, name = "r0"): ObservedNode => ({
  ...node,
  resources: withEntry(
    node.resources,
    name,
    change === undefined ? undefined : observedOf({ ...(lookOf(node, name) ?? blankLook), ...change }),
  ),
});

/** A resource as the kernel runs it, changed in some points; undefined: it does not run. */
export const withKernel = (node: ObservedNode, change: Partial<OneKernel> | undefined, name = "r0"): ObservedNode => ({
  ...node,
  kernelResources: withEntry(
    node.kernelResources,
    name,
    change === undefined
      ? undefined
      : kernelOf({
          ...(node.kernelResources.get(name) ?? { name, role: "Secondary", suspended: "no", devices: [] }),
          ...change,
        }),
  ),
});

export const withBlock = (node: ObservedNode, path: string, change: Partial<BlockDevice>): ObservedNode => ({
  ...node,
  blocks: withEntry(node.blocks, path, {
    ...(node.blocks.get(path) ?? { path, type: "disk", size: diskBytes, readOnly: false, children: [] }),
    ...change,
  }),
});

export const withMount = (node: ObservedNode, source: string, target: string, fstype = "xfs"): ObservedNode => ({
  ...node,
  mounts: [...node.mounts, { source, target, fstype }],
});

export const kernelDevice = (disk: string, change: Partial<KernelDevice> = {}): KernelDevice => ({
  resource: "r0",
  volume: 0,
  minor: 1,
  disk,
  size: 327632,
  ...change,
});

export const blank: Contents = { kind: "blank", real: "/dev/vdb", size: diskBytes };
export const drbdSignature: Contents = {
  kind: "signature",
  real: "/dev/vdb",
  size: diskBytes,
  type: "drbd",
  uuid: "29ff20370300d6d2",
};
const blankLook: OneLook = { disk: blank, metadata: { kind: "absent" }, portTaken: false };

const zeros = "0".repeat(16);
/** Consistent, up to date. */
const flags = "1:1:0:0:0:0:0";
/** Just created, never written through. */
export const newGi = `${zeros.slice(1)}4:${zeros}:${zeros}:${zeros}:0:0:0:0:0:0:0`;
export const usedGi = `F2099469C0D6C688:${zeros}:2F6CB04648729E94:2F6BB04648729E94:${flags}`;
/** Diverged from `usedGi` where both were at 2F6C… */
export const divergedGi = `718431164AB65DE2:${zeros}:2F6CB04648729E94:2F6BB04648729E94:${flags}`;
export const unrelatedGi = `5555555555555554:${zeros}:3333333333333332:${zeros}:${flags}`;
/** What the other side held until `usedGi` began. */
export const olderGi = `2F6CB04648729E94:${zeros}:2F6BB04648729E94:${zeros}:${flags}`;

export const filesystemUuid = "1f0c7a52-6d5b-4d5f-9c0f-0d7f3c1e9a10";

/** drbd-utils are there, the module is loaded, and nothing has been done with the disk. */
export function blankNode(hostname: string): ObservedNode {
  const node: ObservedNode = {
    hostname,
    kernel: "6.1.0-44-cloud-amd64",
    os: { id: "debian", like: [], name: "Debian GNU/Linux 12 (bookworm)" },
    clock: 1_700_000_000,
    addresses: ["127.0.0.1", "10.0.2.15", desiredNode(hostname).address, "::1"],
    module: { version: "8.4.11", loaded: true },
    closely: true,
    utils: "9.22.0",
    files: new Map([
      ["/etc/drbd.conf", 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n'],
      [globalCommonPath, renderGlobalCommon(desiredNode(hostname), "8.4")],
      [moduleAtBootPath, "drbd\n"],
      [packagedTargetPaths[0], "[Unit]\n"],
      [fstabPath, "# root\n/dev/vda / ext4 defaults 0 1\n"],
    ]),
    links: [],
    names: new Map(),
    mounts: [{ source: "/dev/vda", target: "/", fstype: "ext4" }],
    swaps: [],
    blocks: new Map(),
    kernelResources: new Map(),
    sync: new Map(),
    resources: new Map([["r0", observedOf(blankLook)]]),
  };
  const serial = hostname === "alpha" ? "0001" : "0002";
  return withBlock(withBlock(node, "/dev/vda", { fstype: "ext4" }), "/dev/vdb", { serial });
}

export const configurationOf = (desired: OneVolume): string => renderResource(resourceOf(desired), "8.4");

/** The steps of a first `up`, as far as they have come on one host. */
export const progressions = [
  "blank",
  "file",
  "metadata",
  "up",
  "connected",
  "promoted",
  "formatted",
  "mounted",
  "synced",
] as const;
export type Progression = (typeof progressions)[number];

const reached = (progression: Progression, point: Progression): boolean =>
  progressions.indexOf(progression) >= progressions.indexOf(point);

/** One host of a pair on its way; "synced" is the healthy pair. */
export function nodeAt(
  hostname: string,
  progression: Progression,
  desired: OneVolume = r0,
  peer: Progression = progression,
): ObservedNode {
  const isSource = hostname === desired.syncSource;
  const device = devicePath(desired.minor);
  let node = blankNode(hostname);
  if (!reached(progression, "file")) return node;
  node = withFile(node, resourcePath(desired.name), configurationOf(desired));
  if (!reached(progression, "metadata")) return node;
  node = withLook(node, { disk: drbdSignature, metadata: { kind: "present", version: "v08", gi: newGi } });
  node = withBlock(node, "/dev/vdb", { fstype: "drbd", uuid: "29ff20370300d6d2" });
  if (!reached(progression, "up")) return node;
  const connected = reached(progression, "connected") && reached(peer, "connected");
  node = withKernel(node, {
    connection: connected ? "Connected" : "Connecting",
    peerRole: connected ? "Secondary" : "Unknown",
    replication: connected ? "Established" : "Off",
    peerDisk: connected ? "Inconsistent" : "DUnknown",
    outOfSync: connected ? 0 : 327632,
    devices: [kernelDevice("Inconsistent", { minor: desired.minor })],
  });
  node = { ...withLook(node, { kernelGi: newGi, metadata: { kind: "busy", said: "error 20 busy" } }) };
  node = withBlock(node, device, { type: "disk", size: 327632 * 1024 });
  if (!reached(progression, "promoted")) return node;
  const both = reached(progression, "synced");
  const upToDate = (own: boolean) => (own || both ? "UpToDate" : "Inconsistent");
  node = withKernel(node, {
    role: isSource ? "Primary" : "Secondary",
    peerRole: isSource ? "Secondary" : "Primary",
    replication: both ? "Established" : isSource ? "SyncSource" : "SyncTarget",
    peerDisk: upToDate(!isSource),
    outOfSync: both ? 0 : 163818,
    devices: [kernelDevice(upToDate(isSource), { minor: desired.minor })],
  });
  const mark = `/var/lib/pulumi-drbd/${desired.name}.new`;
  const deviceBlank: Contents = { kind: "blank", real: device, size: 327632 * 1024 };
  node = withLook(node, { kernelGi: usedGi, ...(isSource ? { device: deviceBlank } : {}) });
  if (isSource && !reached(progression, "formatted")) node = withFile(node, mark, `${usedGi.split(":")[0]!}\n`);
  if (!reached(progression, "formatted")) return node;
  if (isSource) {
    node = withLook(node, {
      device: { kind: "signature", real: device, size: 327632 * 1024, type: "xfs", uuid: filesystemUuid },
    });
  }
  if (!reached(progression, "mounted")) return node;
  node = withFile(node, valuesPath(desired.name), renderValues(resourceOf(desired), hostname === "alpha" ? 0 : 1));
  const { filesystem } = desired;
  if (filesystem?.mountPoint !== undefined) {
    const line = fstabLine(pairOf(desired), hostname, filesystem, filesystem.mountPoint);
    node = withFile(node, fstabPath, `${node.files.get(fstabPath) ?? ""}${line}\n`);
    if (isSource) node = withMount(node, device, filesystem.mountPoint);
  }
  const served = isServed(resourceOf(desired));
  if (served) {
    const units = [...promotionUnits, ...servedDropIns(resourceOf(desired)), ...serviceDropIns(resourceOf(desired))];
    for (const { path, text } of units) node = withFile(node, path, text);
    node = withFile(node, lastPrimaryNote(desired.name), `${desired.syncSource}\n`);
  }
  for (const { path, text } of bringUpDropIns(resourceOf(desired), hostname, served)) node = withFile(node, path, text);
  return {
    ...node,
    links: [
      `/etc/systemd/system/multi-user.target.wants/${targetOf(desired.name)}`,
      activeLink(bringUpOf(desired.name)),
      ...(served ? [activeLink(roleOf(desired.name))] : []),
      ...(isSource ? [activeLink(promotionOf(desired.name))] : []),
    ],
    adjust: { exit: 0, output: "\n" },
  };
}

export const pairAt = (progression: Progression, desired: OneVolume = r0): Pair => [
  nodeAt("alpha", progression, desired),
  nodeAt("bravo", progression, desired),
];

export const blankPair = (): Pair => pairAt("blank");
export const healthyPair = (desired: OneVolume = r0): Pair => pairAt("synced", desired);

/** A disk that holds data of ours, with the resource down, as after a reboot without our units. */
export const downNode = (hostname: string, gi: string): ObservedNode =>
  withLook(
    { ...withKernel(nodeAt(hostname, "synced"), undefined), mounts: blankNode(hostname).mounts, adjust: undefined },
    { metadata: { kind: "present", version: "v08", gi }, kernelGi: undefined, device: undefined },
  );

export interface Given {
  readonly desired?: OneVolume;
  readonly configuration?: string;
  readonly memory?: Memory;
  readonly preview?: boolean;
  readonly globalCommon?: readonly string[];
  readonly switchTo?: string;
}

export const situation = (
  nodes: Pair,
  { desired = r0, memory = noMemory, ...given }: Given = {},
): ResourceSituation => ({
  desired: resourceOf(desired),
  configuration: configurationOf(desired),
  nodes,
  memory: memoryOfOne(memory),
  preview: false,
  ...given,
});

export const remembered: Memory = { filesystemUuid, disks: {} };

/** The disk that was a host's when last we looked. */
export const rememberedDisk = (change: Partial<DiskIdentity> = {}): DiskIdentity => ({
  path: "/dev/vdb",
  bytes: diskBytes,
  serial: "0002",
  wwn: "",
  metadataUuid: "29ff20370300d6d2",
  ...change,
});

export const planOf = (nodes: Pair, given: Given = {}): Plan => planResource(situation(nodes, given));

/** `alpha: drbdadm up r0`, one entry a step, stages apart. */
export const commandsOf = (plan: Plan): string[][] =>
  plan.stages.map((stage) => stage.map((step) => `${step.node}: ${step.argv.join(" ")}`));

export const allCommands = (plan: Plan): string[] => commandsOf(plan).flat();

/** `alpha: there is no /dev/vdb`; a plan that is refused holds no steps. */
export function refusalsOf(plan: Plan): string[] {
  if (plan.refusals.length > 0) expect(stepsOf(plan)).toEqual([]);
  return plan.refusals.map(({ node, found }) => (node === undefined ? found : `${node}: ${found}`));
}
