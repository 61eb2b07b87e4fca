/** What a boot brings up, promotes and mounts, and what of it is started at once. */
import { actionsOf, stepsOf } from "../../../../provider/core/steps/plan";
import {
  activeLink,
  bringUpOf,
  bringUpUnits,
  generatedUnitPath,
  packagedTargetPaths,
} from "../../../../provider/core/steps/boot-units";
import {
  commandsOf,
  blankPair,
  healthyPair,
  planOf,
  type Pair,
  r0,
  withFile,
  withKernel,
} from "../../observed-builder";

const [alpha, bravo] = healthyPair();
const onBravo = (node: Pair[1]) => commandsOf(planOf([alpha, node]));
const inactive = { ...bravo, links: bravo.links.filter((link) => link !== activeLink(bringUpOf("r0"))) };

describe("a resource that runs, and whose unit does not", () => {
  test("its unit is started, with nothing else, behind a look whether it still runs", () => {
    const plan = planOf([alpha, inactive]);
    expect(commandsOf(plan)).toEqual([["bravo: systemctl start drbd@r0.target"]]);
    const [step] = stepsOf(plan);
    expect(step?.guard).toEqual([["is_attached", "r0"]]);
    expect(actionsOf(step!)).toEqual([
      {
        kind: "run",
        argv: ["systemctl", "start", "--job-mode=ignore-dependencies", "drbd@r0.service", "drbd@r0.target"],
      },
    ]);
  });

  test("it is StandAlone: refused, since the unit would connect it", () => {
    const plan = planOf([alpha, withKernel(inactive, { connection: "StandAlone" })]);
    expect(commandsOf(plan)).toEqual([]);
    expect(plan.refusals.map(({ node }) => node)).toEqual(["bravo"]);
  });
});

describe("drbd-utils without drbd@.target (before 9.18)", () => {
  const [packaged] = packagedTargetPaths;
  const without = (pair: Pair): Pair => [
    withFile(pair[0], packaged, undefined),
    withFile(pair[1], packaged, undefined),
  ];
  const written = bringUpUnits.map(({ path }) => `write ${path}`);
  const removed = `bravo: rm -f ${bringUpUnits.map(({ path }) => path).join(" ")}`;
  const withOurs = (node: Pair[1]) => bringUpUnits.reduce((one, { path, text }) => withFile(one, path, text), node);

  test("a first up writes units of our own before it enables the target, and forces nothing before", () => {
    const [first = []] = commandsOf(planOf(without(blankPair())));
    for (const host of ["alpha", "bravo"]) {
      const commands = first.filter((one) => one.startsWith(`${host}: `)).map((one) => one.slice(host.length + 2));
      const enable = commands.indexOf("systemctl enable --no-reload drbd@r0.target");
      const before = commands.slice(0, enable).filter((one) => one.includes("/drbd@."));
      expect(before).toEqual(written);
    }
    expect(first.filter((one) => one.includes("--force"))).toEqual([]);
  });

  test("they are there: nothing to do", () => {
    expect(onBravo(withOurs(withFile(bravo, packaged, undefined)))).toEqual([]);
  });

  test("of another version of ours: written anew", () => {
    const [{ path, text }] = bringUpUnits as [(typeof bringUpUnits)[0]];
    const changed = withFile(withOurs(withFile(bravo, packaged, undefined)), path, `${text}\n`);
    expect(onBravo(changed)).toEqual([[`bravo: write ${path}`, "bravo: systemctl daemon-reload"]]);
  });

  test("somebody else wrote such units: theirs count", () => {
    const target = bringUpUnits[1]!.path;
    expect(onBravo(withFile(withFile(bravo, packaged, undefined), target, "[Unit]\n"))).toEqual([]);
  });

  test.each(packagedTargetPaths)("the package brings it by now, as %s: ours go", (path) => {
    const upgraded = withFile(withOurs(withFile(bravo, packaged, undefined)), path, "[Unit]\n");
    expect(onBravo(upgraded)).toEqual([[removed, "bravo: systemctl daemon-reload"]]);
  });

  describe("drbd-utils is still to be installed", () => {
    const units = (codename?: string) => {
      const bare = (node: Pair[0]) => ({ ...node, utils: null, os: { ...node.os, codename } });
      const [first, second] = without(blankPair());
      const commands = commandsOf(planOf([bare(first), bare(second)], { preview: true })).flat();
      return commands.filter((one) => written.some((write) => one.endsWith(write)));
    };

    test.each([undefined, "trixie", "bookworm", "noble"])("what it brings on %s is seen afterwards", (codename) => {
      expect(units(codename)).toEqual([]);
    });

    test.each(["bullseye", "jammy"])("on %s its package brings none: the preview shows ours", (codename) => {
      expect(units(codename)).toEqual(["alpha", "bravo"].flatMap((host) => written.map((one) => `${host}: ${one}`)));
    });
  });
});

describe("what systemd made of fstab", () => {
  const root = withFile(bravo, "/run/systemd/generator/-.mount", "[Mount]\nWhat=/dev/vda\n");
  const unit = (device: string, required: string) =>
    `[Unit]\nRequires=${required}\n[Mount]\nWhat=${device}\nWhere=/srv/data\n`;
  const path = generatedUnitPath(r0.filesystem!.mountPoint!);

  test.each([
    ["nothing, before it was told", undefined],
    ["another device's mount", unit("/dev/sdb", "drbd-primary@r0.target drbd-primary@r0.service")],
    ["a mount that nothing is promoted for", unit("/dev/drbd1", "drbd-primary@r0.service")],
    ["a mount that no stop of the promotion reaches", unit("/dev/drbd1", "drbd-primary@r0.target")],
  ])("%s: told now", (_what, text) => {
    expect(onBravo(withFile(root, path, text))).toEqual([["bravo: systemctl daemon-reload"]]);
  });

  test("the mount as it is wanted: not told again", () => {
    expect(onBravo(withFile(root, path, unit("/dev/drbd1", "drbd-primary@r0.target drbd-primary@r0.service")))).toEqual(
      [],
    );
    const apart = unit("/dev/drbd1", "drbd-primary@r0.target\nRequires=drbd-primary@r0.service");
    expect(onBravo(withFile(root, path, apart))).toEqual([]);
  });
});
