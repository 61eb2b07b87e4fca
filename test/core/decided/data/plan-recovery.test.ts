/** Disks that were replaced, swapped or diverged: the survivor's data comes first, and where it is unclear nobody acts. */
import { lastPrimaryNote } from "../../../../provider/core/steps/own-folder";
import { pairOf } from "../../one-volume";
import { noMemory } from "../../../../provider/core/seen/memory";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { hasWork, stepsOf } from "../../../../provider/core/steps/plan";
import { fstabLine } from "../../../../provider/core/steps/fstab-steps";
import {
  type Given,
  type Pair,
  allCommands,
  blank,
  blankNode,
  blankPair,
  commandsOf,
  divergedGi,
  downNode,
  filesystemUuid,
  healthyPair,
  kernelDevice,
  newGi,
  nodeAt,
  olderGi,
  pairAt,
  planOf,
  r0,
  refusalsOf,
  remembered,
  unrelatedGi,
  usedGi,
  withFile,
  withKernel,
  withLook,
  withMount,
} from "../../observed-builder";

const memory = remembered;

/** Nothing that could make one side's data the other's by our own doing. */
const forbidden = (commands: readonly string[]) =>
  commands.filter((one) => /--force|mkfs|wipe|invalidate|discard|new-current-uuid/.test(one));

