/** Resources with several volumes: each is judged by itself, and what DRBD does for all of them at once is done once. */
import type { DesiredResource, DesiredVolume } from "../../../../provider/core/wanted/desired";
import type { Contents, ObservedNode, ObservedVolume } from "../../../../provider/core/seen/observed";
import { noMemory } from "../../../../provider/core/seen/memory";
import { planResource } from "../../../../provider/core/decided/plans/plan-resource";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { outputsOf } from "../../../../provider/core/told/outputs";
import { resourceOf } from "../../one-volume";
import {
  allCommands,
  blank,
  blankPair,
  commandsOf,
  diskBytes,
  divergedGi,
  healthyPair,
  kernelDevice,
  newGi,
  olderGi,
  type Pair,
  r0,
  refusalsOf,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withMount,
  xfs,
} from "../../observed-builder";

const [first] = resourceOf(r0).volumes;
const second: DesiredVolume = {
  number: 1,
  places: [
    { minor: 2, disk: "/dev/vdc", metaDisk: "internal" },
    { minor: 5, disk: "/dev/vdc", metaDisk: "internal" },
  ],
  filesystem: { ...xfs, label: "logs", mountPoint: "/srv/logs" },
};
const desired: DesiredResource = { ...resourceOf(r0), volumes: [first, second] };
const text = renderResource(desired, "8.4");
const minorOf = (node: ObservedNode) => (node.hostname === "alpha" ? 2 : 5);

const onSecond = (contents: Contents): Contents => ("real" in contents ? { ...contents, real: "/dev/vdc" } : contents);
const blankSecond: ObservedVolume = { disk: onSecond(blank), metadata: { kind: "absent" } };

/** The same host with a look at volume 1, and with its disk. */
const withSecond = (node: ObservedNode, look: ObservedVolume = blankSecond): ObservedNode => {
  const seen = node.resources.get("r0");
  if (seen === undefined) throw new Error("r0 was not looked at");
  const volumes = new Map([...seen.volumes, [1, look] as const]);
  return withBlock({ ...node, resources: new Map([["r0", { ...seen, volumes }]]) }, "/dev/vdc", { serial: "0003" });
};

const planOf = (nodes: Pair, wanted = desired) =>
  planResource({
    desired: wanted,
    configuration: renderResource(wanted, "8.4"),
    nodes,
    memory: new Map(),
    preview: false,
  });

const both = ([alpha, bravo]: Pair, change: (node: ObservedNode) => ObservedNode): Pair => [
  change(alpha),
  change(bravo),
];

/** Volume 1 as the kernel of each host has it beside a healthy volume 0. */
const running = (disk: string, gi: string, role = "Secondary"): Pair =>
  both(healthyPair(), (node) => {
    const devices = [
      kernelDevice("UpToDate", { role: node.kernelResources.get("r0")!.role }),
      kernelDevice(disk, { volume: 1, minor: minorOf(node), role: node.hostname === "alpha" ? role : "Secondary" }),
    ];
    const look: ObservedVolume = {
      disk: { kind: "signature", real: "/dev/vdc", size: diskBytes, type: "drbd", uuid: "29ff20370300d6d3" },
      metadata: { kind: "busy", said: "busy" },
      kernelGi: gi,
    };
    return withSecond(withKernel(withFile(node, "/etc/drbd.d/r0.res", text), { devices }), look);
  });

test("the file: each volume with its own places, and the first as most people write it where it is alone", () => {
  expect(text).toContain(
    "    volume 1 {\n            device /dev/drbd2 minor 2;\n            disk /dev/vdc;\n            meta-disk internal;\n        }",
  );
  expect(text).toContain("device /dev/drbd5 minor 5;");
  expect(renderResource({ ...desired, volumes: [first] }, "8.4")).not.toContain("volume");
  expect(renderResource({ ...desired, volumes: [second] }, "8.4")).toContain("volume 1 {");
});

