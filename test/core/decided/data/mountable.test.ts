/** Both hosts must be able to mount the filesystem: sectors and features are compared before it is made, or told of. */
import type { DesiredFilesystem } from "../../../../provider/core/wanted/desired";
import type { Contents, ObservedNode } from "../../../../provider/core/seen/observed";
import { optionsForBoth } from "../../../../provider/core/decided/data/mkfs-options";
import {
  allCommands,
  blankNode,
  diskBytes,
  downNode,
  filesystemUuid,
  healthyPair,
  nodeAt,
  planOf,
  r0,
  refusalsOf,
  remembered,
  usedGi,
  withBlock,
  withLook,
  withMount,
  xfs,
} from "../../observed-builder";
import { stepsOf } from "../../../../provider/core/steps/plan";

const host = (
  hostname: string,
  { kernel = "6.12.48+deb13-amd64", sector = 512, mkfs = "6.13.0" } = {},
): ObservedNode => ({
  ...withBlock(blankNode(hostname), "/dev/vdb", { sector }),
  kernel,
  mkfs: { version: mkfs, configurations: ["/usr/share/xfsprogs/mkfs/lts_6.1.conf"] },
});
const made = (alpha: ObservedNode, bravo: ObservedNode, filesystem: DesiredFilesystem = xfs) => {
  const plan = planOf([alpha, bravo], { desired: { ...r0, filesystem } });
  const step = stepsOf(plan).find(({ argv }) => argv[0] === "mkfs.xfs");
  return { plan, command: step?.argv.join(" "), because: step?.because };
};
const bookworm = "6.1.0-44-amd64";
const bullseye = "5.10.0-36-amd64";

