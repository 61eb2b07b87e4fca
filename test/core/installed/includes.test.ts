import { includeRefusals } from "../../../provider/core/installed/includes";
import { blankNode, planOf, refusalsOf, withFile } from "../observed-builder";

const PATH = "/etc/drbd.d/r0.res";
const withConf = (text: string | undefined) => withFile(blankNode("alpha"), "/etc/drbd.conf", text);

test.each([
  ["as drbd-utils installs it", 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n'],
  ["by its whole path", `include "${PATH}";`],
  ["without quotes", "include drbd.d/r0.res;"],
  ["by another pattern", 'include "/etc/drbd.d/r[0-9].re?";'],
  ["among what else stands there", 'global { usage-count no; }\n# a comment\ninclude "drbd.d/*";\nresource web { }'],
  ["perhaps, by a file that is not looked at", 'include "/srv/drbd/all.conf";'],
  ["perhaps, by a folder that is not looked at", 'include "drbd.d/*/*.res";'],
])("included: %s", (_what, text) => {
  expect(includeRefusals(withConf(text), "alpha", PATH)).toEqual([]);
});

test("included by a file that is included, and once round a circle", () => {
  const conf = 'include "drbd.d/all.conf";';
  const all = 'include "/etc/drbd.d/all.conf"; include "/etc/drbd.d/*.res";';
  expect(includeRefusals(withFile(withConf(conf), "/etc/drbd.d/all.conf", all), "alpha", PATH)).toEqual([]);
  const circle = withFile(withConf(conf), "/etc/drbd.d/all.conf", 'include "/etc/drbd.d/all.conf";');
  expect(includeRefusals(circle, "alpha", PATH)).toHaveLength(1);
});

test("where drbd-utils are still to come there is no such file", () => {
  expect(includeRefusals(withConf(undefined), "alpha", PATH)).toEqual([]);
});

test.each([
  ["empty", ""],
  ["a comment", '# include "drbd.d/*.res";'],
  ["another pattern", 'include "drbd.d/*.conf";'],
  ["a pattern that is none", 'include "drbd.d/[.res";'],
])("not included: %s", (_what, text) => {
  expect(includeRefusals(withConf(text), "alpha", PATH)).toHaveLength(1);
});

test("a resource is refused on the host where it is, before anything is written", () => {
  const told = `alpha: /etc/drbd.conf does not include ${PATH}: drbdadm would not read what is written there`;
  expect(refusalsOf(planOf([withConf('include "drbd.d/global_common.conf";'), blankNode("bravo")]))).toEqual([told]);
});
