/** Data that stands on a disk already: what stays, what goes at a person's word, and what is refused with that word to say. */
import { lookOf, type OneVolume } from "../../one-volume";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import type { Contents, ObservedNode } from "../../../../provider/core/seen/observed";
import { noMemory } from "../../../../provider/core/seen/memory";
import { type Plan, stepsOf } from "../../../../provider/core/steps/plan";
import {
  allCommands,
  blank,
  blankNode,
  commandsOf,
  diskBytes,
  divergedGi,
  downNode,
  drbdSignature,
  healthyPair,
  kernelDevice,
  MiB,
  nodeAt,
  olderGi,
  planOf,
  r0,
  refusalsOf,
  remembered,
  rememberedDisk,
  unrelatedGi,
  usedGi,
  withBlock,
  withFile,
  withKernel,
  withLook,
} from "../../observed-builder";
import { alpha, bravo, uuid, filesystemOn, holding, data, ways, stepLike } from "../../data-builder";

describe("discard", () => {
  const letting = (discard: OneVolume["discard"], change: Partial<OneVolume> = {}): OneVolume => ({
    ...r0,
    ...change,
    discard,
  });

  test.each<[string, Contents, string]>([
    ["a filesystem", filesystemOn("ext4", MiB), `ext4:${uuid}`],
    ["data of no known kind", data, "data:0123456789abcdef"],
    ["a signature without a UUID", { ...data, kind: "signature", type: "swap" }, "swap:0123456789abcdef"],
    ["an old resource's metadata", drbdSignature, "drbd:29ff20370300d6d2"],
  ])("%s: refused with the line, and cleared by it alone", (_what, contents, identity) => {
    const node = holding(bravo, contents);
    const refused = planOf([alpha, node]);
    expect(ways(refused)).toContain(`If it may go: \`discard: { bravo: "${identity}" }\`.`);
    const plan = planOf([alpha, node], { desired: letting({ bravo: [identity] }) });
    expect(refusalsOf(plan)).toEqual([]);
    const onBravo = allCommands(plan).filter((one) => /^bravo: (wipefs|drbdadm|write .*\.res)/.test(one));
    expect(onBravo).toEqual([
      "bravo: write /etc/drbd.d/r0.res",
      "bravo: wipefs -a /dev/vdb",
      "bravo: drbdadm create-md r0",
      "bravo: drbdadm up r0",
    ]);
    const [cleared] = stepLike(plan, "wipefs");
    expect(cleared?.guard).toEqual([
      ["still_holds", "/dev/vdb", identity],
      ["nobody_holds", "/dev/vdb"],
    ]);
    expect(cleared?.destroys).toMatch(/^bravo:\/dev\/vdb /);
    expect(formatPlan(plan)).toMatch(/^r0: \d+ steps; DESTROYS bravo:\/dev\/vdb /);
    // create-md's own guard finds the disk blank then, or stops.
    expect(stepLike(plan, "create-md").every(({ guard }) => guard?.some(([name]) => name === "still_blank"))).toBe(
      true,
    );
    expect(stepLike(plan, "--force create-md")).toEqual([]);
  });

  test("another identity, another host: refused, and what is there now is told", () => {
    const node = holding(bravo, filesystemOn("ext4", MiB));
    for (const [discard, told] of [
      [{ bravo: ["ext4:other"] }, `bravo: \`discard\` lets ext4:other go there, and /dev/vdb holds ext4:${uuid} now`],
      [{ bravo: [`xfs:${uuid}`] }, `bravo: \`discard\` lets xfs:${uuid} go there, and /dev/vdb holds ext4:${uuid} now`],
      [{ alpha: [`ext4:${uuid}`] }, `bravo: /dev/vdb holds ext4 (${uuid}), which create-md`],
    ] as const) {
      const plan = planOf([alpha, node], { desired: letting(discard) });
      expect(refusalsOf(plan)).toEqual([expect.stringContaining(told)]);
      expect(ways(plan)).toContain(`discard: { bravo: "ext4:${uuid}" }`);
    }
  });

  test("on a blank disk, or one that is the resource's own by now, it means nothing", () => {
    const desired = letting({ bravo: [`ext4:${uuid}`] });
    expect(commandsOf(planOf([alpha, bravo], { desired }))).toEqual(commandsOf(planOf([alpha, bravo])));
    expect(planOf(healthyPair(), { desired })).toMatchObject({ stages: [], refusals: [] });
  });

  test("the sync source's: cleared, and formatted", () => {
    const plan = planOf([holding(alpha, data), bravo], { desired: letting({ alpha: ["data:0123456789abcdef"] }) });
    expect(allCommands(plan)).toEqual(
      expect.arrayContaining(["alpha: wipefs -a /dev/vdb", "alpha: mkfs.xfs -L data /dev/drbd1"]),
    );
  });

  test("with external metadata: each disk by its own identity", () => {
    const [first, second] = r0.sides;
    const sides = [first, { ...second, metaDisk: "/dev/vdc" }] as const;
    const metaDisk = { ...filesystemOn("swap", undefined), real: "/dev/vdc", uuid: "m" } as Contents;
    const node = withLook(bravo, { disk: filesystemOn("ext4", MiB), metaDisk });
    expect(
      refusalsOf(planOf([alpha, node], { desired: letting({ bravo: [`ext4:${uuid}`] }, { sides }) })),
    ).toHaveLength(1);
    const plan = planOf([alpha, node], { desired: letting({ bravo: [`ext4:${uuid}`, "swap:m"] }, { sides }) });
    expect(stepLike(plan, "wipefs").map(({ argv, guard }) => [argv[2], guard?.[0]?.[2]])).toEqual([
      ["/dev/vdb", `ext4:${uuid}`],
      ["/dev/vdc", "swap:m"],
    ]);
  });

  describe("a generation of DRBD's data", () => {
    const own = "drbd:29ff20370300d6d2";
    const memory = { ...remembered, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } };
    const cleared = (plan: Plan) => stepLike(plan, "wipefs").map(({ node }) => node);

    test("the older or the same one, while the other side has the newest: filled from there, which is asked first", () => {
      for (const gi of [olderGi, usedGi]) {
        const plan = planOf([downNode("alpha", usedGi), downNode("bravo", gi)], { desired: letting({ bravo: [own] }) });
        expect(cleared(plan)).toEqual(["bravo"]);
        expect(plan.stages[0]!.map(({ node, does }) => [node, does])).toEqual([
          ["alpha", [{ kind: "check", call: ["up_to_date", "1", "/dev/vdb", "internal", "r0/0"] }]],
        ]);
        expect(stepLike(plan, "--force")).toEqual([]);
      }
    });

    test.each<[string, ObservedNode, ObservedNode]>([
      ["the newer one", downNode("alpha", olderGi), downNode("bravo", usedGi)],
      ["one half of a split brain", downNode("alpha", divergedGi), downNode("bravo", usedGi)],
      [
        "while the other is out of date",
        downNode("alpha", usedGi.replace("1:1:0", "1:0:0")),
        downNode("bravo", usedGi),
      ],
      [
        "while the other is half filled",
        downNode("alpha", usedGi.replace("1:1:0", "0:1:0")),
        downNode("bravo", usedGi),
      ],
      ["the only one", blankNode("alpha"), downNode("bravo", usedGi)],
      ["the only one, beside metadata that was just made", nodeAt("alpha", "metadata"), downNode("bravo", usedGi)],
    ])("%s: stays", (_what, first, second) => {
      for (const given of [memory, remembered]) {
        const plan = planOf([first, second], { desired: letting({ bravo: [own] }), memory: given });
        expect(cleared(plan)).toEqual([]);
        expect(stepLike(plan, "bravo: drbdadm create-md")).toEqual([]);
      }
    });

    test("both named, where each is there only because of the other: neither goes", () => {
      const desired = letting({ alpha: [own], bravo: [own] });
      for (const given of [noMemory, memory]) {
        const plan = planOf([downNode("alpha", usedGi), downNode("bravo", usedGi)], { desired, memory: given });
        expect(cleared(plan)).toEqual([]);
        expect(stepLike(plan, "create-md")).toEqual([]);
      }
    });

    test.each<[string, string, string]>([
      ["the newer one", usedGi, olderGi],
      ["a half of a split brain", usedGi, divergedGi],
    ])("both named, and nobody remembers whose they are: %s stays", (_what, newer, other) => {
      const strip = (node: ObservedNode) => withFile(node, "/etc/drbd.d/r0.res", undefined);
      const pair = [strip(downNode("alpha", other)), strip(downNode("bravo", newer))] as const;
      for (const syncSource of ["alpha", "bravo"]) {
        const desired = letting({ alpha: [own], bravo: [own] }, { syncSource });
        expect(cleared(planOf([...pair], { desired, memory: noMemory }))).not.toContain("bravo");
      }
    });

    test("the older one is let go, and nobody remembers whose it is: the last copy is not offered, too", () => {
      const strip = (node: ObservedNode) => withFile(node, "/etc/drbd.d/r0.res", undefined);
      const pair = [strip(downNode("alpha", olderGi)), strip(downNode("bravo", usedGi))] as const;
      const plan = planOf([...pair], { desired: letting({ alpha: [own] }), memory: noMemory });
      expect(ways(plan)).toContain("set `syncSource: bravo`");
      expect(ways(plan)).not.toContain("discard: { bravo");
    });

    test("while it runs it stays", () => {
      const [first, second] = healthyPair();
      const lonely = withLook(withKernel(second, { connection: "Connecting" }), { disk: drbdSignature });
      expect(cleared(planOf([first, lonely], { desired: letting({ bravo: [own] }) }))).toEqual([]);
    });

    test("of another device than the one that we know: goes by its own name", () => {
      const other = withLook(downNode("bravo", unrelatedGi), {
        disk: { ...drbdSignature, uuid: "1111111111111111" } as Contents,
      });
      const refused = planOf([downNode("alpha", usedGi), other], { memory });
      expect(refusalsOf(refused)).toEqual([
        expect.stringMatching(/^bravo: \/dev\/vdb holds the metadata of another DRBD device \(1{16}\) than that of r0/),
      ]);
      expect(ways(refused)).toContain('`discard: { bravo: "drbd:1111111111111111" }`; it is then filled from alpha');
      const plan = planOf([downNode("alpha", usedGi), other], {
        memory,
        desired: letting({ bravo: ["drbd:1111111111111111"] }),
      });
      expect(cleared(plan)).toEqual(["bravo"]);
    });
  });
});

