import { recommendations } from "../../../../provider/core/decided/hosts/take-over-warnings";
import type { DesiredResource } from "../../../../provider/core/wanted/desired";
import { r0 } from "../../observed-builder";
import { resourceOf } from "../../one-volume";

const pair = resourceOf(r0);

test.each<[string, Partial<DesiredResource>, string[]]>([
  ["has both", {}, []],
  [
    "has neither",
    { asFound: ["fencing", "authentication"], auth: null },
    [
      'r0 goes on without fencing and authentication, as it was set up. Recommended: `net: { fencing: "resource-only" }` and `auth: true` on the resource, once it is taken over',
    ],
  ],
  [
    "has a secret alone, with which nobody authenticates",
    { asFound: ["authentication"], auth: { algorithm: "", secret: "x1234567" } },
    [
      "r0 goes on without authentication, as it was set up. Recommended: `auth: true` on the resource, once it is taken over",
    ],
  ],
  ["has another algorithm", { asFound: ["authentication"], auth: { algorithm: "sha1" } }, []],
])("a pair that %s", (_what, change, expected) => {
  expect(recommendations({ ...pair, ...change })).toEqual(expected);
});
