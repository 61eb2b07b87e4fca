/** What a resource has from its hosts' `common`. */
import { type OneVolume, resourceOf } from "../../one-volume";
import type { WhenFull } from "../../../../provider/core/wanted/link";
import { renderResource } from "../../../../provider/core/config/render-configuration";
import { blankPair, planOf, r0, refusalsOf } from "../../observed-builder";

const common = (body: string) => `common {\n    ${body}\n}\n`;
const planWith = (changes: Partial<OneVolume>, body: string) => {
  const desired = { ...r0, ...changes };
  const globalCommon = [common(body), common(body)];
  return planOf(blankPair(), { desired, configuration: renderResource(resourceOf(desired), "8.4"), globalCommon });
};
const noFilesystem = { filesystem: undefined };
const net = (more: Record<string, string>) => ({ sections: { ...r0.sections, net: { ...r0.sections.net, ...more } } });
const linkThat = (whenFull?: WhenFull): NonNullable<OneVolume["link"]> => ({
  bandwidth: "24Mbit/s",
  roundTrip: "50ms",
  line: { bandwidth: 3e6, roundTrip: 0.05, sharedBy: 1, ...(whenFull === undefined ? {} : { whenFull }) },
  options: [],
  net: {},
});
const stonith = net({ fencing: "resource-and-stonith" });

test.each<[string, Partial<OneVolume>, string, string | undefined]>([
  ["two Primaries, for no filesystem of ours", noFilesystem, "net { allow-two-primaries yes; }", undefined],
  [
    "two Primaries, and the resource says no",
    net({ "allow-two-primaries": "no" }),
    "net { allow-two-primaries; }",
    undefined,
  ],
  [
    "two Primaries, with XFS",
    {},
    "net { allow-two-primaries; }",
    "the node's `common` has allow-two-primaries yes, which would let both hosts mount a filesystem that is made for one at a time, which destroys it",
  ],
  [
    "two Primaries, with another protocol",
    { ...noFilesystem, protocol: "A" },
    "net { allow-two-primaries yes; }",
    "the node's `common` has allow-two-primaries yes, which needs protocol C, not A",
  ],
  ["pull-ahead with A", { protocol: "A" }, "net { on-congestion pull-ahead; }", undefined],
  [
    "pull-ahead with another protocol",
    {},
    "net { on-congestion pull-ahead; }",
    "the node's `common` has on-congestion pull-ahead, which needs protocol A, not C",
  ],
  [
    "pull-ahead, and whenFull says block",
    { protocol: "A", link: linkThat("block") },
    "net { on-congestion pull-ahead; }",
    "the node's `common` has on-congestion pull-ahead, which is not what `whenFull: block` of `link` says",
  ],
  [
    "pull-ahead, as whenFull says",
    { protocol: "A", link: linkThat("pull-ahead") },
    "net { on-congestion pull-ahead; }",
    undefined,
  ],
  [
    "pull-ahead, and the link says nothing of it",
    { protocol: "A", link: linkThat() },
    "net { on-congestion pull-ahead; }",
    undefined,
  ],
])("%s", (_what, changes, body, told) => {
  const expected = told === undefined ? [] : ["alpha", "bravo"].map((host) => `${host}: ${told}`);
  expect(refusalsOf(planWith(changes, body))).toEqual(expected);
});

test("resource-and-stonith without its handler: told, unless the handler stands in common", () => {
  const told = (changes: Partial<OneVolume>, body: string) =>
    planWith(changes, body).warnings.filter((one) => one.includes("fence-peer"));
  expect(told(stonith, "net { max-buffers 8000; }")).toEqual([
    "net: fencing resource-and-stonith without a fence-peer handler on alpha and bravo: whenever the peer is lost, all I/O stands still until it is back",
  ]);
  expect(told(stonith, 'handlers { fence-peer "/bin/x"; }')).toEqual([]);
  expect(told({}, "net { max-buffers 8000; }")).toEqual([]);
});
