/** Commands that DRBD or the host takes without a word, and that cost data: they are in no plan, and nowhere in what runs. */
import { resourceOf } from "../one-volume";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { type Step, stepsOf } from "../../../provider/core/steps/plan";
import { planTeardown } from "../../../provider/core/decided/plans/plan-resource-teardown";
import { connectDiscarding, stillDiffers } from "../../../provider/core/steps/split-brain-steps";
import { skipSync } from "../../../provider/core/steps/initial-sync-steps";
import { volumePairs } from "../../../provider/core/wanted/desired";
import { detachVolume } from "../../../provider/core/steps/volume-steps";
import { shellOf } from "../../../provider/core/steps/step-script";
import { arbitrarySituation } from "../arbitrary-observed";
import { planOf, r0, remembered } from "../observed-builder";
import { machinePair, machineStates, withMachine } from "../machine-builder";
import { commands, guards, looks, probe, units, waits, writers } from "../../../provider/host/text";
import { seed } from "../../seed";

const root = join(__dirname, "../../../provider");
/** Files that only tell: what they name is for a person to type. */
const tellers = new Set([
  "core/decided/data/side.ts",
  "core/decided/data/data-refusals.ts",
  "core/decided/data/split-brain-refusals.ts",
  "core/decided/data/kernel-refusals.ts",
  "core/decided/hosts/preflight.ts",
  "core/decided/hosts/warnings.ts",
  "core/wanted/option-warnings.ts",
  "core/decided/hosts/manager-refusals.ts",
  "core/decided/hosts/take-over-refusals.ts",
  "core/decided/hosts/virtual-machine-refusals.ts",
]);
/** Tables of DRBD's options, with what each does. */
const isAboutOptions = (path: string) => /option-(table|types)\.ts$/.test(path);

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !tellers.has(path) && !isAboutOptions(path))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

const drawn: readonly Step[] = fc.sample(arbitrarySituation, { numRuns: 1000, seed }).flatMap(({ nodes, given }) => {
  const destroyed = planTeardown(resourceOf(r0), ["alpha", "bravo"], nodes);
  return [...stepsOf(planOf(nodes, given)), ...stepsOf(destroyed)];
});

/** Of a pair with a virtual machine, in each state: as it stays, moves, and is destroyed. */
const ofMachines: readonly Step[] = machineStates.flatMap((state) => {
  return [undefined, "bravo"].flatMap((switchTo) => {
    const desired = withMachine(switchTo);
    const nodes = machinePair(state, "active", "shut off", desired);
    const moved = switchTo === undefined ? {} : { switchTo, memory: remembered };
    return [
      ...stepsOf(planOf(nodes, { desired, ...moved })),
      ...stepsOf(planTeardown(resourceOf(desired), ["alpha", "bravo"], nodes)),
    ];
  });
});

const word = (...words: readonly string[]) => new RegExp(`(?<![\\w-])(${words.join("|")})(?![\\w-])`);

