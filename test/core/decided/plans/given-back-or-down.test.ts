/** What a destroy does with a pair that was taken over: given back to run on, or taken down with the user's files beside. */
import { metadataPlaceFrom } from "../../../../provider/core/wanted/metadata-place";
import { type OneVolume, resourceOf } from "../../one-volume";
import { noMemory } from "../../../../provider/core/seen/memory";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf, type Plan } from "../../../../provider/core/steps/plan";
import { givenBackQuestions } from "../../../../provider/core/installed/definition";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { planTeardown } from "../../../../provider/core/decided/plans/plan-resource-teardown";
import { renderGlobalCommon } from "../../../../provider/core/config/render-configuration";
import { activeLink, bringUpOf, dropInPathsOn } from "../../../../provider/core/steps/boot-units";
import { lastPrimaryNote } from "../../../../provider/core/steps/own-folder";
import {
  type Pair,
  allCommands,
  blankNode,
  desiredNode,
  filesystemUuid,
  healthyPair,
  planOf,
  r0,
  refusalsOf,
  withFile,
  withIncludes,
  withKernel,
} from "../../observed-builder";

const path = "/etc/drbd.d/r0.res";
const kept = `${path}.before-pulumi-drbd`;
const commonPath = "/etc/drbd.d/global_common.conf";
const keptCommon = `${commonPath}.before-pulumi-drbd`;
const side = (host: string, address: string) =>
  `on ${host} { device /dev/drbd1; disk /dev/vdb; address ${address}:7789; meta-disk internal; }`;
const tutorials = `resource r0 { ${side("alpha", "10.1.1.31")} ${side("bravo", "10.1.1.32")} }\n`;
const common = "common { net { protocol A; } }\n";
const ours = renderGlobalCommon(desiredNode("alpha"), "8.4");
const line = "/dev/drbd1 /srv/data xfs defaults 0 0";
const otherProtocol = "drbdsetup-84 net-options ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --set-defaults --protocol=A\n";
const note = "/var/lib/pulumi-drbd/r0.boot";

interface Taken {
  /** Where the user's file was. */
  readonly where?: string;
  readonly text?: string;
  readonly line?: string;
  readonly common?: string;
}

/** A host of a healthy pair that was taken over: what was there before lies beside. */
const taken = (node: ObservedNode, { where = path, text = tutorials, ...more }: Taken = {}): ObservedNode => {
  const own = node.files.get("/etc/fstab") ?? "";
  const fstab = own.replace(/\/dev\/drbd1/, `# before pulumi-drbd: ${more.line ?? line}\n/dev/drbd1`);
  const files = withFile(
    withFile(withFile(node, `${where}.before-pulumi-drbd`, text), "/etc/fstab", fstab),
    commonPath,
    ours,
  );
  return more.common === undefined ? files : withFile(files, keptCommon, more.common);
};

/** As drbdadm answers what is asked about a host; by its global_common.conf, where that is of matter. */
const answered = (
  node: ObservedNode,
  says: string | ((globalCommon: string) => string) = "",
  exit = 0,
): ObservedNode => ({
  ...node,
  givenBack: givenBackQuestions(node, "r0").map(({ name, globalCommon, resource }) => ({
    name,
    globalCommon,
    resource,
    change: { exit, output: typeof says === "string" ? says : says(globalCommon) },
  })),
});
const both = (change: (node: ObservedNode) => ObservedNode): Pair => {
  const [alpha, bravo] = healthyPair();
  return [change(alpha), change(bravo)];
};
const destroy = (nodes: readonly ObservedNode[], staying: readonly string[] = []): Plan =>
  planTeardown(resourceOf(r0), ["alpha", "bravo"].slice(0, nodes.length), nodes, new Set(staying));
const on = (host: string, plan: Plan) => allCommands(plan).filter((one) => one.startsWith(host));
const stops = (plan: Plan) =>
  allCommands(plan).filter((one) => /umount|drbdadm|systemctl stop (?!--job-mode=ignore-dependencies)/.test(one));
