/** Pairs of observed hosts: a state on the way of a first up or after it, and up to some points changed at random. */
import { type OneVolume } from "./one-volume";
import * as fc from "fast-check";
import { type Memory, noMemory } from "../../provider/core/seen/memory";
import type { Contents, KernelResource, Metadata, ObservedNode } from "../../provider/core/seen/observed";
import {
  type Given,
  type Pair,
  diskBytes,
  divergedGi,
  downNode,
  filesystemUuid,
  kernelDevice,
  newGi,
  nodeAt,
  olderGi,
  progressions,
  r0,
  remembered,
  rememberedDisk,
  secret,
  unrelatedGi,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
  withMount,
  xfs,
} from "./observed-builder";

const gi = fc.constantFrom(newGi, usedGi, olderGi, divergedGi, unrelatedGi);

const contents = (real: string): fc.Arbitrary<Contents> =>
  fc.oneof(
    fc.constant<Contents>({ kind: "blank", real, size: diskBytes }),
    fc.constantFrom<Contents>(
      { kind: "missing" },
      { kind: "not-block" },
      { kind: "attached", real, size: diskBytes },
      { kind: "blank", real, size: 4096 },
      { kind: "signature", real, size: diskBytes, type: "drbd", uuid: "29ff" },
      { kind: "signature", real, size: diskBytes, type: "xfs", uuid: filesystemUuid },
      { kind: "signature", real, size: diskBytes, type: "ext4" },
      { kind: "data", real, size: diskBytes, offset: 4096 },
      { kind: "unreadable", real, size: 0, said: "error 8" },
    ),
  );

const metadata: fc.Arbitrary<Metadata> = fc.oneof(
  fc.constant<Metadata>({ kind: "absent" }),
  gi.map((one): Metadata => ({ kind: "present", version: "v08", gi: one })),
  fc.constantFrom<Metadata>(
    { kind: "unknown" },
    { kind: "busy", said: "busy" },
    { kind: "unreadable", said: "error 1" },
    { kind: "present", version: "v09", gi: newGi },
    { kind: "present", version: "v08", gi: "hello" },
  ),
);

const kernel: fc.Arbitrary<Partial<KernelResource> | undefined> = fc.option(
  fc.record({
    role: fc.constantFrom("Primary", "Secondary", "Unknown"),
    connection: fc.constantFrom("StandAlone", "Connecting", "Connected", "Unconnected", undefined),
    peerRole: fc.constantFrom("Primary", "Secondary", "Unknown"),
    peerDisk: fc.constantFrom("UpToDate", "Inconsistent", "DUnknown", "Outdated"),
    devices: fc.oneof(
      fc.constantFrom("UpToDate", "Inconsistent", "Diskless", "Outdated", "Failed").map((disk) => [kernelDevice(disk)]),
      fc.constantFrom([], [kernelDevice("UpToDate", { minor: 4 })]),
    ),
  }),
  { nil: undefined },
);

const adjustment = fc.constantFrom(
  "",
  "drbdsetup-84 connect r0 a b --protocol=C\n",
  `drbdsetup-84 net-options a b --set-defaults --protocol=A --shared-secret=${secret}\n`,
  "drbdmeta 1 v08 /dev/vdb internal apply-al\ndrbdsetup-84 attach 1 /dev/vdb /dev/vdb internal\n",
  "drbdsetup-84 new-resource r0\ndrbdsetup-84 new-minor r0 1 0\n",
  `drbdsetup-84 detach 1 --shared-secret=${secret}\n`,
  "drbdsetup-84 resize 1 --size=1\n",
  `/etc/drbd.d/x.res:7: Parse error: shared-secret "${secret}" is odd\n`,
);

type Change = (node: ObservedNode) => ObservedNode;

