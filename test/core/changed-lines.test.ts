import * as fc from "fast-check";
import { describeChange } from "../../provider/core/changed-lines";
import { redactSecrets } from "../../provider/core/config";
import { configurationOf, r0, secret } from "./observed-builder";

const text = configurationOf(r0);

test.each<[string, string, string, string]>([
  ["nothing", text, text, ""],
  ["comments and blanks", text, text.replace(/^#.*\n/, "").replaceAll("    ", "\t"), ""],
  ["another value", text, text.replace("protocol C", "protocol A"), "protocol C → protocol A"],
  ["one more", text, text.replace("protocol C;", "protocol C;\n max-buffers 8000;"), "+ max-buffers 8000"],
  ["one less", text, text.replace("fencing resource-only;", ""), "- fencing resource-only"],
  ["a new file", "", "resource r0 {\n  net {\n    protocol C;\n  }\n}\n", "+ protocol C"],
])("%s", (_what, before, after, expected) => {
  expect(describeChange(before, after)).toBe(expected);
});

test("both sides of a pair", () => {
  expect(describeChange(text, configurationOf({ ...r0, port: 7790 }))).toBe(
    "address 10.1.1.31:7789 → address 10.1.1.31:7790; address 10.1.1.32:7789 → address 10.1.1.32:7790",
  );
});

test("a text that is the same is no change, and any other value is told", () => {
  const option = fc.constantFrom("max-buffers", "sndbuf-size", "ping-int");
  fc.assert(
    fc.property(option, fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 }), (name, first, second) => {
      const of = (value: number) => `net {\n    ${name} ${value};\n    protocol C;\n}\n`;
      expect(describeChange(of(first), of(second))).toBe(
        first === second ? "" : `${name} ${first} → ${name} ${second}`,
      );
    }),
  );
});

test("secrets are taken out before, and then are no change", () => {
  const other = configurationOf({ ...r0, auth: { algorithm: "sha256", secret: "an0ther-secret" } });
  expect(describeChange(redactSecrets(text), redactSecrets(other))).toBe("");
  expect(describeChange(redactSecrets(text), "")).not.toContain(secret);
});