const because = (plan: Plan, command: string) => [
  ...new Set(stepsOf(plan).flatMap((step) => (step.argv.join(" ") === command ? [step.because] : []))),
];

describe("a pair that runs by the user's own files as it does now", () => {
  const plan = destroy(both((node) => answered(taken(node))));

  test("gets them back, and nothing that runs is touched", () => {
    expect(refusalsOf(plan)).toEqual([]);
    expect(stops(plan)).toEqual([]);
    const rest = [
      "systemctl disable --no-reload drbd@r0.target",
      "write /etc/fstab",
      `rm -f ${["drbd@r0.service", "drbd@r0.target", "drbd-primary-services@r0.target"].map((unit) => `/etc/systemd/system/${unit}.d/pulumi-drbd.conf`).join(" ")}`,
      "systemctl stop --job-mode=ignore-dependencies drbd-primary-services@r0.target drbd-primary@r0.target drbd-role@r0.service drbd-primary@r0.service drbd@r0.target drbd@r0.service",
      "rm -f /var/lib/pulumi-drbd/r0.last-primary",
      "rm -f /etc/pulumi-drbd/r0.conf",
      `mv -f ${kept} ${path}`,
    ];
    expect(on("alpha", plan)).toEqual(rest.map((one) => `alpha: ${one}`));
    expect(on("bravo", plan)).toEqual(
      rest.map(
        (one) =>
          `bravo: ${one.replace(/(drbd-primary-services@r0.target drbd-primary@r0.target|drbd-primary@r0.service) (?=drbd)/g, "")}`,
      ),
    );
    expect(because(plan, `mv -f ${kept} ${path}`)).toEqual([
      "your own file; `drbdadm adjust` with it changes nothing, and r0 runs on",
    ]);
    expect(because(plan, "write /etc/fstab")).toEqual([`ours goes; \`${line}\` is a line again`]);
  });

  test("the units are stopped without their stop commands, after the mount has lost its need of them", () => {
    const [step] = stepsOf(plan).filter(({ argv }) => argv[1] === "stop");
    expect(shellOf(step!).body).toMatch(/^forget_units drbd-primary-services@r0\.target drbd-primary@r0\.target /);
  });

  test("is told what the next boot makes of its line of fstab", () => {
    expect(plan.warnings).toEqual([
      expect.stringContaining(`alpha: \`${line}\` is given back as it was: a boot`),
      expect.stringContaining("bravo: `/dev/drbd1 /srv/data"),
    ]);
  });

  test("what is left of an earlier run goes on, and what is done is left alone", () => {
    const [alpha, bravo] = both((node) => answered(taken(node)));
    const done = (node: ObservedNode): ObservedNode => {
      const ours = [...dropInPathsOn(node, "r0"), lastPrimaryNote("r0")];
      const without = ours.reduce((one, file) => withFile(one, file, undefined), node);
      const files = withFile(withFile(withFile(without, path, tutorials), kept, undefined), "/etc/fstab", `${line}\n`);
      return answered({ ...withFile(files, "/etc/pulumi-drbd/r0.conf", undefined), links: [] });
    };
    const over = destroy([done(alpha), done(bravo)]);
    expect(allCommands(over)).toEqual([]);
    expect(over.warnings[0]).toBe(
      "alpha: r0 runs there by a file that pulumi-drbd did not write, and is left as it is",
    );
    const goesOn = destroy([done(alpha), bravo]);
    expect([on("alpha", goesOn), stops(goesOn), on("bravo", goesOn).at(-1)]).toEqual([
      [],
      [],
      `bravo: mv -f ${kept} ${path}`,
    ]);
    // Whatever becomes of the other one.
    expect(allCommands(destroy([done(alpha)]))).toEqual([]);
    // Our own file went, and theirs had not come yet.
    const between = answered(withFile(taken(alpha), path, undefined));
    expect(on("alpha", destroy([between, bravo])).at(-1)).toBe(`alpha: mv -f ${kept} ${path}`);
  });

  test("a file that another include leads to comes back to its place; one that none leads to does not", () => {
    const where = "/etc/drbd.d/pairs/r0.res";
    const by = (includes: readonly string[]) =>
      destroy(both((node) => answered(withIncludes(taken(node, { where }), ["drbd.d/*", ...includes]))));
    const given = by(["drbd.d/pairs/*.res"]);
    expect(on("alpha", given).slice(-2)).toEqual([
      `alpha: rm -f ${path}`,
      `alpha: mv -f ${where}.before-pulumi-drbd ${where}`,
    ]);
    expect(stops(given)).toEqual([]);
    const down = by([]);
    expect(stops(down)).not.toEqual([]);
    expect(down.warnings).toContain(
      `alpha: ${where}.before-pulumi-drbd, your own file from before, stays there and is not put back as ${where}: /etc/drbd.conf does not include ${where} any more`,
    );
  });

  test("a file of ours that a line names alone stays, and is empty: drbdadm would fail for every resource", () => {
    const where = "/etc/drbd.d/pairs/r0.res";
    const nodes = both((node) =>
      answered(withIncludes(taken(node, { where }), ["drbd.d/r0.res", "drbd.d/pairs/*.res"])),
    );
    const step = stepsOf(destroy(nodes)).find(({ argv }) => argv.join(" ") === `write ${path}`);
    expect(step?.because).toBe(
      'empty: written by us; `include "drbd.d/r0.res";` in /etc/drbd.conf needs a file of that name',
    );
    expect(step?.does).toEqual([
      { kind: "put", path, text: "# Managed by pulumi-drbd: empty since its resource is gone.\n", mode: 0o644 },
    ]);
  });

  test("a file of another name comes back beside ours, which goes first", () => {
    const where = "/etc/drbd.d/storage.res";
    expect(on("alpha", destroy(both((node) => answered(taken(node, { where }))))).slice(-2)).toEqual([
      `alpha: rm -f ${path}`,
      `alpha: mv -f ${where}.before-pulumi-drbd ${where}`,
    ]);
  });

  test.each([
    [`UUID=${filesystemUuid}`],
    [`UUID="${filesystemUuid.toUpperCase()}"`],
    ["LABEL=data"],
    ["/dev/disk/by-label/data"],
    ["/dev/drbd/by-disk/vdb"],
  ])("its line with %s is a line again", (word) => {
    const theirs = `${word} /srv/data/ xfs defaults,noauto 0 0`;
    const given = destroy(both((node) => answered(taken(node, { line: theirs }))));
    expect(because(given, "write /etc/fstab")).toEqual([`ours goes; \`${theirs}\` is a line again`]);
    expect(JSON.stringify(stepsOf(given))).toContain(JSON.stringify(word));
  });

  test("a comment that was another folder's line is another resource's: it stays", () => {
    const theirs = "UUID=ff /srv/web xfs defaults 0 0";
    const given = destroy(both((node) => answered(taken(node, { line: theirs }))));
    expect(because(given, "write /etc/fstab")).toEqual(["ours goes"]);
  });
});

