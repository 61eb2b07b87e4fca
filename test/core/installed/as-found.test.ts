import { renderResource } from "../../../provider/core/config/render-configuration";
import { asFound } from "../../../provider/core/installed/as-found";
import type { DesiredResource } from "../../../provider/core/wanted/desired";
import { blankNode, blankPair, r0, withFile } from "../observed-builder";
import { resourceOf } from "../one-volume";

const path = "/etc/drbd.d/r0.res";
const sha256 = { algorithm: "sha256" };
const given: DesiredResource = { ...resourceOf(r0), auth: sha256 };
const byDefault: DesiredResource = { ...given, unnamed: ["fencing", "authentication"] };
const theirs = (said: string) =>
  `resource r0 { ${said} on alpha { device /dev/drbd1; disk /dev/vdb; address 10.1.1.31:7789; meta-disk internal; } on bravo { device /dev/drbd1; disk /dev/vdb; address 10.1.1.32:7789; meta-disk internal; } }\n`;
const withTexts = (first: string | undefined, second = first) => {
  const [alpha, bravo] = blankPair();
  return [withFile(alpha, path, first), withFile(bravo, path, second)] as const;
};
/** What is wanted of fencing and authentication, and what of it was left as it was found. */
const wanted = ({ sections, auth, asFound: left = [] }: DesiredResource) => [sections.net["fencing"], auth, left];

const both = ["fencing", "authentication"] as const;

test.each<[string, string | undefined, unknown[]]>([
  ["no file at all: a new pair has both", undefined, ["resource-only", sha256, []]],
  ["neither", "", [undefined, null, both]],
  ["fencing that is none", "disk { fencing dont-care; }", [undefined, null, both]],
  ["fencing as by default", "net { fencing resource-only; }", ["resource-only", null, ["authentication"]]],
  ["fencing by a handler", "net { fencing resource-and-stonith; }", ["resource-only", null, ["authentication"]]],
  ["a secret alone", 'net { shared-secret "geheim12"; }', [undefined, { algorithm: "", secret: "geheim12" }, both]],
  ["an algorithm alone", "net { cram-hmac-alg sha1; }", [undefined, { algorithm: "sha1", secret: "" }, both]],
  [
    "both, with another algorithm",
    'net { cram-hmac-alg sha1; shared-secret "geheim12"; }',
    [undefined, { algorithm: "sha1" }, both],
  ],
  ["both, as by default", 'net { cram-hmac-alg sha256; shared-secret "geheim12"; }', [undefined, sha256, ["fencing"]]],
])("somebody's file has %s", (_what, said, expected) => {
  const nodes = withTexts(said === undefined ? undefined : theirs(said));
  const first = asFound(byDefault, nodes);
  expect(wanted(first)).toEqual(expected);
  // The next run finds our file in its place; and the one behind it may have the state alone, without the secret.
  const ours = renderResource({ ...first, ...withSecret(first) }, "8.4");
  if (said !== undefined) expect(wanted(asFound(byDefault, withTexts(ours)))).toEqual(expected);
});

const withSecret = ({ auth }: DesiredResource) =>
  auth === null ? {} : { auth: { ...auth, secret: auth.secret ?? "geheim12" } };

test("an option that the program names is what it says", () => {
  const named: DesiredResource = { ...given, unnamed: ["fencing"] };
  expect(wanted(asFound(named, withTexts(theirs(""))))).toEqual([undefined, sha256, ["fencing"]]);
  expect(wanted(asFound(given, withTexts(theirs(""))))).toEqual(["resource-only", sha256, []]);
});

test("a pair that we made has both, whatever became of an option in its file", () => {
  const ours = renderResource(resourceOf(r0), "8.4").replace(/ +fencing .*\n/, "");
  expect(wanted(asFound(byDefault, withTexts(ours)))).toEqual(["resource-only", sha256, []]);
});

test("one host that has it, or has our file without the note, decides for both", () => {
  const fenced = theirs("net { fencing resource-only; }");
  expect(wanted(asFound(byDefault, withTexts(theirs(""), fenced)))).toEqual([
    "resource-only",
    null,
    ["authentication"],
  ]);
  const ours = renderResource(resourceOf(r0), "8.4");
  expect(wanted(asFound(byDefault, withTexts(theirs(""), ours)))).toEqual(["resource-only", sha256, []]);
});

test("a host that is new in the pair follows the other one", () => {
  const left = renderResource(asFound(byDefault, withTexts(theirs(""))), "8.4");
  expect(wanted(asFound(byDefault, [withTexts(left)[0], blankNode("bravo")]))).toEqual([undefined, null, both]);
});

test("where no host has a file any more, what the state remembers counts", () => {
  const left = renderResource(asFound(byDefault, withTexts(theirs(""))), "8.4", { redact: true });
  expect(wanted(asFound(byDefault, blankPair(), left))).toEqual([undefined, null, both]);
  expect(wanted(asFound(byDefault, [], left))).toEqual([undefined, null, both]);
  expect(wanted(asFound(byDefault, [], renderResource(resourceOf(r0), "8.4", { redact: true })))).toEqual([
    "resource-only",
    sha256,
    [],
  ]);
});

test("what stands in `common` counts, also when ours has taken its place already", () => {
  const common = "global { usage-count no; } common { net { cram-hmac-alg sha1; shared-secret geheim12; } }";
  for (const place of ["/etc/drbd.d/global_common.conf", "/etc/drbd.d/global_common.conf.before-pulumi-drbd"]) {
    const nodes = withTexts(theirs("")).map((node) => withFile(node, place, common));
    expect(wanted(asFound(byDefault, nodes))).toEqual([undefined, { algorithm: "sha1" }, both]);
  }
});