describe("a disk that is another one", () => {
  const memory = { ...remembered, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } };
  const [primary] = healthyPair();
  const lonely = withKernel(primary, { connection: "Connecting", peerDisk: "DUnknown" });

  test("blank: filled from the survivor, and told apart", () => {
    const plan = planOf([lonely, withBlock(bravo, "/dev/vdb", { serial: "0099" })], { memory });
    expect(stepLike(plan, "create-md")[0]?.because).toBe(
      "/dev/vdb (320 MiB, serial 0099) is blank, in the place of the one with serial 0002; alpha fills it",
    );
    expect(stepLike(plan, "--force")).toEqual([]);
  });

  test("too small to be filled", () => {
    const small = withLook(bravo, { disk: { ...blank, size: diskBytes - MiB } as Contents });
    const other = withBlock(small, "/dev/vdb", { serial: "0099" });
    expect(refusalsOf(planOf([lonely, other], { memory }))).toEqual([
      expect.stringMatching(/^bravo: \/dev\/vdb \(319 MiB, serial 0099\) is too small to be filled from alpha/),
    ]);
  });

  test("with metadata that somebody just made over data: the host looks in front of it before it is attached", () => {
    for (const running of [false, true]) {
      const made = nodeAt("bravo", "metadata");
      const node = running ? withKernel(made, { connection: "Connecting", devices: [kernelDevice("Diskless")] }) : made;
      const plan = planOf([lonely, node], { memory });
      const [attaches] = stepLike(plan, running ? "adjust" : "drbdadm up");
      expect(attaches?.guard).toContainEqual(["blank_before_metadata", "/dev/vdb"]);
    }
  });

  test("in use before, with no filesystem known: not begun anew with two blank disks", () => {
    const known = { filesystemUuid: null, disks: memory.disks };
    const plan = planOf([alpha, bravo], { memory: known, desired: { ...r0, filesystem: undefined } });
    expect(refusalsOf(plan)).toEqual(["r0 was in use, and neither disk holds a generation of its data any more"]);
    expect(ways(plan)).toContain("alpha:/dev/vdb (320 MiB, serial 0001) and bravo:/dev/vdb (320 MiB, serial 0002)");
  });

  test("the survivor is not up to date: the newest data is not given up in silence", () => {
    for (const [survivor, state] of [
      [withKernel(lonely, { devices: [kernelDevice("Outdated")] }), "Outdated"],
      [downNode("alpha", usedGi.replace("1:1:0", "1:0:0")), "not up to date by its own metadata"],
    ] as const) {
      expect(refusalsOf(planOf([withLook(survivor, { device: undefined }), bravo], { memory }))).toContainEqual(
        expect.stringContaining(`holds the only copy of r0 that is left, and it is ${state}`),
      );
    }
  });

  test.each([
    ["down", undefined, "(`drbdadm up r0` and `drbdadm primary --force r0` on alpha)"],
    [
      "up without its disk",
      [kernelDevice("Diskless")],
      "(`drbdadm attach r0` and `drbdadm primary --force r0` on alpha)",
    ],
  ])("the way to go on with a survivor that is %s has its disk attached first", (_, devices, way) => {
    const outdated = downNode("alpha", usedGi.replace("1:1:0", "1:0:0"));
    const survivor = devices === undefined ? outdated : withKernel(outdated, { devices });
    expect(ways(planOf([survivor, bravo], { memory }))).toContain(way);
  });
});

