/** A host cannot be reached, and `primary` names the other one: when its word counts, and what it is worth. */
import { apartToken, isTakeover, planTakeover } from "../../../../provider/core/decided/plans/takeover";
import { stepsOf, type Plan } from "../../../../provider/core/steps/plan";
import { commandLine } from "../../../../provider/core/seen/shell-words";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { healthyPair, r0, withFile, withKernel, withMount } from "../../observed-builder";
import { resourceOf, type OneVolume } from "../../one-volume";

const token = "3f9c2ab81d04e756";
const other = "0123456789abcdef";
const [, bravo] = healthyPair({ ...r0, primary: "bravo" });

interface Seen {
  readonly connection?: string;
  readonly disk?: string;
  readonly role?: string;
  readonly made?: string;
  readonly isDown?: true;
  readonly mounted?: boolean;
  /** web.service */
  readonly service?: string;
}

function left({
  connection = "Connecting",
  disk = "UpToDate",
  role = "Secondary",
  made = token,
  mounted = role === "Primary",
  service = "active",
  isDown,
}: Seen): ObservedNode {
  const noted = withFile(bravo, apartToken("r0"), made === "" ? undefined : `${made}\n`);
  const node = {
    ...(mounted ? withMount(noted, "/dev/drbd1", "/srv/data") : noted),
    services: new Map([["web.service", { load: "loaded", active: service, ends: false }]]),
  };
  if (isDown) return withKernel(node, undefined);
  const kernel = bravo.kernelResources.get("r0")!;
  return withKernel(node, {
    ...kernel,
    role,
    connection,
    peerRole: connection === "Connected" ? "Primary" : "Unknown",
    devices: kernel.devices.map((device) => ({ ...device, disk })),
  });
}

const pullAhead = { ...r0.sections, net: { ...r0.sections.net, "on-congestion": "pull-ahead" } };

interface GivenTo {
  readonly says?: string;
  readonly more?: Partial<OneVolume>;
}

const planned = (seen: Seen, given: GivenTo = {}) =>
  planTakeover({
    desired: resourceOf({
      ...r0,
      primary: "bravo",
      ...(given.says === undefined ? {} : { peerIsOff: { alpha: given.says } }),
      ...given.more,
    }),
    host: "bravo",
    node: left(seen),
    gone: "alpha",
  });
const plan = (seen: Seen, given?: GivenTo): Plan => {
  const found = planned(seen, given);
  if (found === undefined) throw new Error("nothing is to be said of it");
  return found;
};

const commands = (seen: Seen, given?: GivenTo) =>
  stepsOf(plan(seen, given)).map(({ node, argv }) => `${node}: ${commandLine(argv)}`);
const refusals = (seen: Seen, given?: GivenTo) =>
  plan(seen, given).refusals.map(({ node, found, way }) => `${node ?? ""}: ${found}. ${way}`);

test("with the word and its token, the host's own command does it, once", () => {
  expect(commands({}, { says: token })).toEqual([`bravo: drbd-takeover r0 --peer-is-off alpha --while-apart ${token}`]);
  expect(plan({}, { says: token }).warnings).toEqual([
    "what alpha wrote and bravo never got is not on bravo: what it wrote while the two were not connected",
  ]);
  expect(plan({}, { says: token, more: { protocol: "A" } }).warnings[0]).toMatch(
    /under protocol A, what was under way/,
  );
});

test.each<[string, Partial<OneVolume>, string, boolean]>([
  ["what the program says", { protocol: "A", sections: pullAhead }, "", true],
  ["what the host has installed", { protocol: "A" }, "on-congestion pull-ahead;", true],
  ["neither", { protocol: "A" }, "on-congestion block;", false],
  ["another protocol, under which DRBD takes no pull-ahead", {}, "on-congestion pull-ahead;", false],
])("the loss is unbounded where a peer ran ahead: %s", (_what, more, net, isTold) => {
  const file = `resource r0 {\n  net {\n    ${net}\n  }\n}\n`;
  const given = planTakeover({
    desired: resourceOf({ ...r0, primary: "bravo", peerIsOff: { alpha: token }, ...more }),
    host: "bravo",
    node: withFile(left({}), "/etc/drbd.d/r0.res", file),
    gone: "alpha",
  });
  expect(given?.warnings.some((one) => one.includes("The loss is unbounded"))).toBe(isTold);
});

