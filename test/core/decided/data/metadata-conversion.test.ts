/**
 * A pair of DRBD 8.4 whose hosts get DRBD 9, one after the other, and back: what a plan says at each step. The states in
 * which a real pair was are in the captures `upgraded-…`: alpha was ahead of bravo there.
 */
import { resourceOf } from "../../one-volume";
import { type OneVolume } from "../../one-volume";
import { parseResFile } from "../../../../provider/core/config/found-resource";
import { renderGlobalCommon, renderResource } from "../../../../provider/core/config/render-configuration";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import { type Memory, noMemory } from "../../../../provider/core/seen/memory";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { globalCommonPath, resourcePath } from "../../../../provider/core/config/paths";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { answer9, probe9 } from "../../fixtures-9";
import { ways } from "../../data-builder";
import {
  type Given,
  type Pair,
  allCommands,
  blankNode,
  commandsOf,
  configurationOf,
  desiredNode,
  downNode,
  nodeAt,
  olderGi,
  planOf,
  r0,
  refusalsOf,
  rememberedDisk,
  unrelatedGi,
  usedGi,
  withFile,
  withLook,
  withKernel,
  kernelDevice,
} from "../../observed-builder";

const path = resourcePath("r0");
const file84 = configurationOf(r0);
const file9 = renderResource(resourceOf(r0), "9");
const parseError = "drbd.d/r0.res:9: Parse error: 'an option' expected,\n\tbut got 'fencing'\n";

/** With module 9, and drbdadm's answer to a file in 8.4's grammar. */
const with9 = (node: ObservedNode): ObservedNode => ({
  ...node,
  module: { version: "9.2.16", loaded: true },
  ...(node.files.get(path) === file84 ? { adjust: { exit: 10, output: parseError } } : {}),
});
/** Taken down in order: what 8.4 left on its disk. */
const down84 = (host: string, gi = usedGi): ObservedNode => downNode(host, gi);
const plan9 = (nodes: Pair, given: Given = {}) => planOf(nodes, { configuration: file9, ...given });

const converted = (node: ObservedNode, gi: string, uuid: string): ObservedNode =>
  withLook(withFile(node, path, file9), {
    disk: { kind: "signature", real: "/dev/vdb", size: 335544320, type: "drbd", uuid },
    metadata: { kind: "present", version: "v09", nodeId: -1, gi: gi.replace(/:[0-9A-F]{16}:/, `:${"0".repeat(16)}:`) },
  });

const gives = (change: { bitmap?: string; flags?: string }): string => {
  const [current, bitmap, one, two] = usedGi.split(":");
  return [current, change.bitmap ?? bitmap, one, two, change.flags ?? "1:1:0:0:0:0:0"].join(":");
};

describe("with one host upgraded there is one reason, whatever the files look like there", () => {
  test.each<[string, Pair]>([
    ["alpha", [with9(down84("alpha")), nodeAt("bravo", "synced")]],
    ["bravo", [nodeAt("alpha", "synced"), with9(down84("bravo"))]],
    [
      "bravo, with the module not loaded",
      [down84("alpha"), { ...with9(down84("bravo")), module: { version: "9.2.16", loaded: false } }],
    ],
  ])("%s", (host, nodes) => {
    const [it = ""] = host.split(",");
    const other = it === "alpha" ? "bravo" : "alpha";
    for (const configuration of [file84, file9]) {
      const plan = planOf(nodes, { configuration });
      expect(refusalsOf(plan)).toEqual([
        `${it} has DRBD 9.2.16 and ${other} 8.4.11, which read different configuration grammars and metadata`,
      ]);
      expect(ways(plan)).toMatch(
        /shows both UpToDate; unmount it; `drbdadm secondary r0` on both; then `drbdadm down r0` on both; then load DRBD 9 on both; run `pulumi up`/,
      );
    }
  });

  test("where one side's metadata is converted already, the other host follows", () => {
    const plan = plan9([converted(with9(down84("alpha")), usedGi, "55f6bfdcdead95aa"), nodeAt("bravo", "synced")]);
    expect(refusalsOf(plan)).toHaveLength(1);
    expect(ways(plan)).toMatch(/bring bravo to DRBD 9 as well: there, unmount it, `drbdadm secondary r0`/);
  });
});

