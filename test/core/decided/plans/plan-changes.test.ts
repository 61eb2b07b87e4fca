/** A pair that runs, and a program or a kernel that says otherwise. */
import { type OneVolume } from "../../one-volume";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { actionsOf, stepsOf } from "../../../../provider/core/steps/plan";
import { activeLink, promotionOf } from "../../../../provider/core/steps/boot-units";
import {
  type Given,
  type Pair,
  allCommands,
  blankNode,
  commandsOf,
  divergedGi,
  downNode,
  healthyPair,
  kernelDevice,
  nodeAt,
  planOf,
  r0,
  refusalsOf,
  secret,
  usedGi,
  withFile,
  withKernel,
  withLook,
  xfs,
} from "../../observed-builder";

/** What drbdadm would run, on both hosts or on one. */
const differing = (nodes: Pair, alpha: string, bravo = alpha): Pair => [
  withLook(nodes[0], { change: { exit: 0, output: `${alpha}\n` } }),
  withLook(nodes[1], { change: { exit: 0, output: `${bravo}\n` } }),
];

const withA: OneVolume = { ...r0, protocol: "A" };
const netOptions = `drbdsetup-84 net-options ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --set-defaults --protocol=A --cram-hmac-alg=sha256 --shared-secret=${secret}`;
const bothFiles = ["alpha: write /etc/drbd.d/r0.res", "bravo: write /etc/drbd.d/r0.res"];

test("a healthy pair: nothing to do, by a close look as well", () => {
  expect(planOf(healthyPair())).toEqual({ subject: "r0", stages: [], refusals: [], warnings: [], afterwards: [] });
});

test("another protocol: both files first, then one host after the other", () => {
  const plan = planOf(differing(healthyPair(), netOptions), { desired: withA });
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([bothFiles, ["alpha: drbdadm adjust r0"], ["bravo: drbdadm adjust r0"]]);
  expect(plan.stages[1]?.[0]?.because).toBe("protocol C → protocol A");
  expect(JSON.stringify(plan.stages.map((stage) => stage.map(({ argv, because }) => [argv, because])))).not.toContain(
    secret,
  );
});

test("stopped after the files, or after the first host: the rest", () => {
  const written = healthyPair(withA);
  expect(commandsOf(planOf(differing(written, netOptions), { desired: withA }))).toEqual([
    ["alpha: drbdadm adjust r0"],
    ["bravo: drbdadm adjust r0"],
  ]);
  expect(commandsOf(planOf(differing(written, "", netOptions), { desired: withA }))).toEqual([
    ["bravo: drbdadm adjust r0"],
  ]);
  const [alpha] = written;
  const oneFile: Pair = [alpha, healthyPair()[1]];
  expect(commandsOf(planOf(differing(oneFile, netOptions), { desired: withA }))).toEqual([
    ["bravo: write /etc/drbd.d/r0.res"],
    ["alpha: drbdadm adjust r0"],
    ["bravo: drbdadm adjust r0"],
  ]);
});

test("drift in the kernel alone is put right, and told as that", () => {
  const plan = planOf(differing(healthyPair(), "drbdsetup-84 disk-options 1 --set-defaults --resync-rate=250"));
  expect(commandsOf(plan)).toEqual([["alpha: drbdadm adjust r0"], ["bravo: drbdadm adjust r0"]]);
  expect(stepsOf(plan)[0]?.because).toBe("the kernel differs from the configuration: disk-options --resync-rate=250");
});

test("drift is seen from what was asked of all resources, too", () => {
  const [alpha, bravo] = healthyPair();
  const drifted = { ...alpha, adjust: { exit: 0, output: "drbdsetup-84 disk-options 1 --resync-rate=250\n" } };
  expect(commandsOf(planOf([drifted, bravo]))).toEqual([["alpha: drbdadm adjust r0"]]);
});

test("a file that was changed by hand, to no effect: written back", () => {
  const [alpha, bravo] = healthyPair();
  const plan = planOf([withFile(alpha, "/etc/drbd.d/r0.res", "# by hand\n"), bravo]);
  expect(commandsOf(plan)).toEqual([["alpha: write /etc/drbd.d/r0.res"]]);
});

