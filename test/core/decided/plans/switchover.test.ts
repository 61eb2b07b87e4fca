/** `primary` names the other host: what runs where, in which order, and what stops it. */
import { activeLink, promotionOf } from "../../../../provider/core/steps/boot-units";
import { lastPrimaryNote } from "../../../../provider/core/steps/own-folder";
import { hasWork, stepsOf } from "../../../../provider/core/steps/plan";
import { depthForSteps } from "../../../../provider/core/decided/plans/switchover";
import { planResource } from "../../../../provider/core/decided/plans/plan-resource";
import {
  allCommands,
  blankPair,
  commandsOf,
  downNode,
  healthyPair,
  kernelDevice,
  pairAt,
  planOf,
  r0,
  refusalsOf,
  situation,
  remembered,
  usedGi,
  withFile,
  withKernel,
  withLook,
  withMount,
  type Given,
  type Pair,
} from "../../observed-builder";
import { resourceOf, type OneVolume } from "../../one-volume";

const onBravo: OneVolume = { ...r0, primary: "bravo" };
const toBravo: Given = { desired: onBravo, switchTo: "bravo", memory: remembered };
const healthy = healthyPair(onBravo);
const [alpha, bravo] = healthy;

const givesUp = ["alpha: umount /srv/data", "alpha: drbdadm secondary r0"];
const takesOver = [
  "bravo: drbdadm primary r0",
  "bravo: systemctl start drbd-primary@r0.service",
  "bravo: mount /srv/data",
];
const forgets = "alpha: systemctl stop drbd-primary@r0.service";

test("the old side gives it up, and then the new one takes it over", () => {
  const plan = planOf(healthy, toBravo);
  expect(commandsOf(plan)).toEqual([givesUp, [...takesOver, forgets]]);
  // A run begins to go back where one of these fails, or what comes after them.
  expect(plan.switchover).toEqual({ from: "alpha", to: "bravo", givesUp: plan.stages[0] });
  expect(plan.afterwards).toEqual([]);
});

test("the first step looks once more whether the peer has all of it, and the promotion whether this side has", () => {
  const steps = stepsOf(planOf(healthy, toBravo));
  expect(steps[0]?.guard).toEqual([["peer_is_whole", "r0"]]);
  expect(steps.find(({ argv }) => argv.includes("primary"))?.guard).toEqual([["wait_up_to_date", "r0", "30"]]);
});

test("the same value as an up has carried out: nothing, wherever it runs; elsewhere, with a word on how to move it", () => {
  const given = { ...toBravo, switchTo: undefined } as Given;
  const { stages, refusals, warnings } = planOf(healthy, given);
  expect([stages, refusals]).toEqual([[], []]);
  expect(warnings).toEqual([
    "r0 is Primary on alpha, and `primary` names bravo, where an earlier `up` had it: it is left where somebody has put it. To keep it there: `primary: alpha`, which changes nothing on the hosts. To move it back: `drbd-handback r0` on alpha, and on bravo the command that it prints",
  ]);
});

test("it is there already: nothing but to take note of it", () => {
  const home: OneVolume = { ...r0, primary: "alpha" };
  const plan = planOf(healthyPair(home), { desired: home, switchTo: "alpha", memory: remembered });
  expect(plan).toEqual({ subject: "r0", stages: [], refusals: [], warnings: [], afterwards: [] });
});

const known = new Map([[0, remembered]]);
test.each<[string, Parameters<typeof depthForSteps>[1], "needed" | "close"]>([
  ["it is to move", { memory: known, switchTo: "bravo", seen: healthy }, "needed"],
  ["it is there already", { memory: known, switchTo: "alpha", seen: healthy }, "close"],
  ["nothing is said of where it runs", { memory: known, switchTo: undefined, seen: healthy }, "close"],
  ["no state remembers its disks", { memory: new Map(), switchTo: "bravo", seen: healthy }, "close"],
  [
    "it runs nowhere",
    { memory: known, switchTo: "bravo", seen: healthy.map((node) => withKernel(node, undefined)) },
    "close",
  ],
  ["no host was seen yet", { memory: known, switchTo: "bravo", seen: [] }, "close"],
])("how closely it is looked at before its steps: %s", (_what, given, depth) => {
  expect(depthForSteps(resourceOf(onBravo), given)).toBe(depth);
});

