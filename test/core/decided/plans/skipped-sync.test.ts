/** `initialSync: "skip"`: what is read before it, in which order, and for which pairs it means nothing. */
import { formatPlan } from "../../../../provider/core/told/plan-text";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { formattingMark, lastPrimaryNote } from "../../../../provider/core/steps/own-folder";
import type { Contents, ObservedNode } from "../../../../provider/core/seen/observed";
import type { OneSide } from "../../one-volume";
import {
  allCommands,
  blankNode,
  blankPair,
  commandsOf,
  diskBytes,
  downNode,
  healthyPair,
  kernelDevice,
  MiB,
  newGi,
  type Pair,
  pairAt,
  planOf,
  type Progression,
  r0,
  refusalsOf,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
} from "../../observed-builder";

const skipping = { ...r0, initialSync: "skip" as const };
const planned = (nodes: Pair) => planOf(nodes, { desired: skipping });
const ofSync = /cmp|get-gi|new-current-uuid|dstate|primary (--force )?r0|mkfs|mount \//;
const order = (nodes: Pair) =>
  commandsOf(planned(nodes))
    .map((stage) => stage.filter((one) => ofSync.test(one)))
    .filter((stage) => stage.length > 0);

const skipped = [
  ["alpha: cmp /dev/vdb /dev/zero", "bravo: cmp /dev/vdb /dev/zero"],
  ["bravo: drbdadm get-gi r0"],
  ["alpha: drbdadm new-current-uuid --clear-bitmap r0/0"],
  ["bravo: drbdadm dstate r0"],
  ["alpha: drbdadm primary r0", "alpha: mkfs.xfs -L data /dev/drbd1", "alpha: mount /srv/data"],
];

test("two blank disks: both are read, and only then is the bitmap cleared", () => {
  const plan = planned(blankPair());
  expect(refusalsOf(plan)).toEqual([]);
  expect(order(blankPair())).toEqual(skipped);
  expect(allCommands(plan).filter((one) => one.includes("--force"))).toEqual([]);
  const text = formatPlan(plan);
  expect(text).toContain("; nothing that holds data is touched");
  expect(text).toContain("then: `initialSync: skip`: alpha and bravo each read their whole disk (320 MiB)");
  expect(plan.afterwards.join()).not.toContain("wait for the initial sync");
});

test("each of it is guarded: connected, both just created, nothing in front of the metadata", () => {
  const steps = stepsOf(planned(blankPair()));
  const guards = (words: string) =>
    steps.filter(({ argv }) => argv.join(" ").includes(words)).map(({ guard, does }) => [guard, does]);
  const reads = { kind: "read-zeros", disk: "/dev/vdb", minor: 1, resource: "r0" };
  const read = [[["both_new", "r0"]], [reads, { kind: "check", call: ["both_new", "r0"] }]];
  expect(guards("cmp ")).toEqual([read, read]);
  expect(guards("new-current-uuid")).toEqual([
    [
      [
        ["both_new", "r0"],
        ["blank_before_metadata", "/dev/vdb"],
        ["still_as_read", "/dev/vdb", "1"],
      ],
      [{ kind: "skip-sync", volume: "r0/0", mark: "/var/lib/pulumi-drbd/r0.new" }],
    ],
  ]);
  const onTarget = steps.filter(({ argv }) => argv.includes("get-gi")).flatMap(({ does }) => does ?? []);
  expect(onTarget).toContainEqual({ kind: "check", call: ["still_as_read", "/dev/vdb", "1"] });
  expect(guards("dstate")).toEqual([[undefined, [{ kind: "check", call: ["wait_both_whole", "r0", "30"] }]]]);
  // At 10 MiB a second.
  expect(steps.find(({ argv }) => argv[0] === "cmp")?.timeoutSeconds).toBe(120 + 32);
});