describe("a disk that has another size", () => {
  const memory = { ...remembered, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } };
  const sized = (size: number, change: Partial<ObservedNode> = {}): ObservedNode => ({
    ...withLook(downNode("bravo", usedGi), {
      disk: { kind: "signature", real: "/dev/vdb", size, type: "xfs", uuid },
      metadata: { kind: "absent" },
    }),
    ...change,
  });
  const source = downNode("alpha", usedGi);

  test.each<[string, Contents["kind"]]>([
    ["with a filesystem at its head", "signature"],
    ["with data at its head", "data"],
    ["that looks blank", "blank"],
  ])("grown, %s, known by our memory alone: the metadata moves, and nothing is made", (_what, kind) => {
    const grown = sized(diskBytes + 40 * MiB);
    const disk = { ...lookOf(grown)!.disk, kind, offset: 0 } as Contents;
    const plan = planOf([source, withLook(grown, { disk })], { memory });
    const onBravo = allCommands(plan).filter((one) => one.startsWith("bravo: drbdadm"));
    expect(onBravo).toEqual(["bravo: drbdadm check-resize r0", "bravo: drbdadm up r0"]);
    expect(stepLike(plan, "check-resize")[0]).toMatchObject({
      guard: [
        ["no_metadata", "1", "/dev/vdb", "internal"],
        ["before_growth", "/dev/vdb", String(diskBytes), "29ff20370300d6d2"],
      ],
      does: [{ kind: "move-metadata", resource: "r0", minor: 1, disk: "/dev/vdb", bytes: diskBytes }],
    });
  });

  test("grown, known by the host's own record", () => {
    const grown = withLook(sized(diskBytes + MiB), {
      metadata: {
        kind: "moved",
        version: "v08",
        bytes: diskBytes,
        uuid: "29ff20370300d6d2",
        gi: usedGi.split(":").slice(0, 4).join(":"),
      },
    });
    const plan = planOf([source, grown]);
    expect(allCommands(plan)).toContain("bravo: drbdadm check-resize r0");
    // Its generation counts: diverged data is told from it.
    const diverged = {
      kind: "moved",
      version: "v08",
      bytes: diskBytes,
      uuid: "29ff20370300d6d2",
      gi: divergedGi.split(":").slice(0, 4).join(":"),
    } as const;
    expect(refusalsOf(planOf([source, withLook(grown, { metadata: diverged })]))).toEqual([
      expect.stringMatching(/^split brain/),
    ]);
  });

  test("shrunk: refused", () => {
    expect(refusalsOf(planOf([source, sized(diskBytes - MiB)], { memory }))).toEqual([
      expect.stringMatching(/^bravo: \/dev\/vdb has 319 MiB .* and had 320 MiB .*: it was shrunk/),
    ]);
    const moved = { kind: "moved", version: "v08", bytes: diskBytes, uuid: "1", gi: usedGi } as const;
    expect(refusalsOf(planOf([source, withLook(sized(diskBytes - MiB), { metadata: moved })]))).toEqual([
      expect.stringContaining("DRBD's metadata lies where it had"),
    ]);
  });

  test("another disk of another size is another disk", () => {
    const other = withBlock(withLook(bravo, { disk: { ...blank, size: 2 * diskBytes } as Contents }), "/dev/vdb", {
      serial: "0099",
    });
    expect(allCommands(planOf([source, other], { memory }))).toContain("bravo: drbdadm create-md r0");
  });
});