describe("what brought it up at boot before", () => {
  const before = { links: ["/etc/systemd/system/multi-user.target.wants/drbd@r0.target", activeLink(bringUpOf("r0"))] };

  test("is noted when it is taken over, once", () => {
    const byHand = (node: ObservedNode): ObservedNode => ({
      ...withFile(withFile(node, path, tutorials), "/etc/fstab", `${line}\n`),
      ...before,
    });
    const given = { globalCommon: [ours, ours] as const };
    const written = (nodes: Pair) => allCommands(planOf(nodes, given)).filter((one) => one.endsWith(note));
    expect(written(both(byHand))).toEqual([`alpha: write ${note}`, `bravo: write ${note}`]);
    expect(written(both((node) => ({ ...byHand(node), links: [] })))).toEqual([]);
    // Where it was ours before, and somebody put another file in that place, the units are ours.
    const [alpha] = healthyPair();
    const ownLine = alpha.files.get("/etc/fstab");
    expect(written(both((node) => withFile(byHand(node), kept, tutorials)))).toEqual([]);
    expect(written(both((node) => withFile(byHand(node), "/etc/fstab", ownLine)))).toEqual([]);
    expect(
      allCommands(planOf(both(byHand), { ...given, memory: { ...noMemory, filesystemUuid } })).join(),
    ).not.toContain(note);
    expect(stepsOf(planOf(both(byHand), given)).flatMap(({ does = [] }) => does)).toContainEqual({
      kind: "put",
      path: note,
      text: "enabled\nactive\n",
      mode: 0o644,
    });
  });

  test("stays enabled and active where that is noted, and the note goes", () => {
    const plan = destroy(both((node) => answered(withFile(taken(node), note, "enabled\nactive\n"))));
    expect(on("alpha", plan).filter((one) => /systemctl (?!.*conf)|rm.*(boot|pulumi-drbd\/r0.conf)/.test(one))).toEqual(
      [
        "alpha: systemctl stop --job-mode=ignore-dependencies drbd-primary-services@r0.target drbd-primary@r0.target drbd-role@r0.service drbd-primary@r0.service",
        `alpha: rm -f ${note}`,
        "alpha: rm -f /etc/pulumi-drbd/r0.conf",
      ],
    );
    expect(on("bravo", plan).filter((one) => /systemctl (?!.*conf)|rm.*(boot|pulumi-drbd\/r0.conf)/.test(one))).toEqual(
      [
        "bravo: systemctl stop --job-mode=ignore-dependencies drbd-role@r0.service",
        `bravo: rm -f ${note}`,
        "bravo: rm -f /etc/pulumi-drbd/r0.conf",
      ],
    );
  });

  test("is taken away where the resource is: it must not come up again", () => {
    const plan = destroy(both((node) => withFile(taken(node), note, "enabled\n")));
    expect(on("alpha", plan)).toEqual(
      expect.arrayContaining(["alpha: systemctl disable --no-reload drbd@r0.target", `alpha: rm -f ${note}`]),
    );
  });
});

