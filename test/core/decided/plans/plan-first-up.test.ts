/** From two blank disks to a mounted filesystem, and from everything half-made on the way. */
import { stepsOf } from "../../../../provider/core/steps/plan";
import { usableBytes } from "../../../../provider/core/steps/metadata-size";
import {
  allCommands,
  blank,
  blankPair,
  commandsOf,
  diskBytes,
  downNode,
  drbdSignature,
  healthyPair,
  kernelDevice,
  newGi,
  nodeAt,
  pairAt,
  planOf,
  progressions,
  r0,
  refusalsOf,
  type Pair,
  type Progression,
  usedGi,
  withFile,
  withKernel,
  withLook,
} from "../../observed-builder";

const file = (host: string) => `${host}: write /etc/drbd.d/r0.res`;
const createMd = (host: string) => `${host}: drbdadm create-md r0`;
const up = (host: string) => `${host}: drbdadm up r0`;
const [checkAlpha, checkBravo] = ["alpha: drbdadm get-gi r0", "bravo: drbdadm get-gi r0"] as const;
const check = [checkAlpha, checkBravo];
const force = "alpha: drbdadm primary --force r0";
const mkfs = "alpha: mkfs.xfs -L data /dev/drbd1";
/** What stands beside drbd-utils' own units: written before the resource is enabled at boot. */
const beside = (host: string) => [
  `${host}: write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf`,
  `${host}: write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf`,
];
const enable = (host: string, last = "drbd-role@r0.service") => [
  `${host}: systemctl enable --no-reload drbd@r0.target`,
  `${host}: systemctl start ${last}`,
];
const reload = (host: string) => `${host}: systemctl daemon-reload`;
const values = (host: string) => `${host}: write /etc/pulumi-drbd/r0.conf`;
const mounts = (host: string) => [
  values(host),
  `${host}: write /etc/systemd/system/drbd-primary@.service`,
  `${host}: write /etc/systemd/system/drbd-primary@.target`,
  `${host}: write /etc/systemd/system/drbd-primary-services@.target`,
  `${host}: write /etc/systemd/system/drbd-role@.service`,
  `${host}: write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf`,
  `${host}: write /var/lib/pulumi-drbd/r0.last-primary`,
  `${host}: write /etc/fstab`,
];
/** The sync source looks for its peer, and then does what needs none; the other does of that before what it can. */
const onAlpha = (...until: string[]) => [
  ...until,
  "alpha: modprobe xfs",
  ...mounts("alpha"),
  ...beside("alpha"),
  ...enable("alpha"),
  reload("alpha"),
];
const onBravo = (made: string[], ...looks: string[]) => [
  ...made,
  ...mounts("bravo"),
  ...looks,
  ...beside("bravo"),
  ...enable("bravo"),
  reload("bravo"),
];
const allOnBravo = onBravo([file("bravo"), createMd("bravo")], up("bravo"));
const allOnAlpha = onAlpha(file("alpha"), createMd("alpha"), up("alpha"));
const bootBoth = [...onAlpha().slice(1), ...onBravo([])];
const mount = ["alpha: systemctl start drbd-primary@r0.service", "alpha: mount /srv/data"];

test("two blank disks: every step, in order", () => {
  const plan = planOf(blankPair());
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([
    [...allOnAlpha, ...allOnBravo],
    [force, mkfs, ...mount],
  ]);
  expect(plan.afterwards).toEqual(["wait for the initial sync, at most 3600 s"]);
  expect(plan.warnings).toEqual([]);
});

test("the sync source is the one that is named, whatever the order", () => {
  const commands = allCommands(planOf(blankPair(), { desired: { ...r0, syncSource: "bravo" } }));
  expect(commands.filter((one) => /--force|mkfs|mount \//.test(one))).toEqual([
    "bravo: drbdadm primary --force r0",
    "bravo: mkfs.xfs -L data /dev/drbd1",
    "bravo: mount /srv/data",
  ]);
});