test("another secret: told as that, shown nowhere", () => {
  const other = { ...r0, auth: { algorithm: "sha256", secret: "an0ther-secret" } };
  const plan = planOf(differing(healthyPair(), netOptions), { desired: other });
  expect(commandsOf(plan)).toEqual([bothFiles, ["alpha: drbdadm adjust r0"], ["bravo: drbdadm adjust r0"]]);
  expect(plan.stages[0]?.map((step) => step.because)).toEqual([
    "changed (see --diff); parsed by drbdadm there first, identical on both",
    "changed (see --diff); parsed by drbdadm there first, identical on both",
  ]);
  expect(plan.stages[1]?.[0]?.because).toBe("the shared secret changes");
  const shown = JSON.stringify(stepsOf(plan).map(({ argv, because }) => [argv, because]));
  expect(shown).not.toMatch(/an0ther-secret|Ver7-s3cret/);
});

test("another secret, and stopped after the files: the kernel's is named as what differs, and not shown", () => {
  const plan = planOf(differing(healthyPair(), netOptions.replace("--protocol=A", "--protocol=C")));
  expect(stepsOf(plan).map(({ because }) => because)).toEqual([
    "the kernel differs from the configuration: net-options --protocol=C --cram-hmac-alg=sha256 --shared-secret=…",
    "the kernel differs from the configuration: net-options --protocol=C --cram-hmac-alg=sha256 --shared-secret=…",
  ]);
});

test.each([
  ["SyncSource", ["alpha", "bravo"]],
  ["Established", []],
])("another csums-alg while it is %s: nothing is written where DRBD would refuse it", (replication, refused) => {
  const desired = { ...r0, sections: { ...r0.sections, net: { ...r0.sections.net, "csums-alg": "sha256" } } };
  const pair = healthyPair().map((node) => withKernel(node, { replication })) as [ObservedNode, ObservedNode];
  const plan = planOf(differing(pair, netOptions), { desired });
  expect(plan.refusals.map(({ node }) => node)).toEqual(refused);
  expect(commandsOf(plan)).toEqual(
    refused.length > 0 ? [] : [bothFiles, ["alpha: drbdadm adjust r0"], ["bravo: drbdadm adjust r0"]],
  );
});

