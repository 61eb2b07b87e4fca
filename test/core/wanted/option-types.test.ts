import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderOptionTypes } from "./render-option-types";

const root = join(__dirname, "../../..");
const path = join(root, "provider/core/wanted/option-types.ts");

test("the types that users see follow from the table of options", () => {
  const wanted = execFileSync(
    process.execPath,
    [join(root, "node_modules/prettier/bin/prettier.cjs"), "--stdin-filepath", path],
    {
      input: renderOptionTypes(),
      encoding: "utf8",
    },
  );
  if (process.env["UPDATE"] === "1") writeFileSync(path, wanted);
  expect(readFileSync(path, "utf8")).toBe(wanted);
});