test.each<[string, RegExp, string]>([
  ["resize to a size", /--size\b|"resize"|drbdadm resize/, "drbdadm resize --size=100M r0"],
  ["a verify taken for a repair", /"verify"|drbdadm verify/, "drbdadm verify r0"],
  ["invalidate, invalidate-remote", word("invalidate", "invalidate-remote"), "drbdadm invalidate-remote r0"],
  ["outdate", word("outdate"), "drbdadm outdate r0"],
  [
    "drbd.service, started, stopped or restarted",
    /drbd\.service|(?<![\w.])service["', ]+drbd(?![\w@-])|(start|stop|reload)["', ]+drbd(?![\w@-])/,
    "systemctl restart drbd",
  ],
  ["an answer to whatever is asked", /\byes +\||\becho +yes\b/, "yes | drbdadm create-md r0"],
])("%s", (_what, never, example) => {
  expect(example).toMatch(never);
  expect(sources.filter(({ text }) => never.test(text)).map(({ path }) => path)).toEqual([]);
  const emitted = drawn.filter((step) => never.test([...step.argv, "\n", shellOf(step).body].join(" ")));
  expect([...new Set(emitted.map(({ argv }) => argv.join(" ")))]).toEqual([]);
});

test("a victim of a split brain: named by the program alone, by what it holds, while it is Secondary", () => {
  const discards = /discard-my-data/;
  const saying = sources.filter(({ text }) => discards.test(text)).map(({ path }) => path);
  expect(saying.sort()).toEqual(["core/steps/split-brain-steps.ts", "host/text.ts"]);
  // drbd-where prints it, for a person to type.
  const onHosts = sources.find(({ path }) => path === "host/text.ts")?.text.split("\n") ?? [];
  for (const line of onHosts.filter((one) => discards.test(one)))
    expect(line).toMatch(/^ *"  printf 'drbdadm connect --discard-my-data %s/);
  // No situation that is drawn has a `giveUp`.
  expect(drawn.filter((step) => discards.test([...step.argv, "\n", shellOf(step).body].join(" ")))).toEqual([]);
  const gives = connectDiscarding(
    "alpha",
    "r0",
    { isAsPlanned: [stillDiffers("r0", "F2099469C0D6C688", 8)], copies: [] },
    "`giveUp`",
    "alpha's r0",
  );
  expect(gives.guard).toEqual([
    ["is_secondary", "r0"],
    ["still_differs", "r0", "F2099469C0D6C688", "8"],
  ]);
});

test("clear-bitmap: by the program alone, of two that are connected and were just created", () => {
  const clears = /new-current-uuid|clear-bitmap/;
  const saying = sources.filter(({ text }) => clears.test(text)).map(({ path }) => path);
  expect(saying.sort()).toEqual(["core/steps/initial-sync-steps.ts", "host/text.ts"]);
  // No situation that is drawn has an `initialSync`.
  expect(drawn.filter((step) => clears.test([...step.argv, "\n", shellOf(step).body].join(" ")))).toEqual([]);
  const [pair] = volumePairs(resourceOf(r0));
  const step = skipSync(pair, pair.sides[0], "both disks read as zeros");
  expect(step.guard).toEqual([
    ["both_new", "r0"],
    ["blank_before_metadata", "/dev/vdb"],
    ["still_as_read", "/dev/vdb", "1"],
  ]);
  // Its one line on a host, and the two that speak of it.
  const onHosts = writers.split("\n").filter((line) => clears.test(line) && !line.startsWith("#"));
  expect(onHosts).toEqual(['  drbdadm new-current-uuid --clear-bitmap "$1" </dev/null || return']);
});

test("dd: reads a disk that is given up, or that is to be zero, and writes to what is blank or not there yet", () => {
  const copies = /\bdd\b.*\b(if|of)=/;
  expect(
    sources
      .filter(({ text }) => copies.test(text))
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["core/steps/split-brain-steps.ts", "host/text.ts"]);
  expect(drawn.filter((step) => copies.test([...step.argv, "\n", shellOf(step).body].join(" ")))).toEqual([]);
});

const detach = word("detach");

test("detach: of one volume that leaves, and only where nobody has it open", () => {
  // What drbdadm says that it would do is read, too.
  const named = sources.filter(({ text }) => detach.test(text)).map(({ path }) => path);
  expect(named.sort()).toEqual(["core/steps/adjust-lines.ts", "core/steps/volume-steps.ts"]);
  expect(drawn.filter((step) => detach.test([...step.argv, "\n", shellOf(step).body].join(" ")))).toEqual([]);
  const step = detachVolume("alpha", 2, "it leaves");
  expect([step.argv, step.guard]).toEqual([["drbdsetup", "detach", "2"], [["nobody_holds", "/dev/drbd2"]]]);
});

/** Behind what `virsh` is called with everywhere, in sh and in a list of words. */
const asked = (...calls: readonly string[]) =>
  new RegExp(`(?:\\bask|qemu:///system["',]*|"virsh",) *["']?(?:${calls.join("|")})(?![\\w-])`);

test.each<[string, RegExp, string]>([
  [
    "a guest's memory saved, restored or thrown away",
    asked("save", "restore", "managedsave", "managedsave-remove", "snapshot-create", "snapshot-revert"),
    "virsh --connect qemu:///system managedsave --domain web",
  ],
  ["a guest's definition thrown away", asked("undefine"), '["virsh", "undefine", "web"]'],
  ["a guest reset", asked("reset"), "ask reset --domain web"],
])("%s", (_what, never, example) => {
  expect(example).toMatch(never);
  expect(sources.filter(({ text }) => never.test(text)).map(({ path }) => path)).toEqual([]);
  expect(ofMachines.filter((step) => never.test([...step.argv, "\n", shellOf(step).body].join(" ")))).toEqual([]);
});

test("virsh destroy: by a guest's unit alone, where its host shuts down and the guest outlasts its time", () => {
  const pulls = asked("destroy");
  expect('virsh --quiet --connect qemu:///system destroy --domain "$1"').toMatch(pulls);
  expect(sources.filter(({ text }) => pulls.test(text)).map(({ path }) => path)).toEqual(["host/text.ts"]);
  const { "drbd-vm@.service": ofGuest, ...others } = units;
  const elsewhere = { ...others, writers, guards, looks, probe, waits, ...commands };
  expect(Object.entries(elsewhere).flatMap(([name, text]) => (pulls.test(text) ? [name] : []))).toEqual([]);
  const [stop = ""] = /^ExecStop=.*$/m.exec(ofGuest) ?? [];
  expect(ofGuest.replace(stop, "")).not.toMatch(pulls);
  const [before, ...behind] = stop.split(pulls);
  expect(behind).toHaveLength(1);
  // Behind the end of the loop that waits for its limit, in what is done where the host shuts down.
  expect(before).toMatch(/ done; if \[ "\$\$\(systemctl is-system-running\)" = stopping \]; then echo [^;]*; *$/);
  const plugs = ofMachines.filter((step) => pulls.test([...step.argv, "\n", shellOf(step).body].join(" ")));
  expect(plugs).toEqual([]);
  expect(ofMachines.map(({ argv }) => argv.join(" "))).toContain("virsh shutdown web");
});

test("the files that only tell hold no command of ours", () => {
  for (const path of tellers) expect(readFileSync(join(root, path), "utf8")).not.toMatch(/\bargv\b|\bdoes:/);
});

test("what was drawn is worth it", () => {
  const commands = new Set(drawn.map(({ argv }) => argv.slice(0, 2).join(" ")));
  for (const command of ["drbdadm create-md", "drbdadm primary", "drbdadm adjust", "drbdadm down"])
    expect(commands).toContain(command);
});
