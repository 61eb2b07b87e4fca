import * as fc from "fast-check";
import { lasting, visible } from "../../../provider/core/told/engine-inputs";
import { changedKeys, sameInputs } from "../../../provider/core/wanted/same-inputs";

describe("the same inputs", () => {
  const inputs = {
    name: "r0",
    nodes: [{ hostname: "alpha", disk: "/dev/vdb" }, { hostname: "bravo" }],
    net: { a: "1" },
  };
  test("whatever the order of their keys, and whatever passes through", () => {
    const turned = {
      net: { a: "1" },
      nodes: [{ disk: "/dev/vdb", hostname: "alpha" }, { hostname: "bravo" }],
      name: "r0",
    };
    expect(sameInputs(inputs, turned)).toBe(true);
    expect(sameInputs(inputs, { ...turned, __urn: "x", __preview: true })).toBe(true);
    expect(sameInputs(inputs, { ...turned, missing: undefined })).toBe(true);
  });

  test.each([
    { ...inputs, name: "r1" },
    { ...inputs, net: {} },
    { ...inputs, net: { a: 1 } },
    { ...inputs, more: null },
    { ...inputs, nodes: [...inputs.nodes].reverse() },
  ])("not %j", (other) => {
    expect(sameInputs(inputs, other)).toBe(false);
    expect(sameInputs(other, inputs)).toBe(false);
  });

  test("whatever they are, they are the same as themselves with their keys turned round", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(sameInputs(value, turned)).toBe(true);
      }),
    );
  });
});

test("what passes through is not kept, and what is hidden is not shown", () => {
  const all = { name: "r0", __urn: "u", __preview: true, __announced: {}, __provider: "code", __globalCommon: ["x"] };
  expect(lasting(all)).toEqual({ name: "r0", __urn: "u", __globalCommon: ["x"] });
  expect(visible(all)).toEqual({ name: "r0" });
});

test("the keys that changed, were added or taken out, and none of our own", () => {
  const before = { name: "r0", net: { a: "1", b: "2" }, services: ["web.service"], __urn: "x" };
  expect(changedKeys(before, { ...before, net: { b: "2", a: "1" }, __urn: "y" })).toEqual([]);
  const after = { name: "r0", net: { a: "2", b: "2" }, primary: "bravo" };
  expect(changedKeys(before, after).sort()).toEqual(["net", "primary", "services"]);
});
