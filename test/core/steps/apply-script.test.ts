import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import {
  type ShellStep,
  type StepOutcome,
  applyScript,
  parseMarker,
  parseOutcomes,
} from "../../../provider/core/steps/apply-script";
import { ProbeError, parseProbe } from "../../../provider/core/seen/parse-probe";
import type { Step } from "../../../provider/core/steps/plan";
import { justTheHost } from "../../../provider/core/seen/probe";
import { commandLine, quote } from "../../../provider/core/seen/shell-words";
import { shellOf } from "../../../provider/core/steps/step-script";
import { lockedIn, replaced, sh, temporaryFolder } from "../shell";

const folder = temporaryFolder();
const nonce = "0123456789abcdef01";
const me = { token: "me", words: "me" };

const step = (argv: readonly string[], more: Partial<Step> = {}): Step => ({
  node: "alpha",
  argv,
  because: "test",
  timeoutSeconds: 5,
  ...more,
});
/** A step with shell of the test's own. */
type Scripted = Step & { readonly shell?: ShellStep };
const scripted = (body: string, guard?: string): Scripted => ({
  ...step(["write", "something"], guard === undefined ? {} : { guard: [["never_used", "r0"]] }),
  shell: { guard, body },
});
const failing = (body: string): Scripted => scripted(`${body}\nexit 3`);
const guarded = (guard: string, argv: readonly string[]): Scripted => scripted(commandLine(argv), guard);

const shells = (steps: readonly Scripted[]): ShellStep[] => steps.map((one) => one.shell ?? shellOf(one));
const scriptOf = (steps: readonly Scripted[]): string => lockedIn(folder, applyScript(nonce, shells(steps), me));

function apply(steps: readonly Scripted[]): StepOutcome[] {
  const { exit, stdout, stderr } = sh(scriptOf(steps));
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  return parseOutcomes(nonce, steps, stdout);
}

const told = (outcomes: readonly StepOutcome[]) =>
  outcomes.map(({ exit, output, guarded }) => [exit, output, ...(guarded ? ["guarded"] : [])]);

test("steps run in their order, and say nothing where all goes well", () => {
  const order = join(folder, "order");
  const noted = (word: string) => scripted(`echo ${word} | tee -a ${quote(order)}`);
  const steps = [noted("first"), step(["echo", "it's $(id)"]), noted("last")];
  const outcomes = apply(steps);
  expect(told(outcomes)).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
  expect(outcomes.map((outcome) => outcome.step)).toEqual(steps);
  expect(readFileSync(order, "utf8")).toBe("first\nlast\n");
});

test.each([
  ["printf '%s\\n' \"it's \\$(id)\" -n", "it's $(id)\n-n"],
  ["echo to stderr >&2; echo and stdout", "to stderr\nand stdout"],
  ["printf 'without an end'", "without an end"],
  ["true", ""],
])("one that fails tells what it printed: %s", (body, output) => {
  expect(told(apply([failing(body)]))).toEqual([[3, output]]);
});

test("a failure stops the rest", () => {
  const never = join(folder, "never");
  const steps = [scripted("echo why; exit 3"), scripted(`: >${quote(never)}`)];
  expect(told(apply(steps))).toEqual([[3, "why"]]);
  expect(sh(`ls ${quote(never)}`).exit).not.toBe(0);
});

test("every command but the last of a step's script may fail, as in a shell", () => {
  expect(told(apply([scripted("false\ntrue"), scripted("true\nfalse"), step(["true"])]))).toEqual([
    [0, ""],
    [1, ""],
  ]);
});