describe("the global_common.conf that it lived by", () => {
  const livesByTheirs = (globalCommon: string) => (globalCommon === common ? "" : otherProtocol);
  const pair = both((node) => answered(taken(node, { common }), livesByTheirs));

  test("comes back just before it, where nothing else lives by ours", () => {
    expect(on("alpha", destroy(pair)).slice(-2)).toEqual([
      `alpha: mv -f ${keptCommon} ${commonPath}`,
      `alpha: mv -f ${kept} ${path}`,
    ]);
  });

  test("is left to the host's own teardown where another resource is there still", () => {
    const web = tutorials.replace("r0", "web");
    const [alpha] = both((node) => withFile(taken(node, { common }), "/etc/drbd.d/web.res", web));
    const running = withKernel(taken(pair[0], { common }), { role: "Secondary" }, "web");
    for (const one of [alpha, running]) {
      const plan = destroy([answered(one, livesByTheirs), pair[1]]);
      expect([stops(plan), on("alpha", plan).slice(-1)]).toEqual([[], [`alpha: mv -f ${kept} ${path}`]]);
      expect(on("alpha", plan)).not.toContain(`alpha: mv -f ${keptCommon} ${commonPath}`);
    }
  });

  test("does not come where the host's DrbdNode stays: what it would mean beside ours decides", () => {
    const plan = destroy(pair, ["alpha", "bravo"]);
    expect(stops(plan)).toContain("alpha: drbdadm down r0");
    expect(plan.warnings[0]).toContain(
      "beside the DrbdNode's global_common.conf would change what runs: net-options --protocol=A",
    );
    const livesByOurs = both((node) =>
      answered(taken(node, { common }), (text) => (text === ours ? "" : otherProtocol)),
    );
    const back = destroy(livesByOurs, ["alpha", "bravo"]);
    expect([stops(back), on("alpha", back).at(-1)]).toEqual([[], `alpha: mv -f ${kept} ${path}`]);
    expect(stops(destroy(livesByOurs))).toContain("alpha: drbdadm down r0");
  });
});

