/** Who may change something on a host: the scripts that take the turn and give it back, in a real sh. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { turn } from "../../../provider/host/text";
import { runFolder } from "../../../provider/core/config/paths";
import { applyScript } from "../../../provider/core/steps/apply-script";
import { parseProbe } from "../../../provider/core/seen/parse-probe";
import { justTheHost, observeScript } from "../../../provider/core/seen/probe";
import { giveTurnScript, parseTurnAnswer, takeTurnScript } from "../../../provider/core/seen/turn";
import { lockedIn, replaced, sh, temporaryFolder } from "../shell";

const nonce = "0123456789abcdef01";
const folder = temporaryFolder();
let place: string;
let count = 0;
let shells: ChildProcess[] = [];

beforeEach(() => {
  place = join(folder, `run ${++count}`.replace(" ", ""));
  mkdirSync(place);
});

afterEach(() => {
  for (const shell of shells) shell.kill("SIGKILL");
  shells = [];
});

const quick = (script: string) => replaced(lockedIn(place, script), "flock -w 10 ", "flock -w 0.1 ");
const take = (run: string) => quick(takeTurnScript(nonce, run, `${run}'s words`));

/** A run of its own, whose shell stays as an SSH session's does. */
async function takenBy(run: string): Promise<ChildProcess> {
  const shell = spawn("sh", ["-s"], { stdio: ["pipe", "pipe", "ignore"] });
  shells.push(shell);
  shell.stdin.write(`(\n${take(run)}\n) </dev/null\n`);
  await new Promise((heard) => shell.stdout.once("data", heard));
  return shell;
}

const ended = (shell: ChildProcess) =>
  new Promise((over) => {
    shell.once("close", over);
    shell.stdin?.end();
  });

const asked = (run: string) => parseTurnAnswer(nonce, sh(take(run)).stdout);
const seen = () => parseProbe(nonce, sh(lockedIn(place, observeScript(nonce, justTheHost))).stdout).turn;

test("the shell and the errors that name its files mean the same folder", () => {
  expect(turn).toContain(`\nrun_folder=${runFolder}\n`);
});

test("one run at a time has it, and the other is told whose it is", async () => {
  const shell = await takenBy("first");
  const answer = asked("second") as { kind: "busy"; holder: string };
  expect(answer.holder.replace(/since (.*)$/, "since")).toBe(
    `first's words; on ${hostname()}: process ${shell.pid} (sh -s), since`,
  );
  // By the clock of now, to a second or two.
  expect(Math.abs(Date.now() - Date.parse(/since (.*)$/.exec(answer.holder)![1]!))).toBeLessThan(15_000);
  expect(seen()).toEqual({ last: "first", holder: "first's words" });
  // Another piece of work of the same run.
  expect(asked("first")).toEqual({ kind: "taken", last: "first" });
});

test("a run that has ended, however it did, keeps nothing, and is known to have been there", async () => {
  await ended(await takenBy("first"));
  expect(seen()).toEqual({ last: "first" });
  expect(asked("second")).toEqual({ kind: "taken", last: "first" });
});

test("it is given back", async () => {
  await takenBy("first");
  sh(lockedIn(place, giveTurnScript("second")));
  expect(seen()).toMatchObject({ holder: "first's words" });
  sh(lockedIn(place, giveTurnScript("first")));
  expect(seen()).toEqual({ last: "first" });
});

test("nobody has it on a host that has just booted, nor a process that got the number of an old one", () => {
  expect(seen()).toEqual({ last: "" });
  writeFileSync(join(place, "turn"), `old ${process.pid} 1 old words\n`);
  expect(seen()).toEqual({ last: "old" });
  writeFileSync(join(place, "turn"), "");
  expect(asked("first")).toEqual({ kind: "taken", last: "" });
});

test("a step that outlives the shell of its run keeps the others away until it ends", async () => {
  await ended(await takenBy("first"));
  const holder = spawn("flock", ["--no-fork", join(place, "lock"), "sh", "-c", "echo held; exec sleep 20"]);
  shells.push(holder);
  await new Promise((heard) => holder.stdout.once("data", heard));
  // Another one that waits for it, too, is not who has it.
  const waiting = spawn("flock", ["--no-fork", join(place, "lock"), "true"], { stdio: "ignore" });
  shells.push(waiting);
  const { holder: told } = asked("second") as { holder: string };
  expect(told.replace(/since [\d: -]*$/, "since")).toBe(
    `first's words (it was killed, and its last step is still running); on ${hostname()}: process ${holder.pid} (sleep 20), since`,
  );
});

test("steps run in the turn alone, and keep it", async () => {
  const steps = (run: string) =>
    sh(lockedIn(place, applyScript(nonce, [{ body: "echo ran >&3" }], { token: run, words: run }))).stdout;
  await takenBy("first");
  expect(steps("second")).toContain(`@${nonce}-step locked first's words`);
  expect(steps("first")).toContain(`@${nonce}-step begin 0`);
});