test("without a filesystem: forced, and not mounted, formatted or noted as to be formatted", () => {
  const plan = planOf(blankPair(), { desired: { ...r0, filesystem: undefined } });
  expect(commandsOf(plan)).toEqual([
    [
      ...["alpha", "bravo"].flatMap((host) => [
        ...(host === "alpha"
          ? [file(host), createMd(host), up(host), values(host)]
          : [file(host), createMd(host), values(host), up(host)]),
        ...[...beside(host), ...enable(host, "drbd@r0.target"), reload(host)],
      ]),
    ],
    [force],
  ]);
  expect(stepsOf(plan).filter(({ does }) => JSON.stringify(does ?? []).includes("/var/lib/pulumi-drbd"))).toEqual([]);
});

test("with a filesystem that is mounted nowhere: formatted only", () => {
  const filesystem = { ...r0.filesystem!, mountPoint: undefined, label: undefined, mkfsOptions: ["-d", "agcount=2"] };
  const commands = allCommands(planOf(blankPair(), { desired: { ...r0, filesystem } }));
  expect(commands).toContain("alpha: mkfs.xfs -d agcount=2 /dev/drbd1");
  expect(commands.filter((one) => /mount|fstab|drbd-(primary|role)|last-primary/.test(one))).toEqual([]);
});

test.each([
  ["is there already", "nodev\tproc\n\txfs\n", false],
  ["is not there: not the one whose name begins so", "nodev\tproc\n\txfs2\n", true],
])("a filesystem that the kernel can mount %s", (_what, filesystems, isLoaded) => {
  const [alpha, bravo] = blankPair();
  const commands = allCommands(planOf([withFile(alpha, "/proc/filesystems", filesystems), bravo]));
  expect(commands.includes("alpha: modprobe xfs")).toBe(isLoaded);
});

test("not waiting for the sync is said nothing of", () => {
  expect(planOf(blankPair(), { desired: { ...r0, waitForSync: false } }).afterwards).toEqual([]);
});

describe("what is destroyed is checked again just before", () => {
  const guards = new Map(
    stepsOf(planOf(blankPair())).map((step) => [`${step.node}: ${step.argv.slice(0, 2).join(" ")}`, step.guard]),
  );

  test("create-md: the disk blank and of the size that was seen", () => {
    const guard = [["still_blank", "/dev/vdb", String(diskBytes)]];
    expect(guards.get("alpha: drbdadm create-md")).toEqual(guard);
    expect(guards.get("bravo: drbdadm create-md")).toEqual(guard);
  });

  test("primary --force: both new; mkfs: blank", () => {
    expect(guards.get("alpha: drbdadm primary")).toEqual([["both_new", "r0"]]);
    expect(guards.get("alpha: mkfs.xfs -L")).toEqual([["still_blank", "/dev/drbd1", "any"]]);
  });

  test("external metadata: both disks", () => {
    const [first, second] = r0.sides;
    const desired = { ...r0, sides: [{ ...first, metaDisk: "/dev/vdc" }, second] as const };
    const [alpha, bravo] = blankPair();
    const seen: Pair = [withLook(alpha, { metaDisk: { kind: "blank", real: "/dev/vdc", size: 4096000 } }), bravo];
    const step = stepsOf(planOf(seen, { desired })).find((one) => one.argv[1] === "create-md");
    expect(step?.guard).toEqual([
      ["still_blank", "/dev/vdb", String(diskBytes)],
      ["still_blank", "/dev/vdc", "4096000"],
    ]);
  });

  test("a disk that somebody else made metadata on is looked at before the sync overwrites it", () => {
    const bravo = nodeAt("bravo", "metadata");
    const checks = (nodes: Pair, host: string) =>
      stepsOf(planOf(nodes)).find((step) => step.node === host && step.argv[1] === "get-gi")?.does;
    const neverUsed = { kind: "check", call: ["never_used", "r0/0"] };
    const blank = { kind: "check", call: ["blank_before_metadata", "/dev/vdb"] };
    expect(checks([nodeAt("alpha", "blank"), bravo], "bravo")).toEqual([neverUsed, blank]);
    expect(checks([nodeAt("alpha", "metadata"), nodeAt("bravo", "blank")], "alpha")).toEqual([neverUsed]);
    // What was created just before is new, and was found blank.
    expect(checks([nodeAt("alpha", "metadata"), nodeAt("bravo", "blank")], "bravo")).toBeUndefined();
    expect(checks([nodeAt("alpha", "metadata"), bravo], "alpha")).toEqual([neverUsed]);
  });
});