test("two blank volumes: metadata for each, up once, forced once behind the gate of each, and each formatted", () => {
  const plan = planOf(both(blankPair(), (node) => withSecond(node)));
  const commands = allCommands(plan);
  expect(commands.filter((one) => /create-md|drbdadm up|--force|mkfs| mount/.test(one))).toEqual([
    "alpha: drbdadm create-md r0/0",
    "alpha: drbdadm create-md r0/1",
    "alpha: drbdadm up r0",
    "bravo: drbdadm create-md r0/0",
    "bravo: drbdadm create-md r0/1",
    "bravo: drbdadm up r0",
    "alpha: drbdadm primary --force r0",
    "alpha: mkfs.xfs -L data /dev/drbd1",
    "alpha: mkfs.xfs -L logs /dev/drbd2",
    "alpha: mount /srv/data",
    "alpha: mount /srv/logs",
  ]);
  const force = plan.stages.flat().find(({ argv }) => argv.includes("--force"));
  expect(force?.guard).toEqual([
    ["both_new", "r0/0"],
    ["both_new", "r0/1"],
  ]);
});

describe("a volume that is added to a resource that is mounted", () => {
  const nodes = both(healthyPair(), (node) => ({
    ...withSecond(node),
    adjust: {
      exit: 0,
      output: `drbdsetup-84 new-minor r0 ${minorOf(node)} 1\ndrbdsetup-84 attach ${minorOf(node)} /dev/vdc /dev/vdc internal\n`,
    },
  }));

  test("its metadata is made on both hosts before drbdadm attaches its disks, and it alone is forced and formatted", () => {
    const stages = commandsOf(planOf(nodes));
    const made = stages.findIndex((stage) => stage.includes("bravo: drbdadm create-md r0/1"));
    const adjusted = stages.findIndex((stage) => stage.includes("alpha: drbdadm adjust r0"));
    expect([made, made < adjusted]).toEqual([1, true]);
    const commands = stages.flat();
    expect(commands.filter((one) => /create-md|--force|mkfs|umount|secondary|down/.test(one))).toEqual([
      "alpha: drbdadm create-md r0/1",
      "bravo: drbdadm create-md r0/1",
      "alpha: drbdadm primary --force r0/1",
      "alpha: mkfs.xfs -L logs /dev/drbd2",
    ]);
  });

  test.each<["8.4" | "9", string]>([
    ["8.4", "alpha: drbdadm primary r0/1"],
    ["9", "alpha: drbdadm primary r0"],
  ])("without a first sync, on DRBD %s: it alone is read, and begun", (drbd, promoted) => {
    const module = { version: drbd === "9" ? "9.2.16" : "8.4.11", loaded: true };
    const skips: DesiredResource = { ...desired, initialSync: "skip" };
    const plan = planOf(
      both(nodes, (node) => ({ ...node, module })),
      skips,
    );
    expect(refusalsOf(plan)).toEqual([]);
    expect(allCommands(plan).filter((one) => /cmp|clear-bitmap|primary (--force )?r0|mkfs|dstate/.test(one))).toEqual([
      "alpha: cmp /dev/vdc /dev/zero",
      "bravo: cmp /dev/vdc /dev/zero",
      "alpha: drbdadm new-current-uuid --clear-bitmap r0/1",
      "bravo: drbdadm dstate r0/1",
      promoted,
      "alpha: mkfs.xfs -L logs /dev/drbd2",
    ]);
    const promotes = plan.stages.flat().find(({ argv }) => argv[1] === "primary");
    const whole = drbd === "9" ? ["r0/1", "r0/0"] : ["r0/1"];
    expect(promotes?.guard).toEqual(whole.map((word) => ["wait_up_to_date", word, "30"]));
  });

  test("where the resource was made Primary on the other host, it begins there", () => {
    const moved = both(nodes, (node) =>
      withKernel(node, { role: node.hostname === "alpha" ? "Secondary" : "Primary" }),
    );
    const elsewhere: Pair = [
      { ...moved[0], mounts: moved[0].mounts.filter(({ target }) => target === "/") },
      withMount(moved[1], "/dev/drbd1", "/srv/data"),
    ];
    const commands = allCommands(planOf(elsewhere));
    expect(commands.filter((one) => /--force|mkfs/.test(one))).toEqual([
      "bravo: drbdadm primary --force r0/1",
      "bravo: mkfs.xfs -L logs /dev/drbd5",
    ]);
  });

  test("data on one of its disks is refused as on any other, and the first volume is left alone", () => {
    const data: Contents = { kind: "data", real: "/dev/vdc", size: diskBytes, offset: 4096, hash: "0123456789abcdef" };
    const plan = planOf([withSecond(nodes[0], { disk: data, metadata: { kind: "absent" } }), nodes[1]]);
    expect(refusalsOf(plan).join()).toContain("alpha: /dev/vdc holds data");
    expect(plan.stages).toEqual([]);
  });
});