test.each([
  ["another slot", "/dev/vdc[1]", "/dev/vdc[2]", 2],
  ["no slot", "/dev/vdc[0]", "/dev/vdc", undefined],
])("taken down where drbdadm sees no difference, and the metadata lies in %s now", (_how, before, now, metaIndex) => {
  const inSlot = (index: number | undefined): OneVolume => {
    const [one, other] = r0.sides;
    const place = { metaDisk: "/dev/vdc", ...(index === undefined ? {} : { metaIndex: index }) };
    return {
      ...r0,
      sides: [
        { ...one, ...place },
        { ...other, ...place },
      ],
    };
  };
  const nodes = healthyPair(inSlot(metaIndex)).map((node) =>
    answered(taken(node, { text: tutorials.replaceAll("meta-disk internal", `meta-disk ${before}`) })),
  );
  const plan = planTeardown(resourceOf(inSlot(metaIndex)), ["alpha", "bravo"], nodes);
  expect(stops(plan)).toContain("alpha: drbdadm down r0");
  expect(allCommands(plan).join()).not.toContain("mv -f");
  expect(plan.warnings[0]).toContain(
    `${kept}, your own file from before, stays there and is not put back as ${path}: the metadata of r0 is on ${before} by it, and on ${now} now`,
  );
  // The slot that it has always had.
  const { metaIndex: first } = metadataPlaceFrom(before);
  expect(stops(planTeardown(resourceOf(inSlot(first)), ["alpha", "bravo"], nodes))).toEqual([]);
});