/** What is still to do on each host before the check, and after it, from the states of alpha and bravo. */
const halfMade: [Progression, Progression, string[], string[]][] = [
  ["file", "blank", [...onAlpha(createMd("alpha"), up("alpha")), ...allOnBravo], [force, mkfs, ...mount]],
  ["blank", "file", [...allOnAlpha, ...onBravo([createMd("bravo")], up("bravo"))], [force, mkfs, ...mount]],
  ["metadata", "blank", [...onAlpha(up("alpha")), ...allOnBravo, checkAlpha], [force, mkfs, ...mount]],
  ["blank", "metadata", [...allOnAlpha, ...onBravo([], up("bravo")), checkBravo], [force, mkfs, ...mount]],
  ["metadata", "metadata", [...onAlpha(up("alpha")), ...onBravo([], up("bravo")), ...check], [force, mkfs, ...mount]],
  ["up", "blank", [...onAlpha(), ...allOnBravo, checkAlpha], [force, mkfs, ...mount]],
  ["up", "metadata", [...onAlpha(), ...onBravo([], up("bravo")), ...check], [force, mkfs, ...mount]],
  ["up", "up", [...onAlpha(), ...onBravo([]), ...check], [force, mkfs, ...mount]],
  ["connected", "connected", [...onAlpha(), ...onBravo([]), ...check], [force, mkfs, ...mount]],
  ["promoted", "promoted", bootBoth, [mkfs, ...mount]],
  ["formatted", "formatted", bootBoth, mount],
  ["mounted", "mounted", [], []],
  ["synced", "synced", [], []],
];

test.each(halfMade)("stopped with alpha at %s and bravo at %s", (alpha, bravo, before, after) => {
  const plan = planOf([nodeAt("alpha", alpha, r0, bravo), nodeAt("bravo", bravo, r0, alpha)]);
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([before, after].filter((stage) => stage.length > 0));
});

// Found by the simulation (SEED=324794299 RUNS=10000): enabled first, a side whose guard had found data in front of its new
// metadata was brought up by the next boot, where nothing is checked, and its peer filled it.
test.each(halfMade)("alpha at %s, bravo at %s: enabled at boot only behind what brings it up", (alpha, bravo) => {
  const plan = planOf([nodeAt("alpha", alpha, r0, bravo), nodeAt("bravo", bravo, r0, alpha)]);
  for (const host of ["alpha", "bravo"]) {
    const commands = allCommands(plan).filter((one) => one.startsWith(`${host}: `));
    const enabled = commands.findIndex((one) => one.includes("systemctl enable"));
    expect(commands.findLastIndex((one) => /drbdadm (up|adjust) /.test(one))).toBeLessThanOrEqual(enabled);
  }
});

test("the states of the table are those that a first up goes through", () => {
  expect([...new Set(halfMade.map(([alpha]) => alpha))].sort()).toEqual([...progressions].sort());
});

test("the resource is there, and its disk could not be attached: attached, not made anew", () => {
  const [alpha, bravo] = pairAt("metadata");
  for (const devices of [[], [kernelDevice("Diskless")]]) {
    const half = withLook(withKernel(alpha, { connection: "Connecting", devices }), {
      change: {
        exit: 0,
        output: "drbdmeta 1 v08 /dev/vdb internal apply-al\ndrbdsetup-84 attach 1 /dev/vdb /dev/vdb internal\n",
      },
    });
    expect(commandsOf(planOf([half, bravo]))).toEqual([
      [...onAlpha("alpha: drbdadm adjust r0"), ...onBravo([], up("bravo")), ...check],
      [force, mkfs, ...mount],
    ]);
  }
});