describe("a guard", () => {
  test("that holds is followed by its command", () => {
    const steps = [guarded("echo looked; true", ["sh", "-c", "echo ran; exit 3"])];
    expect(told(apply(steps))).toEqual([[3, "looked\nran"]]);
  });

  test("that fails stops the command and all after it, tells why, and is told from a command that failed", () => {
    const guard = "[ 1 = 1 ] && { echo /dev/vdb is not blank any more; false; }";
    const [outcome, ...others] = apply([guarded(guard, ["echo", "ran"]), step(["echo", "after"])]);
    expect(others).toEqual([]);
    expect(outcome).toMatchObject({ output: "/dev/vdb is not blank any more", guarded: true });
    expect(outcome?.exit).not.toBe(0);
  });

  test.each([
    ["of several: the first", "false && true && true"],
    ["of several: the last", "true && true && false"],
    ["that is no command", "no-such-command-anywhere"],
    ["that ends the shell", "exit 5"],
  ])("%s", (_what, guard) => {
    const mark = join(folder, "guarded");
    const [outcome] = apply([scripted(`: >${quote(mark)}`, guard)]);
    expect(outcome?.exit).not.toBe(0);
    expect(sh(`ls ${quote(mark)}`).exit).not.toBe(0);
  });

  test("is not blamed for its command", () => {
    expect(told(apply([guarded("true", ["sh", "-c", "echo failed; exit 1"])]))).toEqual([[1, "failed"]]);
  });
});

test("nothing waits for input", () => {
  expect(told(apply([step(["cat"]), scripted("cat; cat"), guarded("cat", ["true"])]))).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
});

test("one step's directory, variables, options and functions are not the next one's", () => {
  const steps = [
    scripted("cd /; code=7 out=/dev/null; set -e; umask 000; mark() { echo mine; }; exec 2>/dev/null"),
    failing("umask; echo ok >&2"),
  ];
  expect(told(apply(steps))).toEqual([
    [0, ""],
    [3, "0022\nok"],
  ]);
});

test("what a command prints cannot pass for a marker", () => {
  const other = "fedcba9876543210fe";
  const fakes = [
    `@${other}-step end 0 0`,
    `@${other}-step begin 1`,
    `x@${nonce}-step end 0 0`,
    ` @${nonce}-step end 0 0`,
  ];
  const steps = [scripted(`${fakes.map((fake) => `echo ${quote(fake)}`).join("\n")}\nexit 4`), step(["echo", "after"])];
  expect(told(apply(steps))).toEqual([[4, fakes.join("\n").trim()]]);
});

test("much output, and output that is no text", () => {
  const line = "0123456789".repeat(4);
  const [much] = apply([failing(`i=0; while [ $i -lt 20000 ]; do echo ${line}; i=$((i + 1)); done`)]);
  const [odd] = apply([failing("printf '\\000\\377\\n'")]);
  expect(much?.output.split("\n")).toHaveLength(20_000);
  expect(odd?.exit).toBe(3);
});

test("words and scripts arrive as they are, whatever they hold", () => {
  const hostile = fc
    .array(fc.constantFrom("'", '"', "\\", "$(id)", "`id`", "\n", " ", "-", "é", ")", "}", "EOF", ";", "#"), {
      minLength: 1,
      maxLength: 6,
    })
    .map((pieces) => `<${pieces.join("")}>`);
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 20 }), (words) => {
      const print = 'printf "%s\\n" "$@"; exit 3';
      expect(told(apply([step(["sh", "-c", print, "sh", ...words])]))).toEqual([[3, words.join("\n")]]);
      expect(told(apply([failing(commandLine(["printf", "%s\\n", ...words]))]))).toEqual([[3, words.join("\n")]]);
    }),
    { numRuns: 10 },
  );
});