describe("another port", () => {
  const desired = { ...r0, port: 7790 };
  const lines = "drbdsetup-84 disconnect a b\ndrbdsetup-84 connect r0 a b --protocol=C";
  const adjusted = [bothFiles, ["alpha: drbdadm adjust r0"], ["bravo: drbdadm adjust r0"]];

  test("told that it disconnects; up ends when both sides are connected again", () => {
    const plan = planOf(differing(healthyPair(), lines), { desired });
    expect(commandsOf(plan)).toEqual([...adjusted, ["alpha: drbdadm cstate r0", "bravo: drbdadm cstate r0"]]);
    expect(plan.stages[1]?.[0]?.because).toMatch(
      /10\.1\.1\.31:7789 → .*10\.1\.1\.31:7790.*; disconnects and connects again$/,
    );
    for (const step of plan.stages.at(-1) ?? []) {
      expect(actionsOf(step)).toEqual([{ kind: "check", call: ["wait_connected", "r0", "30"] }]);
    }
  });

  test("is waited for as long as three tries take where `connect-int` is long", () => {
    const patient = { ...desired, sections: { ...desired.sections, net: { "connect-int": "60" } } };
    const plan = planOf(differing(healthyPair(), lines), { desired: patient });
    for (const step of plan.stages.at(-1) ?? []) {
      expect(actionsOf(step)).toEqual([{ kind: "check", call: ["wait_connected", "r0", "180"] }]);
      expect(step.timeoutSeconds).toBeGreaterThan(180);
    }
  });

  test.each([0, 1])("a pair that was not connected before, by what side %s sees, is not waited for", (place) => {
    const away = { connection: "Connecting", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" };
    const [alpha, bravo] = healthyPair();
    const apart: Pair = place === 0 ? [withKernel(alpha, away), bravo] : [alpha, withKernel(bravo, away)];
    expect(commandsOf(planOf(differing(apart, lines), { desired }))).toEqual(adjusted);
  });
});

test("other addresses in the kernel than in the file: the plan names both", () => {
  const lines =
    "drbdsetup-84 disconnect ipv4:10.9.9.31:7789 ipv4:10.9.9.32:7789\ndrbdsetup-84 connect r0 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --protocol=C";
  const plan = planOf(differing(healthyPair(), lines, ""));
  expect(stepsOf(plan)[0]?.because).toContain(
    "; the connection moves from ipv4:10.9.9.31:7789 ipv4:10.9.9.32:7789 to ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789",
  );
});

describe("never ours to run on a device that runs", () => {
  test.each([
    ["no connection at all", "drbdsetup-84 disconnect ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789"],
    [
      "the peer under another node id",
      "drbdsetup del-peer r0 1\ndrbdsetup new-peer r0 0 --_name=alpha\ndrbdsetup connect r0 0",
    ],
    ["without its third peer", "drbdsetup disconnect r0 2\ndrbdsetup del-peer r0 2"],
    ["without its second path", "drbdsetup del-path r0 1 ipv4:10.9.1.31:7789 ipv4:10.9.1.32:7789"],
  ])("%s: refused with the line that stops it, and nothing is called harmless", (_what, lines) => {
    const plan = planOf(differing(healthyPair(), "", lines));
    expect(refusalsOf(plan)).toEqual([
      expect.stringMatching(/^bravo: the wanted configuration would have DRBD run `drbdsetup\S* (del-|disconnect)/),
    ]);
    expect(plan.refusals[0]?.way).toContain("drbdsetup show r0");
    // Where nothing runs there is nothing to part.
    const down = planOf([
      downNode("alpha", usedGi),
      withLook(downNode("bravo", usedGi), { change: { exit: 0, output: lines } }),
    ]);
    expect(refusalsOf(down)).toEqual([]);
  });

  test.each([
    [
      "another disk",
      "drbdsetup-84 detach 1\ndrbdmeta 1 v08 /dev/vdc internal apply-al\ndrbdsetup-84 attach 1 /dev/vdc /dev/vdc internal",
      "drbdsetup-84 detach 1",
    ],
    [
      "another minor",
      "drbdsetup-84 detach 1\ndrbdsetup-84 del-minor 1\ndrbdsetup-84 new-minor r0 2 0",
      "drbdsetup-84 detach 1; drbdsetup-84 del-minor 1",
    ],
    ["another size", "drbdsetup-84 resize 1 --size=100", "drbdsetup-84 resize 1 --size=100"],
    ["down", "drbdsetup-84 down r0", "drbdsetup-84 down r0"],
    ["whatever we do not know", "drbdsetup-84 forget-everything r0", "drbdsetup-84 forget-everything r0"],
  ])("%s", (_what, lines, told) => {
    expect(refusalsOf(planOf(differing(healthyPair(), "", lines)))).toEqual([
      `bravo: the wanted configuration would have DRBD run \`${told}\` on a device that is running`,
    ]);
  });

  test("the same lines do not count where the resource is down: it is brought up from its file", () => {
    const down: Pair = [downNode("alpha", usedGi), downNode("bravo", usedGi)];
    expect(refusalsOf(planOf(differing(down, "drbdsetup-84 resize 1 --size=100")))).toEqual([]);
  });

  test("a dangerous line holds no secret", () => {
    const line = `drbdsetup-84 some-verb --shared-secret=${secret}`;
    expect(JSON.stringify(planOf(differing(healthyPair(), line)).refusals)).not.toContain(secret);
  });
});

const alone = (node: ObservedNode): ObservedNode =>
  withKernel(node, { connection: "StandAlone", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" });

describe("StandAlone", () => {
  const connect = "drbdsetup-84 connect r0 a b --protocol=C";
  const standing = (gi: string): Pair => {
    const [alpha, bravo] = healthyPair();
    return [alone(alpha), withLook(alone(bravo), { kernelGi: gi })];
  };

  test("is never connected again by an adjust", () => {
    expect(refusalsOf(planOf(differing(standing(usedGi), connect)))).toEqual([
      "alpha: r0 is StandAlone there: it was disconnected by hand, or after a split brain",
      "bravo: r0 is StandAlone there: it was disconnected by hand, or after a split brain",
    ]);
  });

  test("on one side only", () => {
    const [alpha, bravo] = standing(usedGi);
    const waiting = withKernel(bravo, { connection: "Connecting" });
    expect(refusalsOf(planOf(differing([alpha, waiting], connect, "")))).toEqual([
      "alpha: r0 is StandAlone there: it was disconnected by hand, or after a split brain",
    ]);
  });

  test("both are Primary, and their data parted: whose changes are given up is the one question that is asked", () => {
    const [alpha, bravo] = standing(divergedGi);
    const { refusals } = planOf([alpha, withKernel(bravo, { role: "Primary" })]);
    expect(refusals.map(({ found }) => found)).toEqual([expect.stringMatching(/^split brain/)]);
    expect(refusals[0]?.way).toContain(
      "on bravo, `drbdadm secondary r0 && drbdadm connect --discard-my-data r0`; then on alpha, `drbdadm connect r0`",
    );
  });

  test("a step that adjusts looks again", () => {
    const adjusts = stepsOf(planOf(differing(healthyPair(), netOptions), { desired: withA })).filter(
      ({ argv }) => argv[1] === "adjust",
    );
    expect(adjusts).toHaveLength(2);
    for (const { guard } of adjusts) expect(guard).toEqual([["not_standalone", "r0"]]);
  });
});

describe("where the filesystem is and where it is wanted", () => {
  const given = (filesystem: Partial<typeof xfs> | undefined): Given => ({
    desired: { ...r0, filesystem: filesystem && { ...xfs, ...filesystem } },
  });
  const [alpha, bravo] = healthyPair();
  const unmounted = { ...alpha, mounts: [] };
  const other = { kind: "signature", real: "/dev/drbd1", size: 1e8, type: "ext4", uuid: "ab" } as const;

  test.each<[string, Pair, Given, string[]]>([
    ["another kind", [withLook(unmounted, { device: other }), bravo], {}, ["alpha: /dev/drbd1 holds ext4, not xfs"]],
    [
      "data and none",
      [withLook(unmounted, { device: { kind: "data", real: "/dev/drbd1", size: 1e8, offset: 512 } }), bravo],
      {},
      ["alpha: /dev/drbd1 holds data (the first at byte 512) but no filesystem"],
    ],
    [
      "unreadable",
      [withLook(unmounted, { device: { kind: "unreadable", real: "/dev/drbd1", size: 1e8, said: "x" } }), bravo],
      {},
      ["alpha: /dev/drbd1 holds data (unreadable) but no filesystem"],
    ],
    [
      "mounted elsewhere",
      [alpha, bravo],
      given({ mountPoint: "/srv/other" }),
      ["alpha: /dev/drbd1 is mounted at /srv/data, and /srv/other is wanted"],
    ],
    [
      "another device there",
      [{ ...alpha, mounts: [{ source: "/dev/sdz", target: "/srv/data", fstype: "ext4" }] }, bravo],
      {},
      ["alpha: /dev/sdz is mounted at /srv/data"],
    ],
    [
      "another device over it",
      [{ ...alpha, mounts: [...alpha.mounts, { source: "/dev/sdz", target: "/srv/data", fstype: "ext4" }] }, bravo],
      {},
      ["alpha: /dev/sdz is mounted at /srv/data"],
    ],
    [
      "another line of fstab, on the other host",
      [alpha, withFile(bravo, "/etc/fstab", "# /dev/a /srv/data x\n/dev/sdz\t/srv/data ext4 defaults 0 0\n")],
      {},
      ["bravo: /etc/fstab mounts /dev/sdz at /srv/data"],
    ],
    ["not wanted at all", [withLook(alpha, { device: other }), bravo], given(undefined), []],
  ])("%s", (_what, nodes, more, expected) => {
    expect(refusalsOf(planOf(nodes, more))).toEqual(expected);
  });

  test("other mount options: the line is written anew, and nothing is mounted again", () => {
    const desired = { ...r0, filesystem: { ...xfs, mountOptions: ["ro"] } };
    expect(commandsOf(planOf([alpha, bravo], { desired }))).toEqual([
      [
        "alpha: write /etc/fstab",
        "alpha: systemctl daemon-reload",
        "bravo: write /etc/fstab",
        "bravo: systemctl daemon-reload",
      ],
    ]);
  });

  test("unmounted by hand: mounted", () => {
    const unmounted = { ...alpha, mounts: blankNode("alpha").mounts };
    expect(commandsOf(planOf([unmounted, bravo]))).toEqual([["alpha: mount /srv/data"]]);
  });

  test("not enabled at boot any more: enabled", () => {
    expect(commandsOf(planOf([alpha, { ...bravo, links: bravo.links.slice(1) }]))).toEqual([
      ["bravo: systemctl enable --no-reload drbd@r0.target"],
    ]);
  });
});

test("both hosts are Primary: nobody's filesystem is touched", () => {
  const [alpha, bravo] = healthyPair();
  const both: Pair = [alpha, withKernel(bravo, { role: "Primary" })];
  expect(refusalsOf(planOf(both))).toEqual(["alpha and bravo are both Primary, and xfs may be in use on one alone"]);
  const promoted: Pair = [alpha, { ...both[1], links: [...bravo.links, activeLink(promotionOf("r0"))] }];
  expect(planOf(promoted).refusals[0]?.way).toContain(
    "On bravo, say: `systemctl stop drbd-primary@r0.service && drbdadm secondary r0`.",
  );
  expect(refusalsOf(planOf(both, { desired: { ...r0, filesystem: undefined } }))).toEqual([]);
});

describe("the other host is Primary", () => {
  const [alpha, bravo] = healthyPair();
  const xfsThere = { kind: "signature", real: "/dev/drbd1", size: 1e8, type: "xfs", uuid: "ab" } as const;
  const primary = withLook(withKernel(bravo, { role: "Primary", peerRole: "Secondary" }), { device: xfsThere });
  const secondary = withLook(withKernel({ ...alpha, mounts: [] }, { role: "Secondary", peerRole: "Primary" }), {
    device: undefined,
  });

  const promotion = activeLink(promotionOf("r0"));
  const without = (node: ObservedNode) => ({ ...node, links: node.links.filter((link) => link !== promotion) });
  const mounted = { ...primary, mounts: [{ source: "/dev/drbd1", target: "/srv/data", fstype: "xfs" }] };
  const promoted = { ...mounted, links: [...mounted.links, promotion] };

  test("and has it mounted: nothing is moved", () => {
    expect(allCommands(planOf([without(secondary), promoted]))).toEqual([]);
  });

  test("and has it not mounted: nothing is moved either", () => {
    expect(allCommands(planOf([without(secondary), primary]))).toEqual([]);
  });

  test("moved there by `drbdadm primary` and `mount`, without systemd: the unit that a boot would start follows", () => {
    const plan = planOf([secondary, mounted]);
    expect(commandsOf(plan)).toEqual([
      ["alpha: systemctl stop drbd-primary@r0.service", "bravo: systemctl start drbd-primary@r0.service"],
    ]);
    expect(stepsOf(plan).map(({ guard }) => guard)).toEqual([[["is_secondary", "r0"]], [["is_primary", "r0"]]]);
  });

  test("and blank: formatted by nobody", () => {
    const blank = withLook(primary, { device: { kind: "blank", real: "/dev/drbd1", size: 1e8 } });
    const marked = withFile(blank, "/var/lib/pulumi-drbd/r0.new", `${usedGi.split(":")[0]!}\n`);
    for (const node of [blank, marked]) {
      expect(allCommands(planOf([secondary, node])).filter((one) => /mkfs|mount/.test(one))).toEqual([]);
    }
  });
});

test("an unused device that is Primary nowhere, without a filesystem, is left so", () => {
  const desired = { ...r0, filesystem: undefined };
  const [alpha, bravo] = healthyPair(desired);
  const idle: Pair = [withKernel(alpha, { role: "Secondary" }), bravo];
  expect(planOf(idle, { desired }).stages).toEqual([]);
});

test("one side is down: brought up, given time to meet its peer, and the other is left alone", () => {
  const [alpha] = healthyPair();
  const lonely = withKernel(alpha, { connection: "Connecting", peerRole: "Unknown", peerDisk: "DUnknown" });
  const plan = planOf([lonely, downNode("bravo", usedGi)]);
  expect(commandsOf(plan)).toEqual([["bravo: drbdadm up r0"], ["bravo: drbdadm cstate r0"]]);
  expect(stepsOf(plan).at(-1)?.does).toEqual([{ kind: "meet", resource: "r0", seconds: 15 }]);
});

test("one side lost its disk, and it is there again: attached by adjust, once", () => {
  const [alpha, bravo] = healthyPair();
  const diskless = withLook(withKernel(bravo, { devices: [kernelDevice("Diskless")] }), {
    kernelGi: usedGi,
    metadata: { kind: "present", version: "v08", gi: usedGi },
    change: {
      exit: 0,
      output: "drbdmeta 1 v08 /dev/vdb internal apply-al\ndrbdsetup-84 attach 1 /dev/vdb /dev/vdb internal\n",
    },
  });
  expect(commandsOf(planOf([alpha, diskless]))).toEqual([["bravo: drbdadm adjust r0"]]);
});

test("a running resync is left to run", () => {
  expect(planOf([nodeAt("alpha", "mounted"), nodeAt("bravo", "mounted")]).stages).toEqual([]);
});

test.each<[string, string]>([
  ["PausedSyncS", "PausedSyncT"],
  ["Established", "PausedSyncT"],
])("a sync that is paused (%s, %s) is told, and how it goes on", (source, target) => {
  const pair: Pair = [
    withKernel(nodeAt("alpha", "mounted"), { replication: source }),
    withKernel(nodeAt("bravo", "mounted"), { replication: target }),
  ];
  const plan = planOf(pair);
  expect([plan.stages, plan.refusals]).toEqual([[], []]);
  expect(plan.warnings).toEqual([expect.stringMatching(/^the sync of r0 is paused: .*`drbdadm resume-sync r0`/)]);
});