// 8.4.11 on a host whose disk the kernel refused to attach: `drbdadm cstate` says Unconfigured, events2 StandAlone.
test.each([
  ["its disk could not be attached", [kernelDevice("Diskless")], newGi],
  ["it has no device", [], newGi],
  ["it was attached, and could not listen", [kernelDevice("Inconsistent")], newGi],
])("half-way up, %s: taken down and brought up", (_what, devices, kernelGi) => {
  const [alpha, bravo] = pairAt("metadata");
  const half = (node: Pair[0]) => withLook(withKernel(node, { connection: "StandAlone", devices }), { kernelGi });
  const anew = (host: string) => [`${host}: drbdadm down r0`, up(host)];
  const plan = planOf([half(alpha), half(bravo)]);
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([
    [...onAlpha(...anew("alpha")), ...onBravo([], ...anew("bravo")), ...check],
    [force, mkfs, ...mount],
  ]);
  const [down, anewOnBravo] = stepsOf(plan).filter(({ node, argv }) => node === "bravo" && argv[0] === "drbdadm");
  expect(down?.guard).toEqual([["is_half_up", "r0"]]);
  // What the first sync overwrites is looked at as where it was down.
  expect(anewOnBravo?.guard).toEqual([["blank_before_metadata", "/dev/vdb"]]);
});

test("half-way up with data on its disk: goes on, and forces nothing", () => {
  const [alpha, bravo] = [nodeAt("alpha", "synced"), downNode("bravo", usedGi)];
  const half = withKernel(bravo, { connection: "StandAlone", devices: [kernelDevice("Diskless")] });
  const plan = planOf([alpha, half]);
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan)).toEqual(["bravo: drbdadm down r0", up("bravo"), "bravo: drbdadm cstate r0"]);
});

test.each([
  ["with data that it holds", { role: "Secondary", devices: [kernelDevice("UpToDate")] }],
  ["and Primary", { role: "Primary", devices: [kernelDevice("Diskless")] }],
])("StandAlone %s: somebody has decided", (_what, kernel) => {
  const [alpha, bravo] = healthyPair();
  const alone = withLook(withKernel(bravo, { connection: "StandAlone", ...kernel }), {
    kernelGi: usedGi,
    metadata: { kind: "present", version: "v08", gi: usedGi },
  });
  expect(refusalsOf(planOf([alpha, alone]))).toContainEqual(expect.stringContaining("bravo: r0 is StandAlone there"));
});

test("the resource is there, and its disk is still blank: metadata first, then attached, once", () => {
  const [alpha, bravo] = pairAt("file");
  const half = withLook(withKernel(alpha, { connection: "Connecting", devices: [kernelDevice("Diskless")] }), {
    change: { exit: 0, output: "drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal\n" },
  });
  expect(commandsOf(planOf([half, bravo]))[0]).toEqual([
    ...onAlpha(createMd("alpha"), "alpha: drbdadm adjust r0"),
    ...onBravo([createMd("bravo")], up("bravo")),
  ]);
});

test.each([
  ["made Primary by somebody else", undefined],
  ["made Primary by us, and its peer by somebody else since", "AAAABBBBCCCCDDDD\n"],
  ["marked, and the mark is empty", ""],
  ["marked as just created: by whom it was used since is not known", "0000000000000004\n"],
])("%s and blank: formatted by nobody", (_case, mark) => {
  const [alpha, bravo] = pairAt("promoted");
  expect(refusalsOf(planOf([withFile(alpha, "/var/lib/pulumi-drbd/r0.new", mark), bravo]))).toEqual([
    "alpha: /dev/drbd1 has no filesystem, and it is not known that pulumi-drbd made it Primary first: samples of it are zero, but it has been in use",
  ]);
});

test("made Primary by us, and its peer was lost since: it began the next generation itself, and is formatted", () => {
  const [alpha, bravo] = pairAt("promoted");
  const [begun = ""] = usedGi.split(":");
  const alone = withLook(alpha, { kernelGi: `5555555555555555:${begun}:${usedGi.split(":").slice(2).join(":")}` });
  expect(allCommands(planOf([alone, bravo]))).toContain("alpha: mkfs.xfs -L data /dev/drbd1");
});