test.each<Progression>(["metadata", "up", "connected"])(
  "stopped before the bitmap was cleared (%s): both are read anew",
  (progression) => {
    const commands = order(pairAt(progression));
    expect(commands[0]).toEqual(["alpha: drbdadm get-gi r0", "bravo: drbdadm get-gi r0"]);
    expect(commands.slice(1)).toEqual(skipped);
  },
);

const without = (node: ObservedNode): ObservedNode => withFile(node, lastPrimaryNote("r0"), undefined);
/** The bitmap is cleared, and nobody is Primary. */
const cleared = (mark = usedGi.split(":")[0]!): Pair => {
  const [alpha, bravo] = healthyPair().map((node) => {
    const looked = withLook(node, { kernelGi: usedGi });
    return without(withKernel(looked, { role: "Secondary", peerRole: "Secondary" }));
  }) as [ObservedNode, ObservedNode];
  const nothing = (node: ObservedNode): ObservedNode => ({
    ...withKernel(withLook(node, { device: undefined }), {
      devices: [kernelDevice("UpToDate", { role: "Secondary" })],
    }),
    mounts: blankNode(node.hostname).mounts,
  });
  return [withFile(nothing(alpha), formattingMark({ name: "r0", volume: 0 }), `${mark}\n`), nothing(bravo)];
};

test.each<[string, object]>([
  ["", {}],
  [", where it is to be on the other host in the end", { switchTo: "bravo" }],
])("stopped once it was cleared: the source is made Primary%s, for mkfs", (_what, given) => {
  const desired = { ...skipping, ...("switchTo" in given ? { primary: "bravo" } : {}) };
  const plan = planOf(cleared(), { desired, ...given });
  expect(refusalsOf(plan)).toEqual([]);
  expect(allCommands(plan).filter((one) => ofSync.test(one))).toEqual(["alpha: drbdadm primary r0"]);
  // Another generation than the one that was begun then: it goes where it is to be.
  const other = planOf(cleared("718431164AB65DE2"), { desired, ...given });
  const host = "switchTo" in given ? "bravo" : "alpha";
  expect(allCommands(other).filter((one) => ofSync.test(one))).toEqual([`${host}: drbdadm primary r0`]);
});

describe("it goes where it is to be, and not to its source, for mkfs", () => {
  const desired = { ...skipping, primary: "bravo" };
  const promoted = (nodes: Pair, given: object = {}) =>
    allCommands(planOf(nodes, { desired, switchTo: "bravo", ...given })).filter((one) => /primary/.test(one));
  const noted = (nodes: Pair, ...names: string[]): Pair =>
    nodes.map((node, index) => withFile(node, lastPrimaryNote("r0"), `${names[index] ?? ""}\n`)) as [
      ObservedNode,
      ObservedNode,
    ];

  test("not here: nobody but the source was Primary", () => {
    expect(promoted(noted(cleared(), "alpha", "alpha"))).toEqual(["alpha: drbdadm primary r0"]);
  });

  test.each([
    ["both hosts note the other one", "bravo", "bravo"],
    ["one note names the other host, whatever the source's own says", "alpha", "bravo"],
  ])("where %s", (_what, ...names) => {
    expect(promoted(noted(cleared(), ...names))).toEqual(["bravo: drbdadm primary r0"]);
  });

  test("where the first sync is not skipped", () => {
    expect(promoted(cleared(), { desired: { ...desired, initialSync: undefined } })).toEqual([
      "bravo: drbdadm primary r0",
    ]);
  });
});

test("Primary without force, and not formatted yet: formatted, by the mark of its generation alone", () => {
  const nodes = cleared();
  const primary = (node: ObservedNode): ObservedNode =>
    withLook(withKernel(node, { role: "Primary", devices: [kernelDevice("UpToDate", { role: "Primary" })] }), {
      device: { kind: "blank", real: "/dev/drbd1", size: 327632 * 1024 },
    });
  const peer = withKernel(nodes[1], { peerRole: "Primary" });
  expect(allCommands(planned([primary(nodes[0]), peer])).filter((one) => ofSync.test(one))).toEqual([
    "alpha: mkfs.xfs -L data /dev/drbd1",
    "alpha: mount /srv/data",
  ]);
  const unmarked = withFile(primary(nodes[0]), formattingMark({ name: "r0", volume: 0 }), undefined);
  expect(refusalsOf(planned([unmarked, peer])).join()).toContain("has no filesystem, and it is not known");
});

