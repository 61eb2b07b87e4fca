import { ownMark } from "../../../provider/core/config/own-mark";
import { isSetUpByOthers } from "../../../provider/core/installed/configuration-place";
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