test("rebooted between primary --force and mkfs: promoted, then looked at, then formatted", () => {
  const [alpha, bravo] = pairAt("promoted");
  const rebooted: Pair = [
    withLook(withKernel(alpha, { role: "Secondary", peerRole: "Secondary" }), { device: undefined }),
    withKernel(bravo, { peerRole: "Secondary" }),
  ];
  const commands = allCommands(planOf(rebooted));
  expect(commands.filter((one) => one.includes("primary r0"))).toEqual(["alpha: drbdadm primary r0"]);
  expect(commands.filter((one) => /--force|mkfs|mount \//.test(one))).toEqual([]);
});

test("a pair that was taken down is brought up, and what it holds is mounted once it was seen", () => {
  const [alpha, bravo] = healthyPair();
  const down = (node: typeof alpha) =>
    withLook(
      { ...withKernel(node, undefined), mounts: [] },
      {
        metadata: { kind: "present", version: "v08", gi: newGi.replace(/4:/, "6:") },
        kernelGi: undefined,
        device: undefined,
      },
    );
  expect(commandsOf(planOf([down(alpha), down(bravo)]))).toEqual([
    ["alpha: drbdadm up r0", "bravo: drbdadm up r0"],
    ["alpha: drbdadm primary r0"],
  ]);
});

test("a preview on hosts without drbd-utils shows the whole plan", () => {
  const bare = (node: Pair[0]) => ({
    ...withLook(node, { metadata: { kind: "unknown" as const } }),
    utils: null,
    module: { version: "8.4.11", loaded: false },
  });
  const [alpha, bravo] = blankPair();
  const plan = planOf([bare(alpha), bare(bravo)], { preview: true });
  expect(commandsOf(plan)).toEqual(commandsOf(planOf(blankPair())));
  expect(refusalsOf(planOf([bare(alpha), bare(bravo)]))).toEqual([
    "alpha: drbd-utils is not installed",
    "bravo: drbd-utils is not installed",
  ]);
});

test("a preview without drbd-utils where the disks have metadata: nothing is made anew, and what they hold is not guessed", () => {
  const unread = (node: Pair[0]) => ({
    ...withLook(node, { disk: drbdSignature, metadata: { kind: "unknown" as const } }),
    utils: null,
  });
  const [alpha, bravo] = blankPair();
  const plan = planOf([unread(alpha), unread(bravo)], { preview: true });
  expect(allCommands(plan).filter((one) => /create-md|--force|mkfs/.test(one))).toEqual([]);
  expect(plan.afterwards).toContain("what the metadata on the disks says is read once drbd-utils is there");
});

test("disks that differ in size: a warning that names the smaller", () => {
  const [alpha, bravo] = blankPair();
  const plan = planOf([withLook(alpha, { disk: { ...blank, size: 2 * diskBytes } as typeof blank }), bravo]);
  expect(plan.warnings).toEqual([
    "the disks differ in size (640 MiB and 320 MiB): the smaller one, bravo:/dev/vdb, counts",
  ]);
  expect(stepsOf(plan).length).toBeGreaterThan(0);
});

test.each([
  [60, []],
  [61, ["the clocks of alpha and bravo differ by 61 s"]],
  [-3600.4, ["the clocks of alpha and bravo differ by 3600 s"]],
])("clocks %d s apart", (seconds, warnings) => {
  const [alpha, bravo] = blankPair();
  expect(planOf([{ ...alpha, clock: bravo.clock + seconds }, bravo]).warnings).toEqual(warnings);
});

test("the smallest disk that takes an XFS, and one that does not", () => {
  const smallest = 300 * 1024 * 1024;
  let bytes = smallest;
  while (usableBytes(bytes) < smallest) bytes += 4096;
  const sized = (size: number): Pair => {
    const [alpha, bravo] = blankPair();
    return [withLook(alpha, { disk: { ...blank, size } as typeof blank }), bravo];
  };
  expect(refusalsOf(planOf(sized(bytes)))).toEqual([]);
  expect(refusalsOf(planOf(sized(bytes - 4096)))).toEqual([
    "alpha: /dev/vdb has 300 MiB, of which DRBD leaves 299 MiB, and XFS needs at least 300 MiB",
  ]);
  const raw = { desired: { ...r0, filesystem: undefined } };
  expect(refusalsOf(planOf(sized(1024 * 1024), raw))).toEqual([]);
  expect(refusalsOf(planOf(sized(32 * 1024), raw))).toEqual(["alpha: /dev/vdb is too small for DRBD's metadata"]);
});