describe("the lock", () => {
  let holder: ChildProcess | undefined;
  afterEach(() => holder?.kill("SIGKILL"));

  const hold = (path: string) =>
    new Promise<void>((resolve) => {
      holder = spawn("flock", ["--no-fork", path, "sh", "-c", "echo held; exec sleep 20"]);
      holder.stdout?.once("data", () => {
        resolve();
      });
    });

  test("that is held: nothing runs, and who holds it is told", async () => {
    const own = join(folder, "locked");
    mkdirSync(own, { recursive: true });
    const steps = [failing("echo ran")];
    const script = replaced(lockedIn(own, applyScript(nonce, shells(steps), me)), "flock -w 60 ", "flock -w 0.1 ");
    await hold(join(own, "lock"));
    writeFileSync(join(own, "turn"), "me 1 2 root@ws, process 12\n");
    const { stdout } = sh(script);
    const events = stdout.split("\n").flatMap((line) => parseMarker(nonce, line) ?? []);
    expect(events).toEqual([{ kind: "locked", holder: "root@ws, process 12" }]);
    expect(parseOutcomes(nonce, steps, stdout)).toEqual([]);
    expect(stdout).not.toContain("ran");
    // A dead holder keeps nothing.
    holder?.kill("SIGKILL");
    const late = replaced(script, "flock -w 0.1 ", "flock -w 5 ");
    expect(told(parseOutcomes(nonce, steps, sh(late).stdout))).toEqual([[3, "ran"]]);
  });

  test("another run has had the turn: nothing runs", () => {
    const own = join(folder, "turned");
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "turn"), "other 0 0 root@ws, process 12\n");
    const { stdout } = sh(lockedIn(own, applyScript(nonce, shells([failing("echo ran")]), me)));
    expect(stdout.split("\n").flatMap((line) => parseMarker(nonce, line) ?? [])).toEqual([
      { kind: "locked", holder: "root@ws, process 12" },
    ]);
    expect(stdout).not.toContain("ran");
  });

  test("that cannot be made: nothing runs, and no step is told to have begun", () => {
    const steps = [step(["echo", "ran"])];
    const script = lockedIn("/dev/null/folder", applyScript(nonce, shells(steps), me));
    const { stdout, exit } = sh(script);
    expect(exit).not.toBe(0);
    expect(parseOutcomes(nonce, steps, stdout)).toEqual([]);
    expect(stdout).toContain("cannot write /dev/null/folder/lock");
    expect(stdout).not.toContain("ran");
  });

  test("is in a folder of root's own", () => {
    const own = join(folder, "run");
    expect(sh(lockedIn(own, applyScript(nonce, shells([step(["true"])]), me))).exit).toBe(0);
    expect((statSync(own).mode & 0o7777).toString(8)).toBe("700");
  });
});

test("what was seen after the last step comes along, and only then", () => {
  const last = join(folder, "last");
  const withLook = (steps: readonly Scripted[]) =>
    sh(lockedIn(folder, applyScript(nonce, shells(steps), me, justTheHost))).stdout;
  const whole = withLook([scripted(`echo done >${quote(last)}`)]);
  expect(parseProbe(nonce, whole).hostname).toBe(readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  expect(readFileSync(last, "utf8")).toBe("done\n");
  expect(() => parseProbe(nonce, withLook([step(["false"])]))).toThrow(ProbeError);
  expect(() => parseProbe(nonce, sh(scriptOf([step(["true"])])).stdout)).toThrow(ProbeError);
});

describe("what came back, cut short", () => {
  const steps = [
    scripted("echo one; exit 0"),
    guarded("true", ["echo", "two"]),
    scripted("echo three; exit 112"),
    step(["echo", "never"]),
  ];
  const output = sh(scriptOf(steps)).stdout;
  const whole = parseOutcomes(nonce, steps, output);

  test("whole", () => {
    expect(told(whole)).toEqual([
      [0, ""],
      [0, ""],
      [112, "three"],
    ]);
  });

  test("at whatever byte: what is told of a step is true, and an end that was not told is not made up", () => {
    for (let length = 0; length <= output.length; length++) {
      const outcomes = parseOutcomes(nonce, steps, output.slice(0, length));
      outcomes.forEach(({ exit, guarded, step: begun }, index) => {
        expect(begun).toBe(steps[index]);
        expect(guarded).toBe(false);
        expect([null, whole[index]?.exit]).toContain(exit);
        if (index < outcomes.length - 1) expect(exit).toBe(0);
      });
    }
  });
});

test.each([
  ["", undefined],
  ["begin 0", undefined],
  [`@${nonce}-step begin 2`, { kind: "begin", index: 2, exit: 0 }],
  [`@${nonce}-step end 2 127`, { kind: "end", index: 2, exit: 127 }],
  [`@${nonce}-step locked root@ws, process 12`, { kind: "locked", holder: "root@ws, process 12" }],
  [`@${nonce}-step locked `, { kind: "locked", holder: "" }],
  [`@${nonce}-step end 2`, undefined],
  [`@${nonce}-step end 2 `, undefined],
  [`@${nonce}-step end x 0`, undefined],
  [`@${nonce}-step begin`, undefined],
  [`@${nonce}-step other 1 2`, undefined],
  [`@${nonce} format 1`, undefined],
])("the marker in %j", (line, event) => {
  expect(parseMarker(nonce, line)).toEqual(event);
});
