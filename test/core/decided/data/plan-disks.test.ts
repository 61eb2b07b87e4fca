/** Hosts and disks that are not as they must be: refused before anything is touched, by name, with the way on. */
import type { Contents, Metadata, ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf } from "../../../../provider/core/steps/plan";
import {
  type Pair,
  allCommands,
  blank,
  blankNode,
  downNode,
  drbdSignature,
  healthyPair,
  kernelDevice,
  newGi,
  planOf,
  r0,
  refusalsOf,
  secret,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
  withMount,
} from "../../observed-builder";

const bravo = blankNode("bravo");
const refusedWith = (changed: ObservedNode): string[] => {
  const plan = planOf([blankNode("alpha"), changed]);
  for (const { way } of plan.refusals) expect(way).toMatch(/[.?)!]$/);
  return refusalsOf(plan);
};

const disk = (contents: Contents, metadata: Metadata = { kind: "absent" }) =>
  withLook(bravo, { disk: contents, metadata });

describe("a disk that is not free", () => {
  test.each<[string, ObservedNode, string]>([
    ["missing", disk({ kind: "missing" }), "bravo: there is no /dev/vdb"],
    ["no block device", disk({ kind: "not-block" }), "bravo: /dev/vdb is no block device"],
    ["mounted", withMount(bravo, "/dev/vdb", "/mnt"), "bravo: /dev/vdb is mounted at /mnt"],
    [
      "with a partition that is mounted",
      withMount(withBlock(bravo, "/dev/vdb", { children: ["/dev/vdb1"] }), "/dev/vdb1", "/boot"),
      "bravo: /dev/vdb1 is mounted at /boot",
    ],
    [
      "with a mounted volume on its partition",
      withMount(
        withBlock(withBlock(bravo, "/dev/vdb", { children: ["/dev/vdb1"] }), "/dev/vdb1", {
          children: ["/dev/mapper/vg-data"],
        }),
        "/dev/mapper/vg-data",
        "/srv",
      ),
      "bravo: /dev/mapper/vg-data is mounted at /srv",
    ],
    ["swap", { ...bravo, swaps: ["/dev/vdb"] }, "bravo: /dev/vdb is swap space in use"],
    [
      "with swap on a partition",
      { ...withBlock(bravo, "/dev/vdb", { children: ["/dev/vdb2"] }), swaps: ["/dev/vdb2"] },
      "bravo: /dev/vdb2 is swap space in use",
    ],
    [
      "held",
      withBlock(bravo, "/dev/vdb", { children: ["/dev/mapper/crypt"] }),
      "bravo: /dev/vdb is held by /dev/mapper/crypt",
    ],
    ["read-only", withBlock(bravo, "/dev/vdb", { readOnly: true }), "bravo: /dev/vdb is read-only"],
    [
      "in fstab",
      withFile(bravo, "/etc/fstab", "/dev/vda / ext4 defaults 0 1\n /dev/vdb\t/old ext4 noauto 0 2\n"),
      "bravo: /etc/fstab mounts /dev/vdb itself: /dev/vdb\t/old ext4 noauto 0 2",
    ],
    [
      "with a filesystem",
      disk({ kind: "signature", real: "/dev/vdb", size: 1e9, type: "ext4", uuid: "ab-12" }),
      "bravo: /dev/vdb holds ext4 (ab-12), which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ],
    [
      "with a partition table",
      disk({ kind: "signature", real: "/dev/vdb", size: 1e9, type: "gpt" }),
      "bravo: /dev/vdb holds a gpt partition table, which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ],
    [
      "with DRBD's signature, and no metadata to be read",
      disk(drbdSignature),
      "bravo: /dev/vdb holds drbd (29ff20370300d6d2), which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ],
    [
      "with data of no known kind",
      disk({ kind: "data", real: "/dev/vdb", size: 1e9, offset: 4096 }),
      "bravo: /dev/vdb holds data of no known kind (the first at byte 4096), which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ],
    [
      "unreadable",
      disk({ kind: "unreadable", real: "/dev/vdb", size: 1e9, said: "error 8 ambivalent" }),
      "bravo: /dev/vdb could not be read: error 8 ambivalent",
    ],
    [
      "with metadata that is busy",
      disk(drbdSignature, { kind: "busy", said: "error 20 busy" }),
      "bravo: the DRBD metadata of r0 could not be read: error 20 busy",
    ],
    [
      "blank, and its metadata could not be read",
      disk(blank, { kind: "unreadable", said: "error 1 odd" }),
      "bravo: the DRBD metadata of r0 could not be read: error 1 odd",
    ],
    [
      "with metadata that is none",
      disk(drbdSignature, { kind: "present", version: "v08", gi: "hello" }),
      "bravo: generation identifiers that are none: hello",
    ],
  ])("%s", (_what, node, expected) => {
    expect(refusedWith(node)).toEqual([expected]);
  });

  test.each([
    ["btrfs", { uuid: "ab-12" }, "/dev/vdc", "btrfs"],
    ["zfs_member", { label: "tank" }, "tank/data", "zfs"],
  ])("one disk of several that a %s is on, which is mounted by another name", (type, same, source, fstype) => {
    const contents: Contents = { kind: "signature", real: "/dev/vdb", size: 1e9, type, uuid: "ab-12" };
    const both = withBlock(withBlock(disk(contents), "/dev/vdb", same), "/dev/vdc", same);
    const desired = { ...r0, discard: { bravo: [`${type}:ab-12`] } };
    const told = (node: ObservedNode) => refusalsOf(planOf([blankNode("alpha"), node], { desired }));
    expect(told(withMount(both, source, "/pool", fstype))).toEqual([
      `bravo: /dev/vdb is one of the disks of what is mounted at /pool (${source}, ${fstype})`,
    ]);
    expect(told(withMount(both, "/dev/vde", "/pool", "btrfs"))).toEqual([]);
    expect(told(withMount(both, "other/data", "/pool", "zfs"))).toEqual([]);
  });

  test("used as it is reached through a link", () => {
    const real: Contents = { ...blank, real: "/dev/dm-0" } as Contents;
    const volume = { path: "/dev/mapper/vg-data", type: "lvm", size: 1, readOnly: false, children: [] };
    const linked = withLook({ ...bravo, blocks: new Map([["/dev/dm-0", volume]]) }, { disk: real });
    expect(refusedWith(withMount(linked, "/dev/mapper/vg-data", "/old"))).toEqual([
      "bravo: /dev/mapper/vg-data is mounted at /old",
    ]);
    expect(refusedWith({ ...linked, swaps: ["/dev/dm-0"] })).toEqual(["bravo: /dev/dm-0 is swap space in use"]);
    expect(refusedWith(linked)).toEqual([]);
  });

  test("a disk with data of ours is not attached while it is used otherwise", () => {
    const used = disk(drbdSignature, { kind: "present", version: "v08", gi: usedGi });
    expect(refusedWith(withMount(used, "/dev/vdb", "/mnt"))).toEqual(["bravo: /dev/vdb is mounted at /mnt"]);
  });

  test("external metadata: both disks must be free", () => {
    const [first, second] = r0.sides;
    const desired = { ...r0, sides: [first, { ...second, metaDisk: "/dev/vdc" }] as const };
    const seen = (metaDisk: Contents | undefined) =>
      refusalsOf(planOf([blankNode("alpha"), withLook(bravo, { metaDisk })], { desired }));
    expect(seen({ kind: "blank", real: "/dev/vdc", size: 4096 })).toEqual([]);
    expect(seen(undefined)).toEqual(["bravo: there is no /dev/vdc"]);
    expect(seen({ kind: "data", real: "/dev/vdc", size: 4096, offset: 0 })).toEqual([
      "bravo: /dev/vdc holds data of no known kind (the first at byte 0), which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ]);
    expect(seen({ kind: "signature", real: "/dev/vdc", size: 4096, type: "xfs" })).toEqual([
      "bravo: /dev/vdc holds xfs, which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ]);
    const dataThere = withLook(bravo, {
      disk: { kind: "signature", real: "/dev/vdb", size: 1e9, type: "ext4" },
      metaDisk: { kind: "blank", real: "/dev/vdc", size: 4096 },
    });
    expect(refusalsOf(planOf([blankNode("alpha"), dataThere], { desired }))).toEqual([
      "bravo: /dev/vdb holds ext4, which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)",
    ]);
  });

  test("what is wrong on both hosts is told of both", () => {
    const gone = (node: ObservedNode) => withLook(node, { disk: { kind: "missing" } });
    expect(refusalsOf(planOf([gone(blankNode("alpha")), gone(bravo)]))).toEqual([
      "alpha: there is no /dev/vdb",
      "bravo: there is no /dev/vdb",
    ]);
  });

  test("the way on for a missing disk names those that are there", () => {
    const plan = planOf([blankNode("alpha"), disk({ kind: "missing" })]);
    expect(plan.refusals[0]?.way).toContain("/dev/vda, /dev/vdb");
  });
});

describe("a host that is not as it must be", () => {
  test.each<[string, ObservedNode, string]>([
    ["another name", { ...bravo, hostname: "Bravo" }, "bravo: `uname -n` says Bravo there"],
    [
      "without the address",
      { ...bravo, addresses: ["127.0.0.1", "10.0.2.15"] },
      "bravo: no interface has the address 10.1.1.32",
    ],
    [
      "without the module",
      { ...bravo, module: null },
      "bravo: the running kernel (6.1.0-44-cloud-amd64) has no drbd module",
    ],
    ["without drbd-utils", { ...bravo, utils: null }, "bravo: drbd-utils is not installed"],
    [
      "with DRBD 9 where the other has 8.4",
      { ...bravo, module: { version: "9.2.14", loaded: true } },
      "bravo has DRBD 9.2.14 and alpha 8.4.11, which read different configuration grammars and metadata",
    ],
    ["whose port is taken", withLook(bravo, { portTaken: true }), "bravo: something listens on port 7789 already"],
    [
      "whose minor runs another resource",
      withKernel(bravo, { devices: [kernelDevice("UpToDate", { resource: "web" })] }, "web"),
      "bravo: minor 1 is in use by the resource web",
    ],
    [
      "where it runs as another minor",
      withKernel(bravo, { devices: [kernelDevice("UpToDate", { minor: 4 })] }),
      "bravo: r0 runs there as minor 4, and a running device cannot change its minor to 1",
    ],
    [
      "where another's file claims the minor",
      withFile(
        bravo,
        "/etc/drbd.d/web.res",
        "resource web { on bravo { device minor 1; disk /dev/vdz; address 10.1.1.32:7000; } }",
      ),
      "bravo: minor 1 belongs to the resource web, by a file in /etc/drbd.d",
    ],
    [
      "where another's file claims the port",
      withFile(
        bravo,
        "/etc/drbd.d/web.res",
        "resource web { on bravo { device minor 9; disk /dev/vdz; address 10.1.1.32:7789; } }",
      ),
      "bravo: port 7789 belongs to the resource web, by a file in /etc/drbd.d",
    ],
    [
      "where another's file claims the disk",
      withFile(
        bravo,
        "/etc/drbd.d/web.res",
        "resource web { on bravo { device minor 9; disk /dev/vdb; address 10.1.1.32:7000; } }",
      ),
      "bravo: the disk /dev/vdb belongs to the resource web, by a file in /etc/drbd.d",
    ],
    [
      "whose drbdadm does not take the configuration",
      withLook(bravo, { candidate: { exit: 10, output: "\nSTDIN:7: Parse error\n" } }),
      "bravo: drbdadm does not take the configuration (exit 10): STDIN:7: Parse error",
    ],
    ["that was not looked at", withLook(bravo, undefined), "bravo: the resource was not looked at there"],
  ])("%s", (_what, node, expected) => {
    expect(refusedWith(node)).toEqual([expected]);
  });

  test("the way on names what is there", () => {
    const way = (node: ObservedNode) => planOf([blankNode("alpha"), node]).refusals[0]?.way;
    expect(way({ ...bravo, hostname: "Bravo" })).toContain("`hostname: Bravo`");
    expect(way({ ...bravo, addresses: ["127.0.0.1", "10.0.2.15", "::1", "fe80::1"] })).toContain("10.0.2.15, fe80::1.");
  });

  test("another resource on another host, minor and port is no hindrance", () => {
    const text =
      "resource web { on bravo { device minor 9; disk /dev/vdz; address 10.1.1.32:7000; } on x { device minor 1; disk /dev/vdb; address 1.2.3.4:7789; } }";
    expect(refusedWith(withFile(bravo, "/etc/drbd.d/web.res", text))).toEqual([]);
  });

  test("drbdadm's complaint is told without the secret", () => {
    const output = `STDIN:7: shared-secret "${secret}" is odd; drbdsetup --shared-secret=${secret}`;
    const plan = planOf([blankNode("alpha"), withLook(bravo, { candidate: { exit: 10, output } })]);
    expect(plan.refusals).toHaveLength(1);
    expect(JSON.stringify(plan)).not.toContain(secret);
  });

  test("drbdadm fails on another's file: told, although all runs", () => {
    const [alpha, healthy] = healthyPair();
    const broken = { exit: 10, output: `/etc/drbd.d/x.res:1: Parse error: shared-secret "${secret}"\n` };
    const told = [
      'bravo: drbdadm fails on what is installed there (exit 10): /etc/drbd.d/x.res:1: Parse error: shared-secret "(secret)"',
    ];
    expect(refusalsOf(planOf([alpha, withLook(healthy, { change: broken })]))).toEqual(told);
    expect(refusalsOf(planOf([alpha, { ...withLook(healthy, undefined), adjust: broken }]))).toEqual([
      'bravo: drbdadm cannot read /etc/drbd.d/x.res, and so reads no resource at all: /etc/drbd.d/x.res:1: Parse error: shared-secret "(secret)"',
    ]);
    // Where our own file is not there yet, or another, drbdadm was asked about something else.
    const other = withFile(withLook(healthy, { change: broken }), "/etc/drbd.d/r0.res", "resource r0 {");
    expect(refusalsOf(planOf([alpha, other]))).toEqual([]);
    expect(refusedWith(withLook(bravo, { change: broken }))).toEqual([]);
  });

  test("its own port, once it is up, is not taken by another", () => {
    const [alpha, healthy] = healthyPair();
    const plan = planOf([alpha, withLook(healthy, { portTaken: true })]);
    expect(refusalsOf(plan)).toEqual([]);
    expect(stepsOf(plan)).toEqual([]);
  });

  test("running, and what its metadata says cannot be read", () => {
    const [alpha, healthy] = healthyPair();
    for (const kernelGi of [undefined, "hello"]) {
      expect(refusalsOf(planOf([alpha, withLook(healthy, { kernelGi })]))).toEqual([
        "bravo: the generation identifiers of r0 could not be read",
      ]);
    }
  });
});

test("new metadata is taken for new only where the disk agrees", () => {
  const [alpha, other] = healthyPair();
  const odd = (node: Pair[0]) => withLook(node, { kernelGi: newGi });
  expect(allCommands(planOf([odd(alpha), odd(other)]))).toEqual([]);
});

test("of all contents and answers about metadata, only what is blank or ours is taken", () => {
  const contents: Contents["kind"][] = ["missing", "not-block", "attached", "blank", "signature", "data", "unreadable"];
  const metadata: Metadata["kind"][] = ["unknown", "absent", "present", "moved", "busy", "unreadable"];
  const contentsOf = (kind: Contents["kind"]): Contents => ({
    kind,
    real: "/dev/vdb",
    size: 1e9,
    type: "xfs",
    offset: 1,
    said: "x",
  });
  const metadataOf = (kind: Metadata["kind"]): Metadata => ({
    kind,
    version: "v08",
    gi: usedGi,
    said: "x",
    bytes: 1e8,
    uuid: "29ff",
  });
  const outcomes = contents.flatMap((kind) =>
    metadata.flatMap((one) => {
      const plan = planOf([downNode("alpha", usedGi), disk(contentsOf(kind), metadataOf(one))]);
      const made = allCommands(plan).filter((command) => /create-md|bravo: drbdadm (up|check-resize)/.test(command));
      return refusalsOf(plan).length > 0
        ? []
        : [`${kind}/${one}: ${made.join(", ").replaceAll("bravo: drbdadm ", "")}`];
    }),
  );
  // What stands on a disk with metadata of ours is ours too: it was written through DRBD.
  expect(outcomes).toEqual([
    "blank/unknown: create-md r0, up r0",
    "blank/absent: create-md r0, up r0",
    "blank/present: up r0",
    "blank/moved: check-resize r0, up r0",
    "signature/present: up r0",
    "signature/moved: check-resize r0, up r0",
    "data/present: up r0",
    "data/moved: check-resize r0, up r0",
    "unreadable/present: up r0",
    "unreadable/moved: check-resize r0, up r0",
  ]);
});
