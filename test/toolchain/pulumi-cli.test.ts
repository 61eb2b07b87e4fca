import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine, VERSION } from "./fake-machine";

let machine: FakeMachine;
beforeEach(() => {
  machine = new FakeMachine();
});
afterEach(() => {
  machine.remove();
});

const programsOf = (calls: string[]): string[] => [...new Set(calls.map((call) => call.split(" ")[0]!))];

test("the user's own CLI is taken, and nothing else is asked", async () => {
  const own = machine.ownCli();
  machine.reachableInstaller();
  machine.go();
  expect(await machine.chooseCli()).toEqual({ exit: 0, stdout: `${own}\n`, stderr: "" });
  expect(machine.calls()).toEqual(["pulumi version"]);
});

test.each([
  ["newer", "3.300.1", true],
  ["newer, built from a commit", "3.260.0-dev+abc", true],
  ["older", "3.258.9", false],
  ["of another major version", "4.0.0", false],
  ["not telling its version", "", false],
])("the user's own CLI, %s (%s): taken is %s", async (_, version, taken) => {
  const own = machine.ownCli({ version });
  machine.reachableInstaller();
  const { exit, stdout, stderr } = await machine.chooseCli();
  expect(exit).toBe(0);
  expect(stdout === `${own}\n`).toBe(taken);
  expect(stderr.includes("is left alone")).toBe(!taken);
});

test("the user's own CLI without the Node.js language host is left alone", async () => {
  machine.ownCli({ languageHost: false });
  machine.reachableInstaller();
  const { stdout, stderr } = await machine.chooseCli();
  expect(stdout).toContain(machine.cache);
  expect(stderr).toContain("no Node.js language host");
});

test("without one, the official installer brings it into our cache, the SDK's very version, and nothing of the user's is touched", async () => {
  machine.reachableInstaller();
  machine.go();
  const { exit, stdout, stderr } = await machine.chooseCli();
  expect(exit).toBe(0);
  expect(readdirSync(stdout.trim()).sort()).toEqual([
    "pulumi",
    "pulumi-language-nodejs",
    "pulumi-resource-pulumi-nodejs",
  ]);
  expect(stderr).toMatch(new RegExp(`official installer[^]*${VERSION} is in .* after \\d+ s`));
  expect(programsOf(machine.calls())).toEqual(["curl"]);
  expect(existsSync(join(machine.home, ".pulumi"))).toBe(false);
});

test("where the installer can't be reached, it is built from Go modules", async () => {
  machine.unreachableInstaller();
  machine.go();
  const { exit, stdout, stderr } = await machine.chooseCli();
  expect(exit).toBe(0);
  expect(stdout.trim()).toBe(join(machine.cache, machine.madeClis()[0]!));
  expect(readdirSync(stdout.trim()).sort()).toEqual([
    "pulumi",
    "pulumi-language-nodejs",
    "pulumi-resource-pulumi-nodejs",
  ]);
  expect(stderr).toMatch(/can't be reached[^]*building .* from Go modules, about four minutes/);
  const calls = machine.calls();
  expect(programsOf(calls)).toEqual(["curl", "go"]);
  expect(calls.filter((call) => call.startsWith("go get")).join()).toContain(`cmd/pulumi@v${VERSION}`);
});

test("a second run takes what the first one made, and calls nothing", async () => {
  machine.unreachableInstaller();
  machine.go();
  const first = await machine.chooseCli();
  machine.calls();
  expect(await machine.chooseCli()).toEqual({ exit: 0, stdout: first.stdout, stderr: "" });
  expect(machine.calls()).toEqual([]);
});

test("where nothing works it says what would help", async () => {
  const { exit, stdout, stderr } = await machine.chooseCli();
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
  for (const help of ["needs curl", "needs Go", "install the CLI", "install Go"]) expect(stderr).toContain(help);
  expect(machine.madeClis()).toEqual([]);
});

test("a build that fails half-way leaves nothing that could be taken for whole, and the next run makes it", async () => {
  machine.unreachableInstaller();
  machine.go({ failing: "pulumi" });
  const failed = await machine.chooseCli();
  expect(failed.exit).toBe(1);
  expect(failed.stderr).toContain("no such package");
  expect(machine.madeClis()).toEqual([]);
  machine.go();
  expect((await machine.chooseCli()).exit).toBe(0);
});

test("a folder in the cache that lacks a part is made anew", async () => {
  machine.unreachableInstaller();
  machine.go();
  const { stdout } = await machine.chooseCli();
  rmSync(join(stdout.trim(), "pulumi-language-nodejs"));
  expect((await machine.chooseCli()).stdout).toBe(stdout);
  expect(readdirSync(stdout.trim())).toHaveLength(3);
});

test("of two runs at once one makes it, and the other one waits and takes it", async () => {
  machine.unreachableInstaller();
  machine.go({ seconds: 0.3 });
  const [one, other] = await Promise.all([machine.chooseCli(), machine.chooseCli()]);
  expect(one.exit + other.exit).toBe(0);
  expect(one.stdout).toBe(other.stdout);
  expect(machine.calls().filter((call) => call.startsWith("go build"))).toHaveLength(2); // its two programs, once each
  expect(one.stderr + other.stderr).toContain("waiting for that one");
});