describe("a replaced disk", () => {
  const [alpha, bravo] = healthyPair();
  const lonely = (node: ObservedNode) =>
    withKernel(node, { connection: "Connecting", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" });

  test("on the target: metadata there only, and the survivor fills it", () => {
    const replaced: Pair = [lonely(alpha), withBootUnits(blankNode("bravo"))];
    expect(commandsOf(planOf(replaced, { memory }))).toEqual([
      [
        "bravo: write /etc/drbd.d/r0.res",
        "bravo: drbdadm create-md r0",
        "bravo: write /etc/pulumi-drbd/r0.conf",
        "bravo: write /etc/systemd/system/drbd-primary@.service",
        "bravo: write /etc/systemd/system/drbd-primary@.target",
        "bravo: write /etc/systemd/system/drbd-primary-services@.target",
        "bravo: write /etc/systemd/system/drbd-role@.service",
        "bravo: write /etc/systemd/system/drbd-primary-services@r0.target.d/pulumi-drbd.conf",
        "bravo: write /var/lib/pulumi-drbd/r0.last-primary",
        "bravo: write /etc/fstab",
        "bravo: drbdadm up r0",
        "bravo: write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf",
        "bravo: write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf",
        "bravo: systemctl enable --no-reload drbd@r0.target",
        "bravo: systemctl start drbd-role@r0.service",
        "bravo: systemctl daemon-reload",
      ],
      ["bravo: drbdadm cstate r0"],
    ]);
    expect(forbidden(allCommands(planOf(replaced, { memory })))).toEqual([]);
  });

  test("on the sync source, with the filesystem remembered: metadata there only, and the survivor fills it", () => {
    const survivor = downNode("bravo", usedGi);
    const commands = allCommands(planOf([blankNode("alpha"), survivor], { memory }));
    expect(commands).toEqual(
      expect.arrayContaining(["alpha: drbdadm create-md r0", "alpha: drbdadm up r0", "bravo: drbdadm up r0"]),
    );
    expect(commands.filter((one) => one.startsWith("bravo") && /create-md/.test(one))).toEqual([]);
    expect(forbidden(commands)).toEqual([]);
  });

  test("on the sync source, while the survivor is Primary: nothing moves away from it", () => {
    const primary = withKernel(lonely(bravo), { role: "Primary" });
    const mounted = { ...primary, mounts: [{ source: "/dev/drbd1", target: "/srv/data", fstype: "xfs" }] };
    const commands = allCommands(planOf([blankNode("alpha"), mounted], { memory }));
    expect(commands).toContain("alpha: drbdadm create-md r0");
    expect(commands.filter((one) => /drbdadm primary|mount \/|umount|secondary/.test(one))).toEqual([]);
  });

  test("on the sync source, with nothing remembered: who may be overwritten is not for us to say", () => {
    for (const empty of [blankNode("alpha"), nodeAt("alpha", "metadata"), nodeAt("alpha", "up")]) {
      expect(refusalsOf(planOf([empty, downNode("bravo", usedGi)]))).toEqual([
        expect.stringMatching(
          /^bravo: its disk \/dev\/vdb holds data of a DRBD resource, while the sync source alpha holds none \(alpha:\/dev\/vdb holds /,
        ),
      ]);
    }
  });

  test("in a device that runs on without it: metadata, then attached, once", () => {
    const diskless = withLook(withKernel(bravo, { devices: [kernelDevice("Diskless")] }), {
      disk: blank,
      metadata: { kind: "absent" },
      change: { exit: 0, output: "drbdsetup-84 attach 1 /dev/vdb /dev/vdb internal\n" },
    });
    expect(commandsOf(planOf([alpha, diskless], { memory }))).toEqual([
      ["bravo: drbdadm create-md r0", "bravo: drbdadm adjust r0"],
    ]);
  });

  test("made ready by an earlier run that was stopped: brought up, nothing made anew", () => {
    const commands = allCommands(planOf([lonely(alpha), nodeAt("bravo", "metadata")], { memory }));
    expect(commands.filter((one) => one.includes("drbdadm"))).toEqual([
      "bravo: drbdadm up r0",
      "bravo: drbdadm cstate r0",
    ]);
    expect(commands.filter((one) => one.includes("create-md"))).toEqual([]);
    expect(forbidden(commands)).toEqual([]);
  });

  function withBootUnits(node: ObservedNode): ObservedNode {
    return { ...node, links: [] };
  }
});

describe("metadata that was just made waits for its peer, attached", () => {
  const waiting = nodeAt("bravo", "up");
  const check = [
    { kind: "check", call: ["never_used", "r0/0"] },
    { kind: "check", call: ["blank_before_metadata", "/dev/vdb"] },
  ];

  test("before its peer is brought to it, it must hold nothing else: the sync overwrites it", () => {
    const { stages } = planOf([downNode("alpha", usedGi), waiting]);
    expect(stages[0]!.map(({ node, does }) => [node, does])).toEqual([["bravo", check]]);
    expect(stages[1]!.map(({ node, argv }) => `${node}: ${argv.join(" ")}`)).toContain("alpha: drbdadm up r0");
  });

  test("where they have met it is too late to look, and nothing is to be done", () => {
    const [alpha, bravo] = healthyPair();
    expect(allCommands(planOf([alpha, bravo], { memory }))).toEqual([]);
  });
});

describe("Primary where it is not wanted, and mounted nowhere", () => {
  const desired = { ...r0, syncSource: "bravo" };
  const [alpha, bravo] = healthyPair();
  const onBravo = (node: ObservedNode) => withFile(node, lastPrimaryNote("r0"), "bravo\n");
  const unmounted: Pair = [onBravo({ ...alpha, mounts: blankNode("alpha").mounts }), onBravo(bravo)];
  const refusal =
    "alpha: r0 is Primary there and /srv/data is mounted nowhere. It belongs on bravo: it is the sync source";

  test("it was Primary there last: it is mounted there", () => {
    const nodes: Pair = [{ ...alpha, mounts: blankNode("alpha").mounts }, bravo];
    expect(allCommands(planOf(nodes, { desired, memory }))).toEqual(["alpha: mount /srv/data"]);
  });

  test("what is to be done is done first", () => {
    const unnoted: Pair = [unmounted[0], withFile(unmounted[1], lastPrimaryNote("r0"), undefined)];
    expect(allCommands(planOf(unnoted, { desired, memory }))).toEqual([`bravo: write ${lastPrimaryNote("r0")}`]);
  });

  test("then it is told, rather than passed over", () => {
    const line = (node: ObservedNode) =>
      withFile(node, "/etc/fstab", `${fstabLine(pairOf(desired), node.hostname, desired.filesystem!, "/srv/data")}\n`);
    const written: Pair = [line(unmounted[0]), line(bravo)];
    expect(refusalsOf(planOf(written, { desired, memory }))).toEqual([refusal]);
  });

  test("where it is mounted it may stay", () => {
    const line = (node: ObservedNode) =>
      withFile(node, "/etc/fstab", `${fstabLine(pairOf(desired), node.hostname, desired.filesystem!, "/srv/data")}\n`);
    expect(allCommands(planOf([line(alpha), line(bravo)], { desired, memory }))).toEqual([]);
  });
});

describe("data that was there is gone", () => {
  const told = [`the filesystem ${filesystemUuid} was on r0, and neither disk holds a generation of its data any more`];

  test("both disks are blank or new, and a filesystem is remembered", () => {
    const states = ["blank", "file", "metadata", "up", "connected"] as const;
    for (const first of states) {
      for (const second of states) {
        expect(refusalsOf(planOf([nodeAt("alpha", first), nodeAt("bravo", second)], { memory }))).toEqual(told);
      }
    }
    expect(refusalsOf(planOf(blankPair(), { memory: noMemory }))).toEqual([]);
  });

  test("the device is blank, and a filesystem is remembered: not formatted, whoever forced it", () => {
    const [alpha, bravo] = pairAt("promoted");
    for (const node of [alpha, { ...alpha, links: [] }]) {
      expect(refusalsOf(planOf([node, bravo], { memory }))).toEqual([
        `alpha: /dev/drbd1 looks blank, but the filesystem ${filesystemUuid} was made on it`,
      ]);
    }
  });

  test("a memory stops nothing where all is well", () => {
    expect(planOf(healthyPair(), { memory }).refusals).toEqual([]);
    expect(planOf(healthyPair(), { memory }).stages).toEqual([]);
  });
});

describe("diverged data", () => {
  test.each([
    [
      "split brain",
      divergedGi,
      "split brain: alpha and bravo both hold changes that the other has not seen (generation identifiers: alpha F2099469C0D6C688:0000000000000000:2F6CB04648729E94:2F6BB04648729E94, bravo 718431164AB65DE2:0000000000000000:2F6CB04648729E94:2F6BB04648729E94)",
    ],
  ])("%s: refused, with both names and what to type", (_what, theirs, told) => {
    const plan = planOf([downNode("alpha", usedGi), downNode("bravo", theirs)]);
    expect(refusalsOf(plan)).toEqual([told]);
    const way = plan.refusals[0]!.way;
    const commands = "drbdadm up r0 && drbdadm disconnect r0 && drbdadm connect --discard-my-data r0";
    expect(way).toContain(`To give up bravo's: on bravo, \`${commands}\`; then on alpha, \`drbdadm up r0\`.`);
    expect(way).toContain(`To give up alpha's: on alpha, \`${commands}\`; then on bravo, \`drbdadm up r0\`.`);
  });

  describe("what to type fits the state that each side is in, so that it runs chained", () => {
    const device = { devices: [kernelDevice("UpToDate")] };
    const used = { metadata: { kind: "present", version: "v08", gi: divergedGi }, kernelGi: divergedGi } as const;
    const at = (host: "alpha" | "bravo", connection: string, role = "Secondary") =>
      withLook(
        withKernel({ ...downNode(host, divergedGi), mounts: [] }, { ...device, connection, role }),
        host === "alpha" ? { kernelGi: usedGi } : used,
      );
    const diskless = (host: "alpha" | "bravo", connection: string) =>
      withKernel(downNode(host, host === "alpha" ? usedGi : divergedGi), {
        devices: [kernelDevice("Diskless")],
        connection,
      });
    const mounted = (node: ObservedNode) => withMount(node, "/dev/drbd1", "/srv/my data");
    const discard = "drbdadm connect --discard-my-data r0";
    const alone = at("alpha", "StandAlone");

    test.each([
      [
        "StandAlone",
        at("bravo", "StandAlone"),
        alone,
        `on bravo, \`${discard}\`; then on alpha, \`drbdadm connect r0\`.`,
      ],
      [
        "StandAlone, Primary and mounted",
        mounted(at("bravo", "StandAlone", "Primary")),
        alone,
        `on bravo, \`umount '/srv/my data' && drbdadm secondary r0 && ${discard}\`; then on alpha, \`drbdadm connect r0\`.`,
      ],
      [
        "waiting for its peer",
        at("bravo", "Connecting"),
        alone,
        `on bravo, \`drbdadm disconnect r0 && ${discard}\`; then on alpha, \`drbdadm connect r0\`.`,
      ],
      [
        "StandAlone, and its peer waits",
        at("bravo", "StandAlone"),
        at("alpha", "Connecting"),
        `on bravo, \`${discard}\`.`,
      ],
      [
        "down, and its peer waits",
        downNode("bravo", divergedGi),
        at("alpha", "Connecting"),
        `on alpha, \`drbdadm disconnect r0\`; then on bravo, \`drbdadm up r0 && drbdadm disconnect r0 && ${discard}\`; then on alpha, \`drbdadm connect r0\`.`,
      ],
      [
        "without its disk, as its attach failed",
        diskless("bravo", "StandAlone"),
        at("alpha", "Connecting"),
        `on alpha, \`drbdadm disconnect r0\`; then on bravo, \`drbdadm down r0 && drbdadm up r0 && drbdadm disconnect r0 && ${discard}\`; then on alpha, \`drbdadm connect r0\`.`,
      ],
      [
        "StandAlone, and its peer is without its disk",
        at("bravo", "StandAlone"),
        diskless("alpha", "StandAlone"),
        `on bravo, \`${discard}\`; then on alpha, \`drbdadm down r0 && drbdadm up r0\`.`,
      ],
    ])("the side to be given up is %s", (_what, lost, kept, told) => {
      expect(planOf([kept, lost]).refusals[0]!.way).toContain(`To give up bravo's: ${told}`);
    });
  });

  test("data that has nothing in common: DRBD's own commands do not help, so that none is named", () => {
    const pair: Pair = [downNode("alpha", usedGi), downNode("bravo", unrelatedGi)];
    const plan = planOf(pair);
    expect(refusalsOf(plan)).toEqual([
      "alpha and bravo hold data that has nothing in common (generation identifiers: alpha F2099469C0D6C688:0000000000000000:2F6CB04648729E94:2F6BB04648729E94, bravo 5555555555555554:0000000000000000:3333333333333332:0000000000000000)",
    ]);
    const { way } = plan.refusals[0]!;
    expect(way).not.toContain("connect --discard-my-data");
    expect(way).toMatch(/To give up what bravo holds: `discard: \{ bravo: "drbd:[0-9a-f]+" \}`\./);
    expect(way).toContain("To give up what alpha holds: first set `syncSource: bravo`.");
  });

  test("the other way round, when bravo is the sync source", () => {
    const desired = { ...r0, syncSource: "bravo" };
    const plan = planOf([downNode("alpha", usedGi), downNode("bravo", divergedGi)], { desired });
    expect(plan.refusals[0]!.way).toContain("To give up alpha's: on alpha, ");
    expect(plan.refusals[0]!.way).toContain("then on bravo, ");
  });

  test("running apart, StandAlone: the split brain is told, and not that they are to be connected", () => {
    const [alpha, bravo] = healthyPair();
    const apart = (node: ObservedNode, gi: string) =>
      withLook(withKernel(node, { connection: "StandAlone" }), {
        kernelGi: gi,
        change: { exit: 0, output: "drbdsetup-84 connect r0 a b --protocol=C\n" },
      });
    const plan = planOf([apart(alpha, usedGi), apart(bravo, divergedGi)]);
    expect(plan.refusals[0]!.way).toContain(
      "To give up alpha's: on alpha, `umount /srv/data && systemctl stop drbd-primary@r0.service && drbdadm secondary r0 && ",
    );
    expect(plan.refusals[0]!.way).toContain("then on alpha, `drbdadm connect r0`.");
    expect(refusalsOf(plan)).toEqual([
      "split brain: alpha and bravo both hold changes that the other has not seen (generation identifiers: alpha F2099469C0D6C688:0000000000000000:2F6CB04648729E94:2F6BB04648729E94, bravo 718431164AB65DE2:0000000000000000:2F6CB04648729E94:2F6BB04648729E94)",
    ]);
  });

  test("the sync source is newer: brought up, promoted, and DRBD's own resync does the rest", () => {
    const plan = planOf([downNode("alpha", usedGi), downNode("bravo", olderGi)]);
    expect(commandsOf(plan)).toEqual([["alpha: drbdadm up r0", "bravo: drbdadm up r0"], ["alpha: drbdadm primary r0"]]);
    const [promote] = plan.stages[1]!;
    expect(promote?.guard).toEqual([["wait_up_to_date", "r0", "30"]]);
  });

  test("the other side is newer: it fills the sync source first, which is not promoted before that", () => {
    const plan = planOf([downNode("alpha", olderGi), downNode("bravo", usedGi)]);
    expect(commandsOf(plan)).toEqual([["alpha: drbdadm up r0", "bravo: drbdadm up r0"], ["alpha: drbdadm cstate r0"]]);
    expect(plan.stages[1]![0]!.because).toBe("bravo has newer data: DRBD fills alpha first");
    expect(plan.afterwards).toContain("alpha is made Primary once its disk is UpToDate");
    const filling = planOf([
      withLook(
        withKernel(nodeAt("alpha", "promoted"), {
          role: "Secondary",
          replication: "SyncTarget",
          devices: [kernelDevice("Inconsistent")],
        }),
        { device: undefined, kernelGi: olderGi },
      ),
      withKernel(nodeAt("bravo", "promoted"), {
        role: "Secondary",
        peerRole: "Secondary",
        devices: [kernelDevice("UpToDate")],
      }),
    ]);
    expect(allCommands(filling).filter((one) => /drbdadm primary|mount \/|mkfs/.test(one))).toEqual([]);
    expect(filling.refusals).toEqual([]);
    expect(filling.warnings).toContain(
      "alpha gets its data from bravo and is not made Primary before its disk is UpToDate",
    );
  });

  describe("while the sync source is being filled, and nothing else is left to do", () => {
    const [healthy, bravo] = healthyPair();
    const target = { role: "Secondary", replication: "SyncTarget", devices: [kernelDevice("Inconsistent")] };
    const alpha = withLook(withKernel({ ...healthy, mounts: [] }, target), { device: undefined, kernelGi: olderGi });
    const source = withKernel(bravo, { peerRole: "Secondary", replication: "SyncSource", peerDisk: "Inconsistent" });
    const running = withMount(withKernel(source, { role: "Primary" }), "/dev/drbd1", "/srv/data");
    const filled = "alpha gets its data from bravo and is not made Primary before its disk is UpToDate";

    test("up has to wait, which is no step and yet not nothing", () => {
      const plan = planOf([alpha, source]);
      expect([plan.stages, plan.refusals, plan.waits, hasWork(plan)]).toEqual([[], [], true, true]);
      expect(plan.warnings).toEqual([filled]);
      expect(plan.afterwards).toContain("alpha is made Primary once its disk is UpToDate");
    });

    test("with `waitForSync: false`, nothing is waited for, and what is left to do is told", () => {
      const plan = planOf([alpha, source], { desired: { ...r0, waitForSync: false } });
      expect([plan.stages, plan.refusals, hasWork(plan)]).toEqual([[], [], false]);
      expect(plan.warnings).toEqual([
        `${filled}: not waited for (\`waitForSync: false\`), so run \`pulumi up\` again then`,
      ]);
    });

    test.each<[string, Pair, Given]>([
      ["the other side runs it meanwhile", [withKernel(alpha, { peerRole: "Primary" }), running], {}],
      ["nobody wants it mounted", [alpha, source], { desired: { ...r0, filesystem: undefined } }],
      ["it is the other side that is filled", [healthy, withKernel(bravo, target)], {}],
    ])("there is nothing to wait for where %s", (_what, nodes, given) => {
      expect(planOf(nodes, given).waits).toBeUndefined();
    });
  });

  test("connected, DRBD has judged already", () => {
    const [alpha, bravo] = healthyPair();
    expect(refusalsOf(planOf([alpha, withLook(bravo, { kernelGi: unrelatedGi })]))).toEqual([]);
  });
});

test("one side new and the other used, in whatever state: never both made the same by force", () => {
  const states: ObservedNode[] = [
    blankNode("bravo"),
    nodeAt("bravo", "metadata"),
    nodeAt("bravo", "up"),
    withLook(nodeAt("bravo", "connected"), { kernelGi: newGi }),
  ];
  for (const bravo of states) {
    for (const alpha of [downNode("alpha", usedGi), healthyPair()[0]]) {
      const plan = planOf([alpha, bravo]);
      expect(refusalsOf(plan)).toEqual([]);
      expect(forbidden(allCommands(plan))).toEqual([]);
      expect(stepsOf(plan).length).toBeGreaterThan(0);
    }
  }
});