describe("a filesystem is made so that both mount it", () => {
  test.each<[string, ObservedNode, ObservedNode, string, string]>([
    ["equal hosts", host("alpha"), host("bravo"), "", "blank, never formatted"],
    [
      "the peer's disk has larger sectors",
      host("alpha"),
      host("bravo", { sector: 4096 }),
      "-s size=4096 ",
      "blank, never formatted; with sectors of 4096 bytes, as the disk of bravo has them",
    ],
    [
      "the source's own has them",
      host("alpha", { sector: 4096 }),
      host("bravo"),
      "-s size=4096 ",
      "blank, never formatted; with sectors of 4096 bytes, as the disk of alpha has them",
    ],
    [
      "the peer's kernel is Debian 12's",
      host("alpha"),
      host("bravo", { kernel: bookworm }),
      "-i nrext64=0 ",
      "blank, never formatted; without nrext64, which the kernel of bravo (6.1.0-44-amd64) does not know or calls experimental",
    ],
    [
      "the peer's kernel is Debian 11's",
      host("alpha"),
      host("bravo", { kernel: bullseye }),
      "-m inobtcount=0,bigtime=0 -i nrext64=0 ",
      "blank, never formatted; without inobtcount, bigtime, nrext64, which the kernel of bravo (5.10.0-36-amd64) does not know or calls experimental",
    ],
    [
      "the source's xfsprogs is newer than its own kernel",
      host("alpha", { kernel: bookworm }),
      host("bravo"),
      "-i nrext64=0 ",
      "blank, never formatted; without nrext64, which the kernel of alpha (6.1.0-44-amd64) does not know or calls experimental",
    ],
    [
      "the source's mkfs.xfs makes none of what the peer lacks, and would not know the option",
      host("alpha", { kernel: bullseye, mkfs: "5.10.0" }),
      host("bravo"),
      "",
      "blank, never formatted",
    ],
    [
      "a kernel of the coming years beside one of today",
      host("alpha", { kernel: "6.18.1", mkfs: "6.18.0" }),
      host("bravo", { kernel: "6.6.9" }),
      "-i exchange=0 -n parent=0 ",
      "blank, never formatted; without exchange, parent, which the kernel of bravo (6.6.9) does not know or calls experimental",
    ],
    [
      "a newer host beside Debian 13, whose kernel calls experimental what xfsprogs 6.18 makes unasked",
      host("alpha", { kernel: "6.18.1", mkfs: "6.18.0" }),
      host("bravo"),
      "-i exchange=0 -n parent=0 ",
      "blank, never formatted; without exchange, parent, which the kernel of bravo (6.12.48+deb13-amd64) does not know or calls experimental",
    ],
    [
      "an xfsprogs before 6.18, which makes them only where it is asked to",
      host("alpha", { kernel: "6.18.1", mkfs: "6.17.0" }),
      host("bravo"),
      "",
      "blank, never formatted",
    ],
    [
      "two kernels since 6.16, which call them stable",
      host("alpha", { kernel: "6.18.1", mkfs: "6.18.0" }),
      host("bravo", { kernel: "6.16.0" }),
      "",
      "blank, never formatted",
    ],
  ])("%s", (_what, alpha, bravo, options, because) => {
    const { command, because: told } = made(alpha, bravo);
    expect(command).toBe(`mkfs.xfs -L data ${options}/dev/drbd1`);
    expect(told).toBe(because);
  });

  test("what the user says of a feature stays as it is", () => {
    const asked = { ...xfs, mkfsOptions: ["-i", "size=512,nrext64=0", "-m", "bigtime=0"] };
    const { command } = made(host("alpha"), host("bravo", { kernel: bullseye }), asked);
    expect(command).toBe("mkfs.xfs -L data -i size=512,nrext64=0 -m bigtime=0 -m inobtcount=0 /dev/drbd1");
  });

  test("xfsprogs' own list of features goes alone, since mkfs.xfs takes no option twice", () => {
    const file = "/usr/share/xfsprogs/mkfs/lts_6.1.conf";
    const asked = { ...xfs, mkfsOptions: ["-c", `options=${file}`] };
    const { command, plan } = made(host("alpha"), host("bravo", { kernel: bookworm, sector: 4096 }), asked);
    expect(command).toBe(`mkfs.xfs -L data -c options=${file} -s size=4096 /dev/drbd1`);
    expect(plan.warnings).toEqual([]);
    const older = made(host("alpha"), host("bravo", { kernel: bullseye }), asked).plan;
    expect(older.warnings.join()).toContain("lts_6.1.conf decides which features the XFS has");
    const missing = { ...xfs, mkfsOptions: ["-c", "options=/usr/share/xfsprogs/mkfs/lts_9.9.conf"] };
    expect(refusalsOf(made(host("alpha"), host("bravo"), missing).plan)).toEqual([
      "alpha: there is no /usr/share/xfsprogs/mkfs/lts_9.9.conf",
    ]);
  });

  test.each([[["-s", "size=512"]], [["-ssize=512"]], [["-s", "log=9"]], [["-d", "agcount=4,sectsize=512"]]])(
    "%j beside a disk with sectors of 4096 bytes: refused",
    (mkfsOptions) => {
      expect(refusalsOf(made(host("alpha"), host("bravo", { sector: 4096 }), { ...xfs, mkfsOptions }).plan)).toEqual([
        "the disk of bravo has sectors of 4096 bytes, and could not mount an XFS with sectors of 512",
      ]);
      expect(refusalsOf(made(host("alpha"), host("bravo"), { ...xfs, mkfsOptions }).plan)).toEqual([]);
    },
  );

  test("4k is said in several ways, and fits", () => {
    for (const size of ["size=4096", "size=4k", "log=12"]) {
      expect(made(host("alpha"), host("bravo", { sector: 4096 }), { ...xfs, mkfsOptions: ["-s", size] }).command).toBe(
        `mkfs.xfs -L data -s ${size} /dev/drbd1`,
      );
    }
  });

  test("a feature that the user asks for, and the peer's kernel does not know: refused", () => {
    const asked = { ...xfs, mkfsOptions: ["-i", "nrext64=1"] };
    expect(refusalsOf(made(host("alpha"), host("bravo", { kernel: bullseye }), asked).plan)).toEqual([
      "the kernel of bravo (5.10.0-36-amd64) does not know nrext64, and could not mount such an XFS",
    ]);
  });

  test("an xfsprogs that is not known gets no option that it might not know", () => {
    const hosts = [{ hostname: "alpha", kernel: bullseye, sector: 512 }];
    expect(optionsForBoth([], undefined, hosts)).toEqual({ options: [], because: [] });
  });
});