describe("both hosts are upgraded", () => {
  const [alpha, bravo] = [with9(down84("alpha")), with9(down84("bravo"))];

  test("beside another's file that drbdadm cannot read: refused by its name, before ours are put into the new grammar", () => {
    const desired = desiredNode("alpha");
    const configuration = renderGlobalCommon(desired, "9");
    const others = "drbd.d/web.res:2: Parse error: 'an option' expected,\n\tbut got 'bogus'";
    const node = withFile(
      { ...alpha, adjust: { exit: 10, output: `${parseError}/etc/${parseError}/etc/${others}\n` } },
      globalCommonPath,
      configuration,
    );
    const told = `alpha: drbdadm cannot read /etc/drbd.d/web.res, and so reads no resource at all: /etc/${others}`;
    expect(refusalsOf(planNode({ desired, configuration, node, described: new Set() }))).toEqual([told]);
    expect(refusalsOf(plan9([node, bravo]))).toContain(told);
  });

  test("each host's own plan puts the files that we wrote into the new grammar, before drbdadm is asked for more", () => {
    const web = file84.replaceAll("r0", "web").replaceAll("minor 1", "minor 2");
    const node = withFile(alpha, resourcePath("web"), web);
    const desired = desiredNode("alpha");
    const configuration = renderGlobalCommon({ ...desired, global: { "usage-count": "yes" } }, "9");
    const plan = planNode({ desired, configuration, node, described: new Set() });
    expect(plan.refusals).toEqual([]);
    expect(allCommands(plan)).toEqual([
      "alpha: write /etc/drbd.d/r0.res",
      "alpha: write /etc/drbd.d/web.res",
      `alpha: write ${globalCommonPath}`,
    ]);
    const written = stepsOf(plan).flatMap(({ does = [] }) =>
      does.flatMap((one) => (one.kind === "configure" ? [one] : [])),
    );
    expect(written.map(({ unread }) => unread)).toEqual([[resourcePath("web")], [path], undefined]);
    expect(written[0]!.text.replaceAll(/^ *node-id.*\n/gm, "")).toBe(file9.replaceAll(/^ *node-id.*\n/gm, ""));
    expect(shellOf(stepsOf(plan)[0]!).body).toMatch(/^configure .etc.drbd.d.r0.res 0600 '' '' .etc.drbd.d.web.res$/m);
    // Once they are written there is nothing to do.
    const done = written.reduce<ObservedNode>((seen, { path: at, text }) => withFile(seen, at, text), {
      ...node,
      adjust: undefined,
    });
    expect(allCommands(planNode({ desired, configuration, node: done, described: new Set() }))).toEqual([]);
  });

  test("in sync: the file first, then the metadata is converted, and the pair comes up with its filesystem", () => {
    const plan = plan9([alpha, bravo]);
    expect(refusalsOf(plan)).toEqual([]);
    const convert = "drbdmeta --force 1 v09 /dev/vdb internal create-md 1";
    for (const host of ["alpha", "bravo"]) {
      expect(allCommands(plan).filter((one) => one.startsWith(host) && !/primary r0|fstab|service/.test(one))).toEqual([
        `${host}: write /etc/drbd.d/r0.res`,
        `${host}: ${convert}`,
        `${host}: drbdadm up r0`,
      ]);
    }
    const steps = stepsOf(plan).filter(({ argv }) => argv[0] === "drbdmeta");
    expect(steps.map(({ guard }) => guard)).toEqual(
      [0, 1].map(() => [["metadata_of_84", "1", "/dev/vdb", "internal", usedGi]]),
    );
    expect(allCommands(plan).join()).not.toMatch(/primary --force|mkfs|wipefs/);
    expect(formatPlan(plan)).toContain("made by DRBD 8.4: converted for DRBD 9.2.16, with its generation");
  });

  test("a boot that could not attach the old metadata left it half-way up: taken down before it is converted", () => {
    const halfUp = withKernel(alpha, { role: "Secondary", connection: undefined, devices: [kernelDevice("Diskless")] });
    const own = allCommands(plan9([halfUp, bravo])).filter((one) => /^alpha: drbd(adm|meta) /.test(one));
    expect(own.slice(0, 3)).toEqual([
      "alpha: drbdadm down r0",
      "alpha: drbdmeta --force 1 v09 /dev/vdb internal create-md 1",
      "alpha: drbdadm up r0",
    ]);
  });

  test("only one side's metadata is converted yet, as after an interruption: the other one's follows", () => {
    const half = converted(alpha, usedGi, "55f6bfdcdead95aa");
    const memory = remembering("F2099469C0D6C688");
    const commands = allCommands(plan9([half, bravo], { memory }));
    expect(commands.filter((one) => /drbdmeta/.test(one))).toEqual([
      "bravo: drbdmeta --force 1 v09 /dev/vdb internal create-md 1",
    ]);
  });

  test("a pair that nobody ever wrote through is converted, too", () => {
    const created = ["alpha", "bravo"].map((host) => {
      const node = withFile(nodeAt(host, "metadata"), path, file9);
      return { ...node, module: { version: "9.2.16", loaded: true } };
    }) as unknown as Pair;
    expect(allCommands(plan9(created)).filter((one) => /drbdmeta/.test(one))).toHaveLength(2);
  });

  const isRefused: readonly (readonly [string, string, string, RegExp])[] = [
    ["alpha is ahead", gives({ bitmap: olderGi.split(":")[0] }), olderGi, /alpha has newer data than bravo/],
    ["bravo is ahead", olderGi, gives({ bitmap: olderGi.split(":")[0] }), /bravo has newer data than alpha/],
    ["a resync was not over", gives({ bitmap: "1111111111111110" }), usedGi, /alpha has newer data than bravo/],
    ["alpha crashed as Primary", gives({ flags: "1:1:1:0:0:0:0" }), usedGi, /alpha was not taken down in order/],
    ["bravo crashed as Primary before", usedGi, gives({ flags: "1:1:0:0:0:0:1" }), /bravo was not taken down in order/],
    ["they have nothing in common", usedGi, unrelatedGi, /nothing in common/],
  ];
  test.each(isRefused)(
    "%s: nothing is converted, and the way back to a pair in sync is told",
    (_, ofAlpha, ofBravo, found) => {
      const plan = plan9([with9(down84("alpha", ofAlpha)), with9(down84("bravo", ofBravo))]);
      expect(refusalsOf(plan).join()).toMatch(found);
      expect(refusalsOf(plan)).toHaveLength(1);
      expect(ways(plan)).toMatch(
        /Bring 8\.4 back to both hosts.*`drbdadm secondary r0` on both; then `drbdadm down r0` on both/,
      );
    },
  );

  test("where 8.4 is gone for good, the older side goes by name, and never the newer", () => {
    const ahead = with9(down84("alpha", gives({ bitmap: olderGi.split(":")[0] })));
    const behind = with9(down84("bravo", olderGi));
    const line = 'discard: { bravo: "drbd:29ff20370300d6d2" }';
    expect(ways(plan9([ahead, behind]))).toContain(line);
    expect(ways(plan9([ahead, behind]))).not.toContain("discard: { alpha");
    const discard = { bravo: ["drbd:29ff20370300d6d2"] };
    const commands = commandsOf(plan9([ahead, behind], { desired: { ...r0, discard } })).flat();
    expect(commands).toEqual(
      expect.arrayContaining([
        "alpha: drbdmeta --force 1 v09 /dev/vdb internal create-md 1",
        "bravo: wipefs -a /dev/vdb",
        "bravo: drbdadm create-md r0",
      ]),
    );
    // The other way round nothing of it happens.
    const wrong = { alpha: ["drbd:29ff20370300d6d2"] };
    expect(refusalsOf(plan9([ahead, behind], { desired: { ...r0, discard: wrong } }))).toHaveLength(1);
  });
});

