import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { TURNS, inTurn } from "../e2e/long-tests";

const cases = [...Array(10).keys()];
const turns = [...Array(TURNS).keys()].map((index) => String(index + 1));

describe("the turns of the long tests", () => {
  test("together run each case once; `all` runs all of them, and without a turn none runs", () => {
    const ran = turns.flatMap((turn) => inTurn(cases, turn));
    expect(ran.toSorted((a, b) => a - b)).toEqual(cases);
    expect(inTurn(cases, "all")).toEqual(cases);
    expect(inTurn(cases, "")).toEqual([]);
  });

  test("together with `npm test` run each end-to-end file once, but for those that have cases for each turn", () => {
    const root = resolve(__dirname, "../..");
    // As the script gives them: a pattern of its own may leave files out.
    const script = readFileSync(resolve(root, "scripts/faults.sh"), "utf8").replaceAll("\\\n", " ");
    const options = (/^jest (.*?) *--json/m.exec(script)?.[1] ?? "").split(" ");
    expect(options).toEqual(["--selectProjects", "e2e", "--runInBand"]);
    const files = (faults: string): string[] => {
      const jest = resolve(root, "node_modules/.bin/jest");
      const listed = execFileSync(jest, [...options, "--listTests", "--json"], {
        cwd: root,
        env: { ...process.env, FAULTS: faults },
        encoding: "utf8",
      });
      return (JSON.parse(listed) as string[]).map((file) => file.slice(root.length + "/test/e2e/".length));
    };
    const all = files("all");
    const short = files("");
    const turned = turns.map(files);
    const shared = ["faults/first-up.test.ts", "faults/switchover.test.ts", "simulation-oracle.test.ts"];
    const whole = turned.flatMap((some) => some.filter((file) => !shared.includes(file)));
    expect(new Set(whole).size).toBe(whole.length);
    expect([...short, ...shared, ...whole].sort()).toEqual(all.toSorted());
    for (const some of turned) expect(some).toEqual(expect.arrayContaining(shared));
    for (const file of [...shared, ...whole]) expect(short).not.toContain(file);
  });
});