const xfsOn = (real: string, sector: number, incompatible = 0x2b): Contents => ({
  kind: "signature",
  real,
  size: diskBytes,
  type: "xfs",
  uuid: filesystemUuid,
  taken: diskBytes / 2,
  xfs: { sector, readOnlyCompatible: 5, incompatible },
});

describe("a filesystem that is there", () => {
  const large = (node: ObservedNode) => withBlock(node, "/dev/vdb", { sector: 4096 });
  const refused =
    'bravo: /dev/vdb has sectors of 4096 bytes, and the XFS of r0 has sectors of 512: bravo could not mount it ("Function not implemented")';

  test("kept beside a disk with larger sectors: refused", () => {
    const alpha = withLook(host("alpha"), { disk: xfsOn("/dev/vdb", 512) });
    const desired = { ...r0, existingData: "keep" as const };
    expect(refusalsOf(planOf([alpha, large(host("bravo"))], { desired }))).toEqual([refused]);
    expect(refusalsOf(planOf([alpha, host("bravo")], { desired }))).toEqual([]);
  });

  test("a disk with larger sectors comes in its peer's place: refused", () => {
    const primary = withLook(nodeAt("alpha", "mounted"), { device: xfsOn("/dev/drbd1", 512) });
    const replaced = { ...large(blankNode("bravo")), files: primary.files };
    expect(refusalsOf(planOf([primary, replaced], { memory: remembered }))).toContain(refused);
    const down = downNode("alpha", usedGi);
    const hidden = withLook(down, {
      disk: { ...xfsOn("/dev/vdb", 512), type: "drbd", uuid: "29ff20370300d6d2", taken: undefined } as Contents,
    });
    expect(refusalsOf(planOf([hidden, replaced], { memory: remembered }))).toContain(refused);
  });

  test("of a pair that runs so already: told, and refused where it is taken over", () => {
    const [alpha, bravo] = healthyPair();
    const nodes = [withLook(alpha, { device: xfsOn("/dev/drbd1", 512) }), large(bravo)] as const;
    const plan = planOf(nodes, { memory: remembered });
    expect(plan.refusals).toEqual([]);
    expect(plan.warnings.join()).toContain("bravo cannot mount it, so that a failover to it fails");
    expect(refusalsOf(planOf(nodes))).toEqual([refused]);
  });

  test.each([
    [bookworm, "calls experimental: it mounts it, and says so"],
    [bullseye, "does not know: it cannot mount it for writing, so that a failover to it fails"],
  ])("with nrext64 beside the kernel %s: told", (kernel, expected) => {
    const [alpha, bravo] = healthyPair();
    const nodes = [
      withLook({ ...alpha, kernel: "6.12.48" }, { device: xfsOn("/dev/drbd1", 512, 0x23) }),
      { ...bravo, kernel },
    ] as const;
    expect(planOf(nodes).warnings).toEqual([
      `the XFS on /dev/drbd1 has nrext64, which the kernel of bravo (${kernel}) ${expected}${kernel === bullseye ? ". Boot a newer kernel there" : ""}`,
    ]);
  });

  test("without a filesystem of ours, disks with different sectors are told of", () => {
    const plan = planOf([host("alpha"), host("bravo", { sector: 4096 })], {
      desired: { ...r0, filesystem: undefined },
    });
    expect(plan.warnings.join()).toContain("the disks have sectors of 512 and 4096 bytes (alpha and bravo)");
  });
});

