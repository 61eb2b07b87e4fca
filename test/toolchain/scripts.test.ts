import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TO_BUILD_UNPRIVILEGED, TO_RUN, missingMessage } from "../../lab/requirements";

test("setup installs every Debian package that the lab asks for", () => {
  const wanted = missingMessage([...TO_RUN, ...TO_BUILD_UNPRIVILEGED])!
    .split("--no-install-recommends ")[1]!
    .split(" ");
  const setup = readFileSync("scripts/setup.sh", "utf8");
  for (const name of wanted) expect(setup).toMatch(new RegExp(`[a-z0-9_-]+:${name}[\\s"]`));
});

test("every shell script is one for bash", () => {
  const scripts = execFileSync("git", ["ls-files", "scripts/*.sh", ".ci/run"], { encoding: "utf8" }).trim().split("\n");
  expect(scripts.length).toBeGreaterThan(4);
  for (const script of scripts) expect(spawnSync("bash", ["-n", script]).status).toBe(0);
});

describe("the closing line of npm test", () => {
  const none = {
    numPassedTests: 0,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    numPendingTests: 0,
    numTodoTests: 0,
  };
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sums-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function close(results: Partial<typeof none>[], ci = "true"): { last: string; exit: number | null } {
    const files = results.map((result, index) => {
      const file = join(folder, `${index}.json`);
      writeFileSync(file, JSON.stringify({ ...none, ...result }));
      return file;
    });
    const { stdout, status } = spawnSync(process.execPath, ["scripts/test-sums.js", ...files], {
      encoding: "utf8",
      env: { CI: ci },
    });
    return { last: stdout.trim().split("\n").at(-1)!, exit: status };
  }

  test("adds up both projects", () => {
    expect(close([{ numPassedTests: 3 }, { numPassedTests: 4 }])).toEqual({ last: "7 passed, 0 failed", exit: 0 });
  });
  test("a failure is one", () => {
    expect(close([{ numPassedTests: 3, numFailedTests: 1 }])).toEqual({ last: "3 passed, 1 failed", exit: 1 });
  });
  test("a file that can't be loaded is a failure", () => {
    expect(close([{ numPassedTests: 3, numRuntimeErrorTestSuites: 1 }])).toEqual({
      last: "3 passed, 1 failed",
      exit: 1,
    });
  });
  test("a skipped test is a failure in CI, and only there", () => {
    const skipped = [{ numPassedTests: 3, numPendingTests: 2 }];
    expect(close(skipped)).toEqual({ last: "3 passed, 0 failed, 2 skipped", exit: 1 });
    expect(close(skipped, "")).toEqual({ last: "3 passed, 0 failed, 2 skipped", exit: 0 });
  });
  test("no test at all is a failure", () => {
    expect(close([{}])).toEqual({ last: "0 passed, 0 failed", exit: 1 });
    expect(close([])).toEqual({ last: "0 passed, 0 failed", exit: 1 });
  });
});
