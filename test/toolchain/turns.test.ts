/** Every end-to-end test is run: by `npm test`, or in one of the turns of `npm run faults`. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(__dirname, "../..");

/** What a script gives to jest, up to where its results go. */
function optionsIn(script: string): string[] {
  const text = readFileSync(join(root, script), "utf8").replaceAll("\\\n", " ");
  const [, options = ""] = /^jest (.*?) *--json/m.exec(text) ?? [];
  return options.split(" ").filter((word) => word !== "");
}

function listed(options: readonly string[], faults: string): string[] {
  const jest = join(root, "node_modules/.bin/jest");
  const env = { ...process.env, FAULTS: faults };
  const printed = execFileSync(jest, [...options, "--listTests"], { cwd: root, env, encoding: "utf8" });
  return printed.split("\n").flatMap((line) => (line.endsWith(".test.ts") ? [relative(root, line)] : []));
}

const all = readdirSync(join(root, "test/e2e"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts") && !file.startsWith("releases/"))
  .map((file) => `test/e2e/${file}`);

test("each is run by npm test or in one turn; those that have cases for each turn, in all of them", () => {
  const always = listed(["--selectProjects", "e2e"], "");
  const options = optionsIn("scripts/faults.sh");
  expect(options).toContain("e2e");
  const turns = [1, 2, 3, 4, 5, 6, 7, 8].map((turn) => listed(options, String(turn)));
  const times = all.map((file) => [file, turns.filter((turn) => turn.includes(file)).length] as const);
  const inEach = ["faults/first-up", "faults/switchover", "simulation-oracle"].map(
    (name) => `test/e2e/${name}.test.ts`,
  );
  const wanted = all.map((file) => [file, always.includes(file) ? 0 : inEach.includes(file) ? 8 : 1] as const);
  expect(times).toEqual(wanted);
  expect(listed(options, "all").sort()).toEqual([...all].sort());
});