test("an XFS that mkfs.xfs was cut off in is not mounted: the refusal has the command that makes it anew", () => {
  const [alpha, bravo] = healthyPair();
  const device: Contents = {
    kind: "signature",
    real: "/dev/drbd1",
    size: diskBytes,
    type: "xfs",
    uuid: "ffff",
    xfs: { sector: 512, readOnlyCompatible: 0, incompatible: 0, isUnfinished: true },
  };
  const plan = planOf([withLook({ ...alpha, mounts: blankNode("alpha").mounts }, { device }), bravo], {});
  expect(refusalsOf(plan)).toEqual([expect.stringMatching(/^alpha: \/dev\/drbd1 holds an XFS that is not finished/)]);
  expect(plan.refusals.map(({ way }) => way).join()).toContain("`mkfs.xfs -f -L data /dev/drbd1`");
  expect(allCommands(plan)).toEqual([]);
});

describe("an XFS with signs of something else on it", () => {
  const several = (uuid: string): Contents => ({
    kind: "signature",
    real: "/dev/drbd1",
    size: diskBytes,
    type: "xfs+zfs_member",
    hash: "0123456789abcdef",
    several: [{ type: "xfs", uuid }, { type: "zfs_member" }],
  });
  const unmounted = (device: Contents) => {
    const [alpha, bravo] = healthyPair();
    return [withLook({ ...alpha, mounts: blankNode("alpha").mounts }, { device }), bravo] as const;
  };

  test("is the resource's own where its UUID is the remembered one: it is mounted", () => {
    expect(allCommands(planOf(unmounted(several(filesystemUuid)), { memory: remembered }))).toContain(
      "alpha: mount /srv/data",
    );
  });

  test("is refused where nobody knows, and nobody is told to clear it", () => {
    const plan = planOf(unmounted(several("ffff")), {});
    expect(refusalsOf(plan)).toEqual([
      "alpha: /dev/drbd1 holds signs of xfs and of zfs_member, and it is not known which of them it is",
    ]);
    expect(plan.refusals[0]!.way).not.toContain("clear");
  });

  test.each<[string, Contents]>([
    ["signs of several kinds", several("ffff")],
    ["what cannot be read", { kind: "unreadable", real: "/dev/drbd1", size: diskBytes, said: "error 8" }],
    ["data of no kind", { kind: "data", real: "/dev/drbd1", size: diskBytes, offset: 0 }],
  ])("a mounted pair is what the kernel mounted, whatever blkid says: %s", (_what, device) => {
    const [alpha, bravo] = healthyPair();
    const plan = planOf([withLook(alpha, { device }), bravo]);
    expect([plan.refusals, allCommands(plan)]).toEqual([[], []]);
  });

  test("mounted as another filesystem, it is not to be cleared either", () => {
    const [alpha, bravo] = unmounted({ kind: "unreadable", real: "/dev/drbd1", size: diskBytes, said: "error 8" });
    const plan = planOf([withMount(alpha, "/dev/drbd1", "/srv/data", "ext4"), bravo]);
    expect(plan.refusals.map(({ way }) => way).join()).toContain("nothing on it is to be cleared");
  });

  test("old signs on a disk that is to be used: the line of discard tells what may go", () => {
    const disk = { ...several("ffff"), real: "/dev/vdb" } as Contents;
    const plan = planOf([blankNode("alpha"), withLook(blankNode("bravo"), { disk })]);
    expect(plan.refusals[0]!.way).toContain('discard: { bravo: "xfs+zfs_member:0123456789abcdef" }');
    const desired = { ...r0, discard: { bravo: ["xfs+zfs_member:0123456789abcdef"] } };
    expect(allCommands(planOf([blankNode("alpha"), withLook(blankNode("bravo"), { disk })], { desired }))).toContain(
      "bravo: wipefs -a /dev/vdb",
    );
  });

  test("kept with internal metadata: what it takes of the disk is not known, and a disk for the metadata is asked for", () => {
    const disk = { ...several("ffff"), real: "/dev/vdb" } as Contents;
    const desired = { ...r0, existingData: "keep" as const };
    const plan = planOf([withLook(blankNode("alpha"), { disk }), blankNode("bravo")], { desired });
    expect(plan.refusals.map(({ way }) => way).join()).toContain("metaDisks: { alpha: /dev/… }");
  });
});
