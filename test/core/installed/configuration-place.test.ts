import { ownMark } from "../../../provider/core/config/own-mark";
import { isSetUpByOthers, otherPlace, placeRefusals } from "../../../provider/core/installed/configuration-place";
import { includesFor } from "../../../provider/core/installed/includes";
import { keptName } from "../../../provider/core/installed/kept-files";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { blankNode, healthyPair, withFile, withIncludes } from "../observed-builder";

const PATH = "/etc/drbd.d/r0.res";
const definition = "resource r0 { }\n";
const blank = blankNode("alpha");
const running = withFile(healthyPair()[0], PATH, undefined);
const ours = `# ${ownMark}\n${definition}`;

test.each<[string, ObservedNode, boolean]>([
  ["nothing is there", blank, false],
  ["our file", withFile(blank, PATH, ours), false],
  ["our file, and the resource runs", withFile(running, PATH, ours), false],
  ["somebody else's file of that name", withFile(blank, PATH, definition), true],
  ["somebody else's file of another name", withFile(blank, "/etc/drbd.d/web.res", definition), true],
  ["somebody else's definition in drbd.conf", withFile(blank, "/etc/drbd.conf", definition), true],
  [
    "somebody else's file defines another resource",
    withFile(blank, "/etc/drbd.d/web.res", "resource web { }\n"),
    false,
  ],
  ["no file defines it, and it runs", running, true],
])("set up by others: %s", (_what, node, expected) => {
  expect(isSetUpByOthers(node, "r0")).toBe(expected);
});

describe("a definition in a file of any name, wherever an include leads", () => {
  const usual = ["drbd.d/global_common.conf", "drbd.d/*.res"];
  const at = (path: string, includes: readonly string[], text = definition) =>
    withIncludes(withFile(blank, path, text), includes);
  const told = (node: ObservedNode, name = "r0") =>
    placeRefusals(node, "alpha", name).map(({ found, way }) => `${found}. ${way}`);

  test.each([
    ["/etc/drbd.d/pairs/r0.res", [...usual, "drbd.d/pairs/*.res"]],
    ["/etc/drbd.d/r0.conf", [...usual, "drbd.d/*.conf"]],
    ["/etc/drbd.conf.d/10 pairs.conf", [...usual, "/etc/drbd.conf.d/*.conf"]],
    ["/srv/drbd/a/b", [...usual, "/srv/drbd/[a-c]/b"]],
  ])("%s: ours takes its place, and it is kept where drbdadm does not read it", (path, includes) => {
    const node = at(path, includes);
    expect(isSetUpByOthers(node, "r0")).toBe(true);
    expect(otherPlace(node, "r0")).toEqual({ path, text: definition });
    expect(told(node)).toEqual([]);
    expect(includesFor(node, keptName(node, path))).toEqual([]);
  });

  test("that no include leads to is none", () => {
    const node = at("/etc/drbd.d/pairs/r0.res", usual);
    expect(otherPlace(node, "r0")).toBeUndefined();
    expect(told(node)).toEqual([]);
  });

  test("that another tool writes anew is left to it, whatever the program says", () => {
    expect(told(at("/var/lib/linstor.d/r0.res", [...usual, "/var/lib/linstor.d/*.res"]))).toEqual([
      "r0 is defined in /var/lib/linstor.d/r0.res, which LINSTOR writes anew: drbdadm would take neither that file nor ours then. Leave r0 to LINSTOR, and out of the program; or take it out of LINSTOR first, so that it writes no such file any more. Where it does not act any more: `mv /var/lib/linstor.d/r0.res /etc/drbd.d/r0.res`.",
    ]);
  });

  test("that a line names alone would be missed: the command that moves it", () => {
    const path = "/etc/pairs/the-pair.conf";
    const begin = `r0 is defined in ${path}, which \`include "pairs/the-pair.conf";\` in /etc/drbd.conf names alone: drbdadm would fail for every resource once that file is kept under another name. Move it where pulumi-drbd writes: \`mv ${path} ${PATH}\`, and`;
    const end = "What runs is not touched by it. `drbdadm dump r0` then shows what it showed before.";
    expect(told(at(path, [...usual, "pairs/the-pair.conf"]))).toEqual([`${begin} take that line away. ${end}`]);
    expect(told(at(path, ["pairs/the-pair.conf"]))).toEqual([
      `${begin} let that line be \`include "/etc/drbd.d/*.res";\`. ${end}`,
    ]);
  });

  test("that a pattern reads under the name, too, that it would be kept under", () => {
    const told = (node: ObservedNode) => placeRefusals(node, "alpha", "r0").map(({ found }) => found);
    const found = (include: string, path: string) =>
      `\`include "${include}";\` in /etc/drbd.conf leads drbdadm to any name in that folder, so to ${path}.before-pulumi-drbd too, where ${path} would be kept beside what pulumi-drbd writes: drbdadm takes neither then`;
    expect(told(at("/etc/pairs/r0", [...usual, "pairs/*"]))).toEqual([found("pairs/*", "/etc/pairs/r0")]);
    expect(told(at(PATH, ["drbd.d/*"]))).toEqual([found("drbd.d/*", PATH)]);
    expect(told(at(PATH, ["drbd.d/r0.*"]))).toEqual([found("drbd.d/r0.*", PATH)]);
    // Nothing of anybody else's is kept then.
    expect(told(at(PATH, ["drbd.d/*"], ours))).toEqual([]);
    expect(told(withIncludes(blank, ["drbd.d/*"]))).toEqual([]);
  });

  test("beside another one is taken neither from one place nor from the other", () => {
    const node = withFile(withFile(blank, "/etc/a/1", definition), "/etc/a/2", definition);
    expect(told(withIncludes(node, [...usual, "a/*"]))).toEqual([
      "r0 is defined twice, in /etc/a/2 and in /etc/a/1. drbdadm takes neither then. Take it out of /etc/a/1.",
    ]);
    expect(told(withIncludes(withFile(node, PATH, ours), [...usual, "a/1"]))).toEqual([
      `r0 is defined twice, in ${PATH} and in /etc/a/1. drbdadm takes neither then. Take it out of /etc/a/1.`,
    ]);
  });
});