test("of two volumes both must be remembered", () => {
  const desired = resourceOf(onBravo);
  const [first] = desired.volumes;
  const two = { ...desired, volumes: [first, { ...first, number: 1 }] as const };
  const given = { switchTo: "bravo", seen: healthy };
  expect(depthForSteps(two, { ...given, memory: known })).toBe("close");
  expect(depthForSteps(two, { ...given, memory: new Map([...known, [1, remembered]]) })).toBe("needed");
});

test("mounted in several places: unmounted from all, the last one first", () => {
  const twice: Pair = [withMount(alpha, "/dev/drbd1", "/srv/data/again"), bravo];
  expect(commandsOf(planOf(twice, toBravo))[0]).toEqual([
    "alpha: umount /srv/data/again",
    "alpha: umount /srv/data",
    "alpha: drbdadm secondary r0",
  ]);
});

test("services stop before anything is unmounted, the last one first, and start once all of it is mounted", () => {
  const services = ["db.service", "web.service", "backup.timer"];
  const desired: OneVolume = { ...onBravo, services };
  const seen = (active: string) =>
    new Map(
      services.map((one, index) => [one, { load: "loaded", active: index === 2 ? "inactive" : active, ends: false }]),
    );
  const [one, other] = healthyPair(desired);
  const nodes: Pair = [
    { ...one, services: seen("active") },
    { ...other, services: seen("inactive") },
  ];
  expect(commandsOf(planOf(nodes, { ...toBravo, desired }))).toEqual([
    ["alpha: systemctl stop web.service db.service", ...givesUp],
    [
      ...takesOver,
      "bravo: systemctl start db.service",
      "bravo: systemctl start web.service",
      "bravo: systemctl start backup.timer",
      forgets,
    ],
  ]);
  expect(stepsOf(planOf(nodes, { ...toBravo, desired }))[0]?.guard).toEqual([["peer_is_whole", "r0"]]);
});

test("not mounted, with a filesystem: what stands on it is looked at once it is Primary there", () => {
  const unmounted: Pair = [{ ...alpha, mounts: [] }, bravo];
  expect(commandsOf(planOf(unmounted, toBravo))).toEqual([
    ["alpha: drbdadm secondary r0"],
    ["bravo: drbdadm primary r0", forgets],
  ]);
});

test("without a filesystem: demoted and promoted", () => {
  const desired: OneVolume = { ...onBravo, filesystem: undefined };
  const plan = planOf([{ ...alpha, mounts: [] }, bravo], { ...toBravo, desired });
  expect(allCommands(plan).filter((one) => one.includes("drbdadm"))).toEqual([
    "alpha: drbdadm secondary r0",
    "bravo: drbdadm primary r0",
  ]);
});

describe("stopped in between: the next up goes on", () => {
  const released = { ...alpha, mounts: [], links: alpha.links.filter((one) => one !== activeLink(promotionOf("r0"))) };
  const secondary = withKernel(released, { role: "Secondary" });
  const sees = (peerRole: string) => withKernel(bravo, { peerRole });

  test("neither is Primary: the new one is made it", () => {
    const plan = planOf([secondary, sees("Secondary")], toBravo);
    expect(commandsOf(plan)).toEqual([["bravo: drbdadm primary r0"]]);
    expect(stepsOf(plan)[0]?.because).toBe("neither host is Primary, and `primary` names this one");
  });

  test("and back, where the way there has failed", () => {
    const plan = planOf([secondary, sees("Secondary")], { ...toBravo, switchTo: "alpha" });
    expect(commandsOf(plan)).toEqual([["alpha: drbdadm primary r0"]]);
  });
});