describe("taken down as usual, with the old files beside, where", () => {
  const down = ["alpha: umount /srv/data", "alpha: drbdadm secondary r0", "alpha: drbdadm down r0"];
  const [alpha, bravo] = both((node) => taken(node));
  const well = { alpha: answered(alpha), bravo: answered(bravo) };
  const cases: [string, readonly ObservedNode[], RegExp][] = [
    [
      "another protocol has come",
      [answered(alpha, otherProtocol), answered(bravo, otherProtocol)],
      /^alpha: .*drbdadm adjust` with it would change what runs: net-options --protocol=A$/,
    ],
    [
      "the other host differs alone",
      [well.alpha, answered(bravo, otherProtocol)],
      /^alpha: .*: on bravo `drbdadm adjust` with it would change what runs: .*, and it is given back on both or on neither$/,
    ],
    [
      "it would have another disk",
      [answered(alpha, "drbdsetup-84 detach 1\ndrbdsetup-84 attach 1 /dev/vdc /dev/vdc internal\n"), well.bravo],
      /^alpha: .*would change what runs: detach; attach$/,
    ],
    [
      "it would have another address",
      [
        answered(
          alpha,
          `drbdsetup-84 disconnect ipv4:10.1.1.31:7799 ipv4:10.1.1.32:7799\ndrbdsetup-84 connect r0 ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789\n`,
        ),
        well.bravo,
      ],
      /^alpha: .*the connection moves from ipv4:10.1.1.31:7799 ipv4:10.1.1.32:7799 to ipv4:10.1.1.31:7789/,
    ],
    [
      "it would have another secret",
      [answered(alpha, "drbdsetup-84 net-options a b --shared-secret=Tell-nobody\n"), well.bravo],
      /net-options --shared-secret="\(secret\)"$/,
    ],
    [
      "drbdadm would not take them",
      [answered(alpha, "STDIN:3: Parse error", 10), well.bravo],
      /^alpha: .*: drbdadm would not take it: STDIN:3: Parse error$/,
    ],
    ["drbdadm was not asked", [alpha, well.bravo], /^alpha: .*: drbdadm is not there to be asked$/],
    [
      "the answer is about other files",
      [withFile(well.alpha, kept, `${tutorials}# newer\n`), well.bravo],
      /drbdadm is not there to be asked$/,
    ],
    [
      "one host has none from before",
      [well.alpha, healthyPair()[1]],
      /^alpha: .*: on bravo there are no files from before, and/,
    ],
    [
      "the other host is away",
      [well.alpha],
      /^alpha: .*: the other host is not at hand, and it is given back on both or on neither$/,
    ],
  ];

  test.each(cases)("%s", (_what, nodes, told) => {
    const plan = destroy(nodes);
    expect(on("alpha", plan).slice(0, 3)).toEqual(down);
    expect(on("alpha", plan).slice(-2)).toEqual([
      `alpha: rm -f ${path}`,
      "alpha: rm -f /var/lib/pulumi-drbd/r0.last-primary",
    ]);
    expect(allCommands(plan).filter((one) => / mv /.test(one))).toEqual([]);
    expect(JSON.stringify(plan)).not.toContain('"givesBack":true');
    expect(JSON.stringify(plan)).not.toContain("Tell-nobody");
    expect(plan.warnings[0]).toMatch(told);
    expect(plan.warnings[0]).toContain(
      `${kept}, your own file from before, stays there and is not put back as ${path}`,
    );
    expect(plan.warnings[1]).toContain(`alpha: your line in /etc/fstab stays a comment there: ${line}`);
  });

  test("it is down: nothing shows that the old files are right", () => {
    const plan = destroy(both((node) => withKernel({ ...taken(node), mounts: [] }, undefined)));
    expect(on("alpha", plan).slice(-2)).toEqual([
      `alpha: rm -f ${path}`,
      "alpha: rm -f /var/lib/pulumi-drbd/r0.last-primary",
    ]);
    expect(plan.warnings[0]).toMatch(/: r0 is down$/);
  });

  test("somebody has put another file in that place: it is not written over", () => {
    const where = "/etc/drbd.d/storage.res";
    const plan = destroy(
      both((node) => withFile(answered(taken(node, { where })), where, tutorials.replace("r0", "web"))),
    );
    expect(allCommands(plan).filter((one) => / mv |rm -f .*storage/.test(one))).toEqual([]);
    expect(plan.warnings[0]).toMatch(/: \/etc\/drbd.d\/storage.res is there again$/);
  });

  test("somebody's own file in the place of ours is never removed", () => {
    const theirs = both((node) =>
      answered(withFile(taken(node), path, tutorials.replace("{", "{ net { protocol B; }")), otherProtocol),
    );
    const plan = destroy(theirs);
    expect(stops(plan)).toContain("alpha: drbdadm down r0");
    expect(allCommands(plan).filter((one) => / mv | rm .*\/etc\/drbd/.test(one))).toEqual([]);
    expect(plan.warnings).toHaveLength(2);
    expect(plan.warnings[0]).toContain(`alpha: ${path}, which pulumi-drbd did not write, stays there`);
    expect(plan.warnings[0]).toMatch(
      /net-options --protocol=A.* names the disk that has the data, \/dev\/vdb, or move/,
    );
  });
});

test("a host that was never taken over is asked nothing, nor one where it does not run", () => {
  expect(givenBackQuestions(healthyPair()[0], "r0")).toEqual([]);
  expect(givenBackQuestions(blankNode("alpha"), "r0")).toEqual([]);
  const asked = givenBackQuestions(taken(healthyPair()[0], { common }), "r0");
  expect(asked).toEqual([
    { name: "r0", globalCommon: ours, resource: tutorials, left: [commonPath, path] },
    { name: "r0", globalCommon: common, resource: tutorials, left: [commonPath, path] },
  ]);
  const storage = taken(healthyPair()[0], { where: "/etc/drbd.d/storage.res" });
  expect(givenBackQuestions(storage, "r0").map(({ left }) => left)).toEqual([
    [commonPath, path, "/etc/drbd.d/storage.res"],
  ]);
});