test("stopped between the making and the force: the new volume is forced, and the first is not touched", () => {
  const commands = allCommands(planOf(running("Inconsistent", newGi)));
  expect(commands.filter((one) => /create-md|--force|mkfs/.test(one))).toEqual([
    "alpha: drbdadm primary --force r0/1",
    "alpha: mkfs.xfs -L logs /dev/drbd2",
  ]);
});

test("both in use: the volume that nobody formatted is not formatted", () => {
  const plan = planOf(running("UpToDate", usedGi, "Primary"));
  expect(allCommands(plan).filter((one) => /create-md|--force|mkfs/.test(one))).toEqual([]);
});

test("a volume that comes with its data is made Primary beside the others, whole, and never by force", () => {
  const commands = (disk: string) => allCommands(planOf(running(disk, usedGi)));
  const promotions = (disk: string) => commands(disk).filter((one) => /primary|--force|mkfs/.test(one));
  expect(promotions("UpToDate").filter((one) => one.includes("drbdadm"))).toEqual(["alpha: drbdadm primary r0/1"]);
  expect(promotions("Inconsistent").filter((one) => one.includes("drbdadm"))).toEqual([]);
});

test("down, with two disks exchanged in the program, and nothing remembered: refused by the file that is there", () => {
  const look = (real: string): ObservedVolume => ({
    disk: { kind: "signature", real, size: diskBytes, type: "drbd", uuid: "29ff20370300d6d3" },
    metadata: { kind: "present", version: "v08", gi: usedGi },
  });
  const down = both(healthyPair(), (node) => {
    const stopped = withKernel(withFile({ ...node, mounts: [] }, "/etc/drbd.d/r0.res", text), undefined);
    const seen = node.resources.get("r0")!;
    const exchanged = new Map([
      [0, look("/dev/vdc")],
      [1, look("/dev/vdb")],
    ]);
    return withBlock({ ...stopped, resources: new Map([["r0", { ...seen, volumes: exchanged }]]) }, "/dev/vdc", {});
  });
  const on = ({ places, ...volume }: DesiredVolume, disk: string): DesiredVolume => ({
    ...volume,
    places: [
      { ...places[0], disk },
      { ...places[1], disk },
    ],
  });
  const plan = planOf(down, { ...desired, volumes: [on(first, "/dev/vdc"), on(second, "/dev/vdb")] });
  expect(allCommands(plan)).toEqual([]);
  expect(refusalsOf(plan)).toHaveLength(4);
  expect(refusalsOf(plan)[0]).toContain(
    "is the disk of volume 1 of r0 by the file there, and the program names it for volume 0",
  );
});

test("destroy: every volume is unmounted before the resource is demoted and taken down", () => {
  const nodes = both(running("UpToDate", usedGi, "Primary"), (node) =>
    node.hostname === "alpha" ? withMount(node, "/dev/drbd2", "/srv/logs") : node,
  );
  const commands = allCommands(planTeardown(desired, ["alpha", "bravo"], nodes));
  expect(commands.slice(0, 4)).toEqual([
    "alpha: umount /srv/logs",
    "alpha: umount /srv/data",
    "alpha: drbdadm secondary r0",
    "alpha: drbdadm down r0",
  ]);
});

