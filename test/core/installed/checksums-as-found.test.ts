/** `csums-alg` of `link`: on a new pair alone, as DRBD does not connect two hosts that differ in it. */
import { renderResource } from "../../../provider/core/config/render-configuration";
import { checksumsAsFound } from "../../../provider/core/installed/checksums-as-found";
import { linkNotes } from "../../../provider/core/decided/plans/link-notes";
import { withLinkOptions, type SetOptions } from "../../../provider/core/wanted/link-options";
import { parseResource } from "../../../provider/core/wanted/parse-inputs";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { goodResource } from "../../hostile/inputs";
import { blankPair, healthyPair, withFile, withLook } from "../observed-builder";

const path = "/etc/drbd.d/r0.res";
const link = { bandwidth: "24Mbit/s", roundTrip: "50ms" };
const fast = { ...link, bandwidth: "10Gbit/s" };
const nothing: SetOptions = { net: {}, disk: {} };
const wanted = (more: object = {}, common = nothing) => {
  const parsed = parseResource({ ...goodResource, link, ...more });
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed));
  return withLinkOptions(parsed.desired, common);
};
const file = (net: string): string => `resource r0 {\n  net {\n    ${net}\n  }\n}\n`;
const withFiles = (first: string | undefined, second = first): readonly ObservedNode[] => {
  const [alpha, bravo] = blankPair();
  return [withFile(alpha, path, first), withFile(bravo, path, second)];
};
const digest = `csums-alg "sha256";`;
const inFileAlone = (host: ObservedNode): ObservedNode => withFile(host, path, undefined);

test.each<[string, readonly ObservedNode[], object, string | undefined]>([
  ["a new pair has it", blankPair(), {}, "sha256"],
  ["a new pair on a fast line does not", blankPair(), { link: fast }, undefined],
  ["a pair without it stays without it", withFiles(file("")), {}, undefined],
  ["a pair with it keeps it", withFiles(file(digest)), {}, "sha256"],
  ["a pair with it keeps it on a line that is fast by now", withFiles(file(digest)), { link: fast }, "sha256"],
  ["a pair with another digest keeps that", withFiles(file("csums-alg sha1;")), {}, "sha1"],
  ["two hosts that differ", withFiles(file(digest), file("")), {}, undefined],
  ["a host that was set up anew gets what its peer has", withFiles(file(digest), undefined), {}, "sha256"],
  ["… and nothing where that has none", withFiles(undefined, file("")), {}, undefined],
  ["a kernel that runs it without a file", healthyPair().map(inFileAlone), {}, undefined],
  [
    "a new pair of which one kernel has no such digest",
    blankPair().map((node, index) => (index === 0 ? node : withLook(node, { missingDigests: ["sha256"] }))),
    {},
    undefined,
  ],
  ["the user's own counts", withFiles(file("")), { net: { "csums-alg": "sha512" } }, "sha512"],
])("%s", (_what, nodes, more, expected) => {
  const found = checksumsAsFound(wanted(more), nodes);
  expect(found.sections.net["csums-alg"]).toBe(expected);
  const isToldAsOurs = found.link?.options.some(({ name }) => name === "csums-alg");
  expect(isToldAsOurs).toBe(expected !== undefined && !("net" in more));
});

test("what is set for all resources counts, and stands in no file of ours", () => {
  const common = { net: { "csums-alg": "md5" }, disk: {} };
  expect(checksumsAsFound(wanted({}, common), withFiles(file(""))).sections.net).not.toHaveProperty("csums-alg");
});

test("where no host has the resource, the state tells what it had", () => {
  const kept = renderResource(checksumsAsFound(wanted(), withFiles(file(""))), "8.4", { redact: true });
  expect(checksumsAsFound(wanted(), [], kept).sections.net).not.toHaveProperty("csums-alg");
  expect(checksumsAsFound(wanted(), [], "").sections.net).toHaveProperty("csums-alg", "sha256");
});

test.each<[string, readonly ObservedNode[], string | undefined]>([
  ["one host's file lost it", withFiles(file(digest), file("")), "sha256"],
  [
    "one host's file is gone, and its kernel runs on",
    [withFiles(file(digest))[0]!, inFileAlone(healthyPair()[1])],
    "sha256",
  ],
  ["both have another one by now", withFiles(file("csums-alg sha1;")), "sha1"],
  ["neither has what it was", withFiles(file("csums-alg sha1;"), file("csums-alg md5;")), undefined],
])("a pair that had it, where %s", (_what, nodes, expected) => {
  const kept = renderResource(checksumsAsFound(wanted(), blankPair()), "8.4", { redact: true });
  expect(kept).toContain(digest);
  expect(checksumsAsFound(wanted(), nodes, kept).sections.net["csums-alg"]).toBe(expected);
});

test("the next run finds what this one wrote", () => {
  const first = checksumsAsFound(wanted(), blankPair());
  const text = renderResource(first, "8.4");
  expect(text).toContain(`csums-alg "sha256";`);
  expect(renderResource(checksumsAsFound(wanted(), withFiles(text)), "8.4")).toBe(text);
  // A run that was stopped between the two files goes on.
  expect(renderResource(checksumsAsFound(wanted(), withFiles(text, undefined)), "8.4")).toBe(text);
});

test("without a link nothing changes", () => {
  const plain = wanted({ link: undefined });
  expect(checksumsAsFound(plain, withFiles(file(digest)))).toBe(plain);
});

test("a pair that stays without it is told so, a new one is not", () => {
  const notes = (nodes: readonly ObservedNode[], more: object = {}) =>
    linkNotes(checksumsAsFound(wanted(more), nodes), nodes).join("\n");
  expect(notes(withFiles(file("")))).toContain("csums-alg: not set, as the pair was set up without it");
  expect(notes(withFiles(file("")), { link: fast })).not.toContain("csums-alg");
  expect(notes(blankPair())).toContain("csums-alg      sha256  a resync sends no block that is the same on both");
  expect(notes(withFiles(file("csums-alg sha1;")))).toContain("sha1   as both hosts have it");
});