test("the sync source is the one that is named", () => {
  const plan = planOf(blankPair(), { desired: { ...skipping, syncSource: "bravo" } });
  expect(allCommands(plan)).toEqual(
    expect.arrayContaining(["bravo: drbdadm new-current-uuid --clear-bitmap r0/0", "bravo: drbdadm primary r0"]),
  );
});

test("without a filesystem nothing is marked as to be formatted", () => {
  const plan = planOf(blankPair(), { desired: { ...skipping, filesystem: undefined } });
  const clears = stepsOf(plan).find(({ argv }) => argv.includes("--clear-bitmap"));
  expect(clears?.does).toEqual([{ kind: "skip-sync", volume: "r0/0" }]);
});

test("with its metadata on a disk of its own, all of the other disk is looked at", () => {
  const sides = r0.sides.map((side) => ({ ...side, metaDisk: "/dev/vdc" })) as [OneSide, OneSide];
  const metaDisk = { kind: "blank", real: "/dev/vdc", size: 16 * MiB } as const;
  const nodes = blankPair().map((node) => withBlock(withLook(node, { metaDisk }), "/dev/vdc", {})) as unknown as Pair;
  const plan = planOf(nodes, { desired: { ...skipping, sides } });
  expect(refusalsOf(plan)).toEqual([]);
  const clears = stepsOf(plan).find(({ argv }) => argv.includes("--clear-bitmap"));
  expect(clears?.guard).toEqual([
    ["both_new", "r0"],
    ["still_blank", "/dev/vdb", "any"],
    ["still_as_read", "/dev/vdb", "1"],
  ]);
});

test.each<[string, Pair]>([
  ["a pair that runs", healthyPair()],
  ["a pair that is down", [downNode("alpha", usedGi), downNode("bravo", usedGi)]],
  ["a blank disk beside one with data", [downNode("alpha", usedGi), blankPair()[1]]],
  ["metadata that was just created beside data", [downNode("alpha", usedGi), downNode("bravo", newGi)]],
])("%s: it means nothing", (_what, nodes) => {
  expect(planned(nodes)).toEqual(planOf(nodes));
});

const ext4: Contents = { kind: "signature", real: "/dev/vdb", size: diskBytes, type: "ext4", uuid: "1f0c" };

test("a disk that holds something: refused as ever, and overwritten with zeros where that may go", () => {
  const [alpha, bravo] = blankPair();
  const nodes: Pair = [alpha, withLook(bravo, { disk: ext4 })];
  expect(planned(nodes).refusals).toEqual(planOf(nodes).refusals);
  expect(refusalsOf(planned(nodes))).toHaveLength(1);
  const plan = planOf(nodes, { desired: { ...skipping, discard: { bravo: ["ext4:1f0c"] } } });
  expect(formatPlan(plan)).toContain("DESTROYS bravo:/dev/vdb ext4 (1f0c)");
  const zeroes = stepsOf(plan).filter(({ destroys }) => destroys !== undefined);
  expect(zeroes.map(({ argv, guard, does, timeoutSeconds }) => ({ argv, guard, does, timeoutSeconds }))).toEqual([
    {
      argv: ["blkdiscard", "-z", "/dev/vdb"],
      guard: [
        ["still_holds", "/dev/vdb", "ext4:1f0c"],
        ["nobody_holds", "/dev/vdb"],
      ],
      does: [{ kind: "zero", disk: "/dev/vdb" }],
      timeoutSeconds: 120 + 32,
    },
  ]);
  expect(allCommands(plan)).toEqual(expect.arrayContaining(skipped.flat()));
});
