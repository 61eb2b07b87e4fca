import { parseResource } from "../../../../provider/core/wanted/parse-inputs";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { withLinkOptions, type SetOptions } from "../../../../provider/core/wanted/link-options";
import { linkNotes } from "../../../../provider/core/decided/plans/link-notes";
import { setForAll } from "../../../../provider/core/config/set-for-all";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import { goodResource } from "../../../hostile/inputs";
import { blankPair, healthyPair, planOf, r0, withFile, withLook } from "../../observed-builder";

const link = { bandwidth: "24Mbit/s", roundTrip: "50ms" };
const desiredOf = (more: object, common: SetOptions = { net: {}, disk: {} }) => {
  const parsed = parseResource({ ...goodResource, ...more });
  if (parsed.ok !== true) throw new Error(JSON.stringify(parsed));
  return withLinkOptions(parsed.desired, common);
};

test("the options of a link stand in the resource's file, but for those that the user sets", () => {
  const text = renderResource(desiredOf({ link, protocol: "A", net: { "sndbuf-size": "10M" } }), "8.4", {});
  expect(text).toContain("c-fill-target 878K;");
  expect(text).toContain("sndbuf-size 10M;");
  expect(renderResource(desiredOf({}), "8.4", {})).not.toContain("c-fill-target");
});

test("the preview has each value with its reason, and what the line costs", () => {
  expect(linkNotes(desiredOf({ link, protocol: "A" }), [])).toEqual([
    "from link, 24Mbit/s with 50ms:",
    "  sndbuf-size    2048K   2 MiB at least: so much is taken at disk speed",
    "  csums-alg      sha256  a resync sends no block that is the same on both",
    "  c-fill-target  878K    2 × bandwidth × (round trip + 0.1 s)",
    "  c-max-rate     2929K   the bandwidth",
    "  c-min-rate     732K    a quarter of the bandwidth, whatever else is written",
    "  protocol A: up to 2048 KiB of acknowledged writes are lost where the Primary dies; writes wait where so much is under way",
  ]);
  expect(linkNotes(desiredOf({ link, protocol: "C" }), []).at(-1)).toBe(
    "  protocol C: each write waits for the round trip, 50ms; where both are UpToDate, nothing acknowledged is lost",
  );
  expect(linkNotes(desiredOf({}), [])).toEqual([]);
});

test.each<[object, string, RegExp]>([
  [{ protocol: "B" }, "", /protocol B: .*50ms.*unless both hosts lose their power$/],
  [
    { protocol: "A", net: { "sndbuf-size": 0 } },
    "",
    /what is in the send buffer is lost where the Primary dies; writes wait/,
  ],
  [{ protocol: "A", net: { "on-congestion": "pull-ahead" } }, "", /what is lost where the Primary dies is unbounded/],
  [
    { protocol: "A", link: { ...link, whenFull: "pull-ahead" } },
    "",
    /what is lost where the Primary dies is unbounded/,
  ],
  [{ protocol: "A" }, "on-congestion pull-ahead;", /what is lost where the Primary dies is unbounded/],
  [{ protocol: "A" }, "on-congestion disconnect;", /no longer connected/],
  [{ protocol: "A" }, "sndbuf-size 10M;", /up to 10240 KiB of acknowledged writes are lost/],
])("what is lost, with %j and %j for all resources", (given, common, told) => {
  const desired = desiredOf({ link, ...given }, setForAll([`common {\n  net {\n    ${common}\n  }\n}\n`]));
  expect(linkNotes(desired, []).at(-1)).toMatch(told);
});

test("where the user has set all of it, nothing comes from the link", () => {
  const set = { "c-fill-target": 100, "c-max-rate": 250, "c-min-rate": 250 };
  const net = { "csums-alg": "sha1" };
  expect(linkNotes(desiredOf({ link, net, disk: set }), [])[0]).toBe("from link, 24Mbit/s with 50ms: nothing");
});

test.each<[string, string, boolean]>([
  ["none is installed", "", true],
  ["another size", "sndbuf-size 10M;", true],
  ["the same in another spelling", "sndbuf-size 2M;", false],
])("a connection keeps its old send buffer: %s", (_what, net, isTold) => {
  const text = `resource r0 {\n  net {\n    ${net}\n  }\n}\n`;
  const nodes = healthyPair().map((node) => withFile(node, "/etc/drbd.d/r0.res", text));
  const told = linkNotes({ ...desiredOf({ link, protocol: "A" }), name: "r0" }, nodes).at(-1) ?? "";
  expect(told.includes("sndbuf-size: counts from the next connection on")).toBe(isTold);
});

test("they stand in a plan that writes the file", () => {
  const plan = planOf(blankPair(), { desired: { ...r0, link: desiredOf({ link }).link } });
  expect(formatPlan(plan)).toContain("\n  from link, 24Mbit/s with 50ms:\n    csums-alg ");
});

test.each([
  [{ bandwidth: "24Mb/s", roundTrip: "50ms" }, "link.bandwidth"],
  [{ bandwidth: "24Mbit/s", roundTrip: "fast" }, "link.roundTrip"],
  [{ bandwidth: "24Mbit/s" }, "link.roundTrip"],
  [{ ...link, whenFull: "pull-Ahead" }, "link.whenFull"],
  ["24Mbit/s", "link"],
])("a link of %j is refused", (given, property) => {
  const parsed = parseResource({ ...goodResource, link: given });
  expect(parsed.ok).toBe(false);
  if (parsed.ok === false) expect(parsed.failures.map((one) => one.property)).toEqual([property]);
});

test.each<[string, number, boolean, string]>([
  ["24Mbit/s", 2 ** 29, true, "512 MiB over the link: 3 minutes at 90 % of 24Mbit/s"],
  ["24Mbit/s", 1e12, false, "931.3 GiB over the link: 4 days at 90 % of 24Mbit/s"],
  ["24Mbit/s", 1e12, true, "4 days at 90 % of 24Mbit/s, longer than it is waited for. With `waitForSync: false`"],
  ["1Gbit/s", 1e12, false, "2 hours at 90 % of 1Gbit/s"],
  ["10Gbit/s", 2 ** 29, true, "512 MiB over the link: 1 s at 90 %"],
])("over %s a first sync of %d bytes takes its time (waited for: %s)", (bandwidth, bytes, waitForSync, told) => {
  const on = { ...link, bandwidth };
  const nodes = blankPair().map((node) =>
    withLook(node, { disk: { kind: "blank", real: "/dev/vdb", size: bytes } }),
  ) as [ObservedNode, ObservedNode];
  const desired = { ...r0, waitForSync, link: desiredOf({ link: on }).link };
  expect(planOf(nodes, { desired }).afterwards.find((one) => one.startsWith("the first sync"))).toContain(told);
  expect(planOf(nodes, { desired: { ...r0, waitForSync } }).afterwards.join()).not.toContain("the first sync sends");
});