test("without a word: refused, with the line", () => {
  const [refusal] = refusals({});
  expect(refusal).toContain(
    "r0 is to run there (`primary: bravo`), alpha cannot be reached, and DRBD there is Connecting.",
  );
  expect(refusal).toContain(`\`peerIsOff: { alpha: "${token}" }\``);
  expect(commands({})).toEqual([]);
});

test("with the token of another time: refused, with the new line", () => {
  const [refusal] = refusals({}, { says: other });
  expect(refusal).toContain("has the token of another time");
  expect(refusal).toContain(`\`peerIsOff: { alpha: "${token}" }\``);
});

// Whatever is given, a line stands only where it would be carried out.
describe.each([undefined, token, other])("peerIsOff: %s", (says) => {
  const given = says === undefined ? {} : { says };
  test.each<[string, Seen, RegExp]>([
    ["connected", { connection: "Connected" }, /DRBD on bravo is connected to it: it runs, and is Primary/],
    ["down", { isDown: true }, /r0 is down on bravo/],
    ["half filled", { disk: "Inconsistent" }, /must not be used: its disk is Inconsistent/],
    ["old", { disk: "Outdated" }, /must not be used: its disk is Outdated/],
    ["without a disk", { disk: "Diskless" }, /must not be used: its disk is Diskless/],
    ["in a state of which nobody thought", { disk: "New" }, /must not be used: its disk is New/],
    ["without a token", { made: "" }, /has made no token/],
  ])("the host that is left is %s: refused, without a line", (_what, seen, why) => {
    const [refusal, ...more] = refusals(seen, given);
    expect(more).toEqual([]);
    expect(refusal).toMatch(why);
    expect(refusal).not.toContain("`peerIsOff: {");
    expect(commands(seen, given)).toEqual([]);
  });
});

test.each(["Connecting", "StandAlone", "WFConnection", "Unconnected", "NetworkFailure"])(
  "apart, as %s",
  (connection) => {
    expect(commands({ connection }, { says: token })).toHaveLength(1);
    expect(commands({ connection, disk: "Consistent" }, { says: token })).toHaveLength(1);
  },
);

test("it is Primary there already: nothing to do, and nothing of the other host is known", () => {
  const warned = [
    "alpha cannot be reached, and `peerIsOff` names it: nothing of r0 was looked at there, and nothing else is changed before it is back",
  ];
  for (const found of [
    plan({ role: "Primary" }, { says: token }),
    plan({ role: "Primary", made: "" }, { says: other }),
  ])
    expect(found).toEqual({ subject: "r0", stages: [], refusals: [], warnings: warned, afterwards: [] });
  // That alpha cannot be reached is an error then, as it is without `primary`.
  expect(planned({ role: "Primary" })).toBeUndefined();
});

test("Primary, and not all of it is served, as after a takeover that failed half-way: the same command mounts and starts the rest", () => {
  const again = [`bravo: drbd-takeover r0 --peer-is-off alpha --while-apart ${other}`];
  const unmounted = { role: "Primary", mounted: false, made: "" };
  expect(commands(unmounted, { says: other })).toEqual(again);
  expect(stepsOf(plan(unmounted, { says: other }))[0]?.because).toBe(
    "it is Primary, and not all of it is mounted and runs: mounts it",
  );
  const more = { services: ["web.service"] };
  const stopped = { role: "Primary", service: "inactive" };
  expect(commands(stopped, { says: other, more })).toEqual(again);
  expect(commands({ ...stopped, service: "active" }, { says: other, more })).toEqual([]);
});

test("what a host that cannot be reached has to do with it", () => {
  const desired = resourceOf({ ...r0, primary: "bravo" });
  expect(isTakeover(desired, "alpha", true)).toBe(true);
  // The one that it is to run on is gone.
  expect(isTakeover(desired, "bravo", true)).toBe(false);
  // An earlier up has carried it out, and nobody says that alpha is off.
  expect(isTakeover(desired, "alpha", false)).toBe(false);
  expect(isTakeover({ ...desired, peerIsOff: { alpha: token } }, "alpha", false)).toBe(true);
  expect(isTakeover(resourceOf(r0), "alpha", true)).toBe(false);
});