describe("where neither is Primary, without a new `primary`", () => {
  const secondaries = healthyPair().map((node) => ({
    ...withKernel(node, { role: "Secondary", peerRole: "Secondary" }),
    mounts: [],
    links: node.links.filter((one) => one !== activeLink(promotionOf("r0"))),
  })) as unknown as Pair;
  const noted = (...hosts: readonly (string | undefined)[]) =>
    secondaries.map((node, index) => withFile(node, lastPrimaryNote("r0"), hosts[index])) as unknown as Pair;
  const promoted = (nodes: Pair) =>
    allCommands(planOf(nodes, { memory: remembered })).filter((one) => one.includes("drbdadm primary"));

  test.each([
    ["both note bravo", ["bravo\n", "bravo\n"], "bravo"],
    ["one notes it", [undefined, "bravo\n"], "bravo"],
    ["they disagree: the sync source", ["alpha\n", "bravo\n"], "alpha"],
    ["a host that is none of theirs: the sync source", ["carol\n", "carol\n"], "alpha"],
    ["none: the sync source", [undefined, undefined], "alpha"],
  ] as const)("%s", (_what, notes, host) => {
    expect(promoted(noted(...notes))).toEqual([`${host}: drbdadm primary r0`]);
  });
});

describe("refused while the new side has not all of it", () => {
  const mounted = "It stays Primary on alpha, mounted on /srv/data";
  const says = "bravo: r0 is to move there from alpha (`primary: bravo`), and DRBD says of it there: ";

  test.each([
    ["Inconsistent", "SyncTarget"],
    ["Outdated", "Established"],
    ["Consistent", "Established"],
  ])("%s", (disk, replication) => {
    const behind = withKernel(bravo, { replication, devices: [kernelDevice(disk)] });
    const plan = planOf([withKernel(alpha, { peerDisk: disk }), behind], toBravo);
    expect(refusalsOf(plan)).toEqual([`${says}connection Connected, disk ${disk}. ${mounted}`]);
    expect(plan.refusals[0]?.way).toContain("Wait until it is UpToDate there");
  });

  test("Behind, as it knows: said so", () => {
    const behind = withKernel(bravo, { replication: "Behind", devices: [kernelDevice("Outdated")] });
    const [found] = refusalsOf(
      planOf([withKernel(alpha, { replication: "Ahead", peerDisk: "Consistent" }), behind], toBravo),
    );
    expect(found).toContain("DRBD says of it there: connection Connected, Behind, disk Outdated");
  });

  test("behind, and it does not know of it yet: the Primary is Ahead", () => {
    const ahead = withKernel(alpha, { replication: "Ahead", peerDisk: "Consistent" });
    const plan = planOf([ahead, bravo], toBravo);
    expect(plan.stages).toEqual([]);
    expect(refusalsOf(plan)[0]).toContain(
      "DRBD on alpha is Ahead: bravo lacks what was written since the line was full (on-congestion pull-ahead). DRBD says of it there: connection Connected, disk UpToDate. It stays Primary on alpha",
    );
  });

  test("who uses it is told, too; where it is whole, they alone are the reason, and no service is stopped for nothing", () => {
    const used = withLook(alpha, { users: ["process 412 (sh): /srv/data/log", "swap is on /srv/data/swap"] });
    const behind = withKernel(bravo, { replication: "SyncTarget", devices: [kernelDevice("Inconsistent")] });
    const words = "process 412 (sh): /srv/data/log; swap is on /srv/data/swap";
    expect(refusalsOf(planOf([used, behind], toBravo))[0]).toMatch(`${mounted}, and is in use there: ${words}`);
    const whole = planOf([used, bravo], toBravo);
    expect(refusalsOf(whole)).toEqual([
      `alpha: r0 is to move from there to bravo (\`primary: bravo\`), and is in use: ${words}`,
    ]);
    expect(planOf([withLook(alpha, { users: [] }), bravo], toBravo).refusals).toEqual([]);
    // A service may end it: then it is a warning, and the step that fails tells.
    const served = { ...onBravo, services: ["nfs-server.service"] };
    const exported = withLook(alpha, { users: ["the NFS server exports /srv/data"] });
    const warned = planOf([exported, bravo], { ...toBravo, desired: served });
    expect([warned.refusals, warned.warnings]).toEqual([
      [],
      [expect.stringContaining("r0 is in use on alpha beside its services: the NFS server exports /srv/data.")],
    ]);
    // Its own mounts below each other are unmounted in their order.
    const nested = withLook(alpha, { users: ["/dev/drbd1 is mounted below it, on /srv/data/again"] });
    expect(planOf([nested, bravo], toBravo).refusals).toEqual([]);
    // The way back is not stopped by it.
    const back = planResource({ ...situation([used, bravo], toBravo), isWayBack: true });
    expect(back.refusals).toEqual([]);
    // Of a resource that stays, nobody asks.
    expect(planOf([used, bravo], { ...toBravo, switchTo: undefined }).refusals).toEqual([]);
  });

  test("being filled: how far it is, and how long it takes", () => {
    const behind = withKernel(bravo, { replication: "SyncTarget", devices: [kernelDevice("Inconsistent")] });
    const filled = { ...behind, sync: new Map([[1, { percent: 42.1, finish: "0:01:10" }]]) };
    const [refusal] = refusalsOf(planOf([alpha, filled], toBravo));
    expect(refusal).toContain("disk Inconsistent, being filled (42.1 %, 0:01:10 left)");
  });

  test("not connected, though both call themselves UpToDate", () => {
    const apart = { connection: "Connecting", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" };
    const plan = planOf([withKernel(alpha, apart), withKernel(bravo, apart)], toBravo);
    expect(refusalsOf(plan)).toEqual([`${says}connection Connecting, disk UpToDate. ${mounted}`]);
    expect(plan.refusals[0]?.way).toMatch(/^Find out why the two are not connected/);
  });

  test("it is down there: brought up first, and the next look decides", () => {
    const apart = { connection: "Connecting", peerRole: "Unknown", replication: "Off", peerDisk: "DUnknown" };
    const plan = planOf([withKernel(alpha, apart), downNode("bravo", usedGi)], toBravo);
    expect(allCommands(plan)).toContain("bravo: drbdadm up r0");
    expect(allCommands(plan).filter((one) => /umount|secondary|primary r0/.test(one))).toEqual([]);
    expect(plan.afterwards).toEqual(["it moves to bravo, as `primary` says, once that side is UpToDate"]);
  });
});

describe("a new pair whose `primary` is not its sync source", () => {
  const given: Given = { desired: onBravo, switchTo: "bravo" };

  test("begins on the sync source, and moves once the initial sync has ended", () => {
    const plan = planOf(blankPair(), { ...given, preview: true });
    expect(allCommands(plan)).toEqual(
      expect.arrayContaining([
        "alpha: drbdadm primary --force r0",
        "alpha: mkfs.xfs -L data /dev/drbd1",
        "alpha: mount /srv/data",
      ]),
    );
    expect(plan.afterwards).toContain("it moves to bravo, as `primary` says, once that side is UpToDate");
  });

  test("while it is filled: waited for", () => {
    const plan = planOf(pairAt("mounted", onBravo), given);
    expect([plan.stages, plan.refusals]).toEqual([[], []]);
    expect(hasWork(plan)).toBe(true);
    expect(plan.afterwards).toEqual(["it moves to bravo, as `primary` says, once that side is UpToDate"]);
  });

  test("stopped before mkfs: formatted where it was made Primary by force, and only then moved", () => {
    const plan = planOf(pairAt("promoted", onBravo), given);
    expect(allCommands(plan)).toContain("alpha: mkfs.xfs -L data /dev/drbd1");
    expect(allCommands(plan).filter((one) => one.startsWith("bravo: drbdadm primary"))).toEqual([]);
  });

  test("filled: it moves in the same run", () => {
    expect(commandsOf(planOf(healthy, given))).toEqual([givesUp, [...takesOver, forgets]]);
  });
});
