import { includeRefusals } from "../../../provider/core/installed/includes";
import type { ObservedNode, Unread } from "../../../provider/core/seen/observed";
import { blankNode, planOf, refusalsOf, withFile, withIncludes } from "../observed-builder";

const PATH = "/etc/drbd.d/r0.res";
const COMMON = "/etc/drbd.d/global_common.conf";
const blank = blankNode("alpha");
const told = (node: ObservedNode, path = PATH) =>
  includeRefusals(node, "alpha", path).map(({ found, way }) => `${found}. ${way}`);
const both = '`include "drbd.d/global_common.conf";` and `include "drbd.d/*.res";`';

test.each([
  ["as drbd-utils installs it", ["drbd.d/global_common.conf", "drbd.d/*.res"]],
  ["by its whole path", [PATH]],
  ["by another pattern", ["/etc/drbd.d/r[0-9].re?"]],
  ["whatever lies there", ["drbd.d/*"]],
  ["in whatever folder", ["*/*.res"]],
  ["by the second of two", ["/etc/drbd.conf.d/*.conf", "drbd.d/*.res"]],
])("included: %s", (_what, written) => {
  expect(told(withIncludes(blank, written))).toEqual([]);
});

test.each<[string, string[], string]>([
  ["nothing at all", [], both],
  ["another pattern", ["drbd.d/*.conf"], '`include "drbd.d/*.res";`'],
  ["a subfolder", ["drbd.d/global_common.conf", "drbd.d/pairs/*.res"], '`include "drbd.d/*.res";`'],
  ["folders below it", ["drbd.d/*/*.res"], both],
  ["another folder", ["/etc/drbd.conf.d/*.conf"], both],
  ["a file of another name", ["drbd.d/web.res", "drbd.d/global_common.conf"], '`include "drbd.d/*.res";`'],
  ["a pattern without an end", ["drbd.d/[.res"], both],
  ["a name that begins with a dot", ["drbd.d/.*.res"], both],
])("not included: %s", (_what, written, lines) => {
  expect(told(withIncludes(blank, written))).toEqual([
    `/etc/drbd.conf does not include ${PATH}: drbdadm would not read what is written there. Add ${lines} to /etc/drbd.conf, as drbd-utils installs it.`,
  ]);
});

test("global_common.conf likewise", () => {
  expect(told(withIncludes(blank, ["drbd.d/*.res"]), COMMON)).toEqual([
    `/etc/drbd.conf does not include ${COMMON}: drbdadm would not read what is written there. Add \`include "drbd.d/global_common.conf";\` to /etc/drbd.conf, as drbd-utils installs it.`,
  ]);
});

test("what the missing line lets drbdadm read beside ours is named: an old file must not attach an old disk", () => {
  const old = withFile(blank, "/etc/drbd.d/old.res", "resource old { }\n");
  expect(told(withIncludes(old, ["drbd.d/*.conf"]))[0]).toMatch(
    "That lets drbdadm read /etc/drbd.d/old.res too, which it does not read now: move away first what it shall not read.",
  );
  expect(told(withIncludes(old, ["drbd.d/old.res"]))[0]).not.toMatch("too");
});

test("where drbd-utils are still to come there is no such file", () => {
  expect(told(withFile(blank, "/etc/drbd.conf", undefined))).toEqual([]);
});

describe("what could not be read", () => {
  const by = (unread: Unread) => withIncludes(blank, ["drbd.d/*.res", "pairs/*.res"], [unread]);
  const why = "it is a link to nothing";

  test("is refused, with the line that leads to it", () => {
    expect(told(by({ path: "/etc/pairs/web.res", why }))).toEqual([
      expect.stringContaining(
        'drbdadm is to read /etc/pairs/web.res by `include "pairs/*.res";` in /etc/drbd.conf, and it is a link to nothing.',
      ),
    ]);
  });

  test("a link to nothing is passed over by DRBD 9's drbdadm, if a pattern led to it", () => {
    const node = by({ path: "/etc/pairs/web.res", why, isPassedOver: true });
    expect(told(node)).toHaveLength(1);
    expect(told({ ...node, module: { version: "9.2.14", loaded: true } })).toEqual([]);
  });

  test("and so is a host on which nobody could tell", () => {
    const node = {
      ...blank,
      includes: { includes: [], files: [], unread: [{ path: "/etc/drbd.conf", why: "no perl" }] },
    };
    expect(told(node)[0]).toMatch("which files drbdadm reads there by /etc/drbd.conf is not known: no perl.");
  });
});

test("a resource is refused on the host where it is, before anything is written", () => {
  const refused = `alpha: /etc/drbd.conf does not include ${PATH}: drbdadm would not read what is written there`;
  const node = withIncludes(blank, ["drbd.d/global_common.conf"]);
  expect(refusalsOf(planOf([node, blankNode("bravo")]))).toEqual([refused]);
});