const change: fc.Arbitrary<Change> = fc.oneof(
  contents("/dev/vdb").map(
    (disk): Change =>
      (node) =>
        withLook(node, { disk }),
  ),
  metadata.map(
    (one): Change =>
      (node) =>
        withLook(node, { metadata: one }),
  ),
  kernel.map(
    (one): Change =>
      (node) =>
        withKernel(node, one),
  ),
  fc.option(gi, { nil: undefined }).map(
    (kernelGi): Change =>
      (node) =>
        withLook(node, { kernelGi }),
  ),
  fc.option(contents("/dev/drbd1"), { nil: undefined }).map(
    (device): Change =>
      (node) =>
        withLook(node, { device }),
  ),
  adjustment.map(
    (output): Change =>
      (node) =>
        withLook(node, { change: { exit: 0, output } }),
  ),
  adjustment.map((output): Change => (node) => ({ ...node, adjust: { exit: 0, output } })),
  fc.constantFrom<Change>(
    (node) => withLook(node, { portTaken: true }),
    (node) => withLook(node, undefined),
    (node) => withLook(node, { candidate: { exit: 10, output: `x:1: shared-secret "${secret}" is odd` } }),
    (node) => withFile(node, "/etc/drbd.d/r0.res", undefined),
    (node) => withFile(node, "/etc/drbd.d/r0.res", "# by hand\n"),
    (node) => withFile(node, "/etc/fstab", "/dev/vdb /x ext4 defaults 0 0\n"),
    (node) => withMount(node, "/dev/vdb", "/mnt"),
    (node) => withMount(node, "/dev/drbd1", "/srv/data"),
    (node) => withMount(node, "/dev/drbd1", "/elsewhere"),
    (node) => ({ ...node, mounts: [] }),
    (node) => ({ ...node, links: [] }),
    (node) => withFile(node, "/var/lib/pulumi-drbd/r0.new", `${usedGi.split(":")[0]!}\n`),
    (node) => withFile(node, "/var/lib/pulumi-drbd/r0.new", "AAAABBBBCCCCDDDD\n"),
    (node) => ({ ...node, utils: null }),
    (node) => ({ ...node, module: null }),
    (node) => ({ ...node, addresses: [] }),
    (node) => withBlock(node, "/dev/vdb", { children: ["/dev/vdb1"] }),
  ),
);

const nodeOf = (hostname: string): fc.Arbitrary<(desired: OneVolume) => ObservedNode> => {
  const at = fc
    .constantFrom(...progressions)
    .map((progression) => (desired: OneVolume) => nodeAt(hostname, progression, desired));
  const down = gi.map((one) => () => downNode(hostname, one));
  const changes = fc.oneof(
    { weight: 2, arbitrary: fc.constant<Change[]>([]) },
    { weight: 3, arbitrary: fc.array(change, { maxLength: 3 }) },
  );
  return fc.tuple(fc.oneof({ weight: 3, arbitrary: at }, down), changes).map(
    ([base, made]) =>
      (desired) =>
        made.reduce((node, one) => one(node), base(desired)),
  );
};

const desired: fc.Arbitrary<OneVolume> = fc
  .record({
    syncSource: fc.constantFrom("alpha", "bravo"),
    filesystem: fc.constantFrom(xfs, xfs, { ...xfs, mountPoint: undefined }, undefined),
    protocol: fc.constantFrom<OneVolume["protocol"]>("C", "C", "A"),
  })
  .map((some) => ({ ...r0, ...some }));

const memory: fc.Arbitrary<Memory> = fc.constantFrom(
  noMemory,
  noMemory,
  remembered,
  { filesystemUuid, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } },
  {
    filesystemUuid: null,
    disks: { bravo: rememberedDisk({ bytes: diskBytes - 4096, metadataUuid: "1111111111111111" }) },
  },
);

export interface ArbitrarySituation {
  readonly nodes: Pair;
  readonly given: Required<Pick<Given, "desired" | "memory" | "preview">>;
}

export const arbitrarySituation: fc.Arbitrary<ArbitrarySituation> = fc
  .record({ desired, memory, preview: fc.boolean(), alpha: nodeOf("alpha"), bravo: nodeOf("bravo") })
  .map(({ alpha, bravo, ...given }) => ({
    given,
    nodes: [alpha({ ...given.desired, protocol: "C" }), bravo({ ...given.desired, protocol: "C" })],
  }));