const remembering = (generation: string | undefined): Memory => ({
  ...noMemory,
  disks: Object.fromEntries(
    ["alpha", "bravo"].map((host, place) => [
      host,
      rememberedDisk({
        serial: `000${place + 1}`,
        metadataUuid: "29ff20370300d6d2",
        ...(generation && { generation }),
      }),
    ]),
  ),
});

describe("metadata that somebody converted by hand", () => {
  const both = (gi = usedGi): Pair => [
    converted(with9(down84("alpha")), gi, "55f6bfdcdead95aa"),
    converted(with9(down84("bravo")), gi, "f2642de6e38509eb"),
  ];
  const moved = `AAAAAAAAAAAAAAA0:${usedGi}`.split(":");

  test.each([
    ["in the generation that is remembered", usedGi],
    ["in one that came after it", [moved[0], "0".repeat(16), moved[1], moved[3], ...moved.slice(5)].join(":")],
  ])("is the pair's own %s, whatever its device UUID is", (_, gi) => {
    const plan = plan9(both(gi), { memory: remembering("F2099469C0D6C688") });
    expect(refusalsOf(plan)).toEqual([]);
    expect(allCommands(plan)).toEqual(expect.arrayContaining(["alpha: drbdadm up r0", "bravo: drbdadm up r0"]));
    expect(allCommands(plan).join()).not.toMatch(/create-md|wipefs|--force/);
  });

  test("of another generation, or with none remembered, it is a stranger, and the way on does not cost a copy", () => {
    for (const generation of ["1234123412341234", undefined]) {
      const plan = plan9(both(), { memory: remembering(generation) });
      expect(refusalsOf(plan)).toHaveLength(2);
      expect(ways(plan)).toContain("`drbdadm up r0` on both hosts");
      expect(ways(plan)).not.toContain("discard");
    }
  });
});

