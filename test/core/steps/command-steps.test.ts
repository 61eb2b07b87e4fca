/** The commands on the hosts: what a look tells of them, and how they are written and taken away, in a real sh. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { observeScript } from "../../../provider/core/seen/probe";
import { applyScript, parseOutcomes } from "../../../provider/core/steps/apply-script";
import {
  keptCommand,
  missingCommands,
  ownCommands,
  removeCommands,
  writeCommands,
} from "../../../provider/core/steps/command-steps";
import type { Step } from "../../../provider/core/steps/plan";
import { shellOf } from "../../../provider/core/steps/step-script";
import { replaced, sh, temporaryFolder } from "../shell";

const folder = temporaryFolder();
const nonce = "0123456789abcdef01";
const sbin = join(folder, "sbin");
const below = (script: string) => replaced(script, "/usr/local/sbin/", `${sbin}/`);
const file = (path: string) => join(sbin, path.split("/").at(-1) ?? "");

beforeEach(() => {
  rmSync(sbin, { recursive: true, force: true });
  mkdirSync(sbin);
});

/** What the host's look tells, by the paths that it would have there. */
function look() {
  const { stdout } = sh(below(observeScript(nonce, { looks: [], candidates: [], depth: "tables" })));
  return parseProbe(nonce, stdout.replaceAll(`${sbin}/`, "/usr/local/sbin/"));
}

function run(step: Step): void {
  // Of the first one alone: the commands have such a line of their own.
  const whole = below(applyScript(nonce, [shellOf(step)], { token: "me", words: "me" }));
  const script = whole.replace("run_folder=/run/pulumi-drbd", `run_folder=${join(folder, "run")}`);
  expect(script).not.toBe(whole);
  const [outcome] = parseOutcomes(nonce, [step], sh(script).stdout);
  expect([outcome?.exit, outcome?.output]).toEqual([0, ""]);
}

test("all are missing on a host that has none, written once, executable, and then as they should be", () => {
  expect(missingCommands(look())).toEqual(ownCommands);
  run(writeCommands("alpha", ownCommands, "new"));
  for (const { path, text } of ownCommands) {
    expect(readFileSync(file(path), "utf8")).toBe(text);
    expect((statSync(file(path)).mode & 0o7777).toString(8)).toBe("755");
  }
  const seen = look();
  expect(missingCommands(seen)).toEqual([]);
  expect([...(seen.commands?.values() ?? [])].map(({ isOurs }) => isOurs)).toEqual([true, true, true]);
});

test("one that was changed by hand, and it alone, is written again; no copy of ours is kept", () => {
  run(writeCommands("alpha", ownCommands, "new"));
  const [changed] = ownCommands;
  writeFileSync(file(changed!.path), `${changed!.text}# mine\n`);
  expect(missingCommands(look())).toEqual([changed]);
  run(writeCommands("alpha", [changed!], "changed"));
  expect(missingCommands(look())).toEqual([]);
  expect(readdirSync(sbin)).toHaveLength(3);
});

test("somebody else's command of that name is kept beside ours, and comes back when ours goes", () => {
  const [, theirs] = ownCommands;
  writeFileSync(file(theirs!.path), "#!/bin/sh\necho mine\n");
  expect(look().commands?.get(theirs!.path)?.isOurs).toBe(false);
  run(writeCommands("alpha", missingCommands(look()), "new"));
  expect(readFileSync(file(keptCommand(theirs!)), "utf8")).toContain("mine");
  run(removeCommands("alpha", ownCommands, look(), "gone"));
  expect(readdirSync(sbin)).toEqual([theirs!.path.split("/").at(-1)]);
  expect(readFileSync(file(theirs!.path), "utf8")).toContain("mine");
});

test("a host that was not asked about them has none to do", () => {
  expect(missingCommands({ ...look(), commands: undefined })).toEqual([]);
  expect(existsSync(sbin)).toBe(true);
});

test("what is installed has the digest by which a look knows it: a second up writes nothing", () => {
  for (const { text, digest } of ownCommands) expect(createHash("sha256").update(text).digest("hex")).toBe(digest);
});