test("the outputs: of each volume by its number, beside those of the first", () => {
  const outputs = outputsOf(desired, running("UpToDate", usedGi), new Map([[1, noMemory]]));
  expect(Object.keys(outputs.volumeStates ?? {})).toEqual(["0", "1"]);
  expect([outputs.devicePath, outputs.volumeStates?.["1"]?.devicePath]).toEqual(["/dev/drbd1", "/dev/drbd2"]);
  expect(outputsOf(resourceOf(r0), healthyPair()).volumeStates).toBeUndefined();
});

describe("a split brain that a person has decided", () => {
  const given = (gi: string) => gi.split(":")[0]!;
  /** Both StandAlone, alpha Secondary: the generation of each volume on each host. */
  const parted = (onAlpha: readonly [string, string], onBravo: readonly [string, string]): Pair =>
    both(running("UpToDate", usedGi), (node) => {
      const [one, other] = node.hostname === "alpha" ? onAlpha : onBravo;
      const seen = node.resources.get("r0")!;
      const look = (number: number, gi: string) => [number, { ...seen.volumes.get(number)!, kernelGi: gi }] as const;
      const devices = [kernelDevice("UpToDate"), kernelDevice("UpToDate", { volume: 1, minor: minorOf(node) })];
      const kernel = withKernel(
        { ...node, mounts: [], links: [] },
        { role: "Secondary", connection: "StandAlone", peerRole: "Unknown", peerDisk: "DUnknown", devices },
      );
      return {
        ...kernel,
        resources: new Map([["r0", { ...seen, volumes: new Map([look(0, one), look(1, other)]) }]]),
      };
    });
  const naming = (...generations: readonly string[]): DesiredResource => ({
    ...desired,
    giveUp: { alpha: generations.map(given) },
    keep: [],
  });

  test("all volumes are checked on both hosts, and given up by one command", () => {
    const nodes = parted([usedGi, usedGi], [divergedGi, divergedGi]);
    const plan = planOf(nodes, naming(usedGi, usedGi));
    expect(refusalsOf(plan)).toEqual([]);
    expect(plan.stages[0]?.map(({ does }) => does)).toEqual([
      [0, 1].map((volume) => ({
        kind: "check",
        call: ["still_differs", `r0/${volume}`, given(divergedGi), "any"],
      })),
    ]);
    const [gives] = plan.stages[1] ?? [];
    expect(gives?.argv).toEqual(["drbdadm", "connect", "--discard-my-data", "r0"]);
    expect(gives?.guard?.map(([check, word]) => `${check} ${word ?? ""}`)).toEqual([
      "is_secondary r0",
      "still_differs r0/0",
      "still_differs r0/1",
    ]);
  });

  test("one volume is split, and the other is newer on the side that is named: refused", () => {
    const nodes = parted([usedGi, usedGi], [divergedGi, olderGi]);
    expect(refusalsOf(planOf(nodes, naming(usedGi, usedGi)))).toEqual([
      "alpha: the volumes are newer on different sides: r0/1 of alpha has all that bravo has and more, and would be given up with the others",
    ]);
    // No line is offered for that side.
    const refusals = planOf(nodes, desired)
      .refusals.map(({ way }) => way)
      .join();
    expect(refusals).not.toContain("giveUp: { alpha:");
    expect(refusals).toContain(`giveUp: { bravo: ["${given(divergedGi)}", "${given(olderGi)}"] }`);
  });

  test("a volume that leaves the program would go with the others: refused", () => {
    const nodes = parted([usedGi, usedGi], [divergedGi, divergedGi]);
    const wanted: DesiredResource = { ...naming(usedGi), volumes: [first] };
    expect(refusalsOf(planOf(nodes, wanted))).toEqual([
      "alpha: r0 has volume 1 on the hosts, which the program does not describe, and which would be given up with the others",
    ]);
  });

  test("a generation too few: refused", () => {
    const nodes = parted([usedGi, usedGi], [divergedGi, divergedGi]);
    expect(refusalsOf(planOf(nodes, naming(usedGi)))[0]).toMatch(/^alpha: `giveUp` names F2099469C0D6C688, and/);
  });
});