describe("the states of a real pair, of which alpha was ahead", () => {
  const wanted: OneVolume = {
    ...r0,
    sides: [
      { ...r0.sides[0], address: "10.0.99.1" },
      { ...r0.sides[1], address: "10.0.99.2" },
    ],
  };
  const seen = (state: string): Pair => {
    const node = (host: string, own: number) => {
      const gi = answer9(`${state}.${host}`, `drbdmeta --node-id ${1 - own} 1 v09 /dev/vdb internal get-gi`);
      const [, uuid = ""] =
        /^UUID=([0-9a-f]{16})$/m.exec(answer9(`${state}.${host}`, "blkid -p -o export /dev/vdb").output) ?? [];
      // The captures are older than the question for all slots; drbdadm had not been asked about our own new file either.
      const probe = probe9(`${state}.${host}`, "close")
        .replace(/^v09 \S+$/m, `v09 ${uuid} -1 - ${1 - own} ${gi.output.trim()}`)
        .replace(/^@N candidate [^]*?(?=^@N end)/m, "");
      return parseProbe("N", probe);
    };
    return [node("alpha", 0), node("bravo", 1)];
  };
  const configuration = renderResource(resourceOf(wanted), "9");

  test("the modules are upgraded: nothing is converted, since bravo would be called a split brain's half", () => {
    const plan = planOf(seen("upgraded-module9-metadata-v08"), { desired: wanted, configuration });
    expect(refusalsOf(plan)).toEqual([
      expect.stringMatching(
        /^the metadata of r0 is DRBD 8\.4's and must be converted, and alpha has newer data than bravo/,
      ),
    ]);
    expect(ways(plan)).toContain('discard: { bravo: "drbd:6efb7ea158995115" }');
    expect(ways(plan)).not.toContain("discard: { alpha");
  });

  test.each(["upgraded-converted-to-v09-both-down", "upgraded-converted-ups-unrelated"])(
    "%s: only bravo's may be given up, which is Outdated",
    (state) => {
      const plan = planOf(seen(state), { desired: wanted, configuration });
      expect(refusalsOf(plan)).toEqual([expect.stringMatching(/^split brain: alpha and bravo/)]);
      expect(ways(plan)).toContain("It is bravo, which is Outdated by its own metadata: alpha went on without it.");
      expect(ways(plan)).toContain("To give up bravo's");
      expect(ways(plan)).not.toContain("To give up alpha's");
    },
  );
});

describe("back from DRBD 9 to 8.4", () => {
  const of9 = (host: string): ObservedNode => {
    const node = withFile(downNode(host, usedGi), path, file9);
    return withLook(node, { metadata: { kind: "present", version: "v09", nodeId: 0, gi: `${usedGi}:0:0:0:0:0` } });
  };

  test("both hosts: refused, with the order that works", () => {
    const plan = planOf([of9("alpha"), of9("bravo")]);
    expect(refusalsOf(plan)).toEqual(
      ["alpha", "bravo"].map(
        (host) => `${host}: /dev/vdb holds DRBD metadata of version v09, and the module there (8.4.11) reads v08`,
      ),
    );
    expect(ways(plan)).toContain("Load DRBD 9 there again");
    expect(ways(plan)).toContain("`drbdmeta 1 v08 /dev/vdb internal create-md`");
  });

  test("one host: one reason, and its side is the one to mend", () => {
    const nine = { ...of9("bravo"), module: { version: "9.2.16", loaded: true } };
    const plan = planOf([of9("alpha"), nine]);
    expect(refusalsOf(plan)).toEqual([
      "bravo has DRBD 9.2.16 and alpha 8.4.11, which read different configuration grammars and metadata",
    ]);
    expect(ways(plan)).toContain("bring alpha to DRBD 9 as well");
  });

  test("our own file goes back to the grammar that drbdadm reads", () => {
    const desired = desiredNode("alpha");
    const node = withFile(blankNode("alpha"), path, file9);
    const plan = planNode({ desired, configuration: renderGlobalCommon(desired, "8.4"), node, described: new Set() });
    const texts = stepsOf(plan).flatMap(({ does = [] }) =>
      does.flatMap((one) => (one.kind === "configure" ? [one.text] : [])),
    );
    expect(texts).toEqual([file84]);
    expect(parseResFile(texts[0]!)[0]!.nodeIds).toEqual([]);
  });
});