test("states that nobody thought of are refused, not guessed at", () => {
  const [first, second] = healthyPair();
  for (const [change, told] of [
    [{ devices: [kernelDevice("Sideways")] }, "disk state Sideways"],
    [{ connection: "Sleeping" }, "connection state Sleeping"],
    [{ role: "Tertiary" }, "role Tertiary"],
  ] as const) {
    expect(refusalsOf(planOf([first, withKernel(second, change)]))).toEqual([
      `bravo: drbdsetup tells of the ${told}, which pulumi-drbd does not know`,
    ]);
  }
  expect(refusalsOf(planOf([first, withKernel(second, { devices: [kernelDevice("Failed")] })]))).toEqual([
    "bravo: the disk /dev/vdb behind r0 has failed",
  ]);
  expect(refusalsOf(planOf([first, withKernel(second, { devices: [kernelDevice("Attaching")] })]))).toEqual([
    "bravo: the disk of r0 is Attaching, on its way to another state",
  ]);
});

test("a configuration in another file than ours", () => {
  const elsewhere = (node: ObservedNode, text = "resource r0 { net { protocol C; } }", path = "/etc/drbd.d/web.res") =>
    withFile(withFile(node, "/etc/drbd.d/r0.res", undefined), path, text);
  const [first, second] = healthyPair();
  const plan = planOf([elsewhere(first), elsewhere(second)]);
  expect(commandsOf(plan)).toEqual([["alpha: write /etc/drbd.d/r0.res", "bravo: write /etc/drbd.d/r0.res"]]);
  expect(stepsOf(plan)[0]?.does).toMatchObject([
    {
      kind: "configure",
      replaces: { path: "/etc/drbd.d/web.res", kept: "/etc/drbd.d/web.res.before-pulumi-drbd" },
    },
  ]);
  for (const [node, told] of [
    [
      elsewhere(second, "resource r0 { } resource r7 { }"),
      "bravo: /etc/drbd.d/web.res holds `resource r7 { … }` beside r0",
    ],
    [
      withFile(second, "/etc/drbd.d/web.res", "resource r0 { }"),
      "bravo: r0 is defined twice, in /etc/drbd.d/r0.res and in /etc/drbd.d/web.res",
    ],
  ] as const) {
    expect(refusalsOf(planOf([first, node]))).toEqual([told]);
  }
});

test("another resource's file that drbdadm cannot read: refused by its name, before anything is written", () => {
  const said = "drbd.d/web.res:2: Parse error: 'disk | device' expected,\n\tbut got ''\n";
  const broken = (node: ObservedNode, output: string): ObservedNode => ({ ...node, adjust: { exit: 10, output } });
  const told = `bravo: drbdadm cannot read /etc/drbd.d/web.res, and so reads no resource at all: ${said.trim()}`;
  expect(refusalsOf(planOf([alpha, broken(bravo, said)]))).toEqual([told]);
  const [first, second] = healthyPair();
  expect(refusalsOf(planOf([first, broken(second, said)]))).toEqual([told]);
  // Our own, which is written anew.
  const own = withFile(broken(second, said.replace("web", "r0")), "/etc/drbd.d/r0.res", "resource r0 {");
  expect(refusalsOf(planOf([first, own]))).toEqual([]);
  expect(allCommands(planOf([first, own]))).toContain("bravo: write /etc/drbd.d/r0.res");
});
