import { ownMark } from "../../../provider/core/config/own-mark";
import { isSetUpByOthers, placeRefusals } from "../../../provider/core/installed/configuration-place";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { blankNode, healthyPair, withFile } from "../observed-builder";

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

describe("a definition in a file that a look does not read", () => {
  const at = "/etc/drbd.d/pairs/the-pair.conf";
  const output = `# resource r0 on alpha: not ignored, not stacked\n# defined at ${at}:1\nresource r0 {\n}\n`;
  const dumped = (includes: string): ObservedNode => ({
    ...withFile(blank, "/etc/drbd.conf", includes),
    dump: { exit: 0, output },
  });
  const usual = 'include "drbd.d/global_common.conf"; include "drbd.d/*.res";';
  const told = (node: ObservedNode, name = "r0") =>
    placeRefusals(node, "alpha", name).map(({ found, way }) => `${found}. ${way}`);

  test("is refused with the command that moves it", () => {
    expect(told(dumped(`${usual} include "drbd.d/pairs/*.conf";`))).toEqual([
      `r0 is defined in ${at}, and pulumi-drbd would write ${PATH} beside it: drbdadm takes neither then. Move it: \`mv ${at} ${PATH}\`, where that file defines nothing else; else move \`resource r0 { … }\` alone. What runs is not touched by it. \`drbdadm dump r0\` then shows what it showed before.`,
    ]);
  });

  test("and with the includes that are missing", () => {
    expect(told(dumped('include "drbd.d/pairs/*.conf";'))).toEqual([
      expect.stringContaining('Let /etc/drbd.conf include "drbd.d/global_common.conf" and "drbd.d/*.res".'),
    ]);
  });

  test("of another resource is no matter here; nor one that a look does read", () => {
    expect(told(dumped(usual), "web")).toEqual([]);
    expect(told(withFile(dumped(usual), at, definition))).toEqual([]);
  });
});
