import { probeLook } from "../core/one-volume";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Step } from "../../provider/core/steps/plan";
import { justTheHost, theHostClosely, type Look } from "../../provider/core/seen/probe";
import { syncScript } from "../../provider/core/steps/sync-script";
import { GuardError, HostError, UnreachableError } from "../../provider/shell/error-classes";
import type { LogEntry } from "../../provider/shell/event-log";
import { undisturbed } from "../../provider/lifecycle/turns";
import { closeHosts, type Host, hostOf } from "../../provider/shell/host";
import {
  type Answer,
  FakeNode,
  emptyProbe,
  failure,
  probed,
  realShell,
  realShellOr,
  realShellUntil,
  says,
  sshHost,
  silence,
  stopNodes,
  hangsUp,
} from "./fake-node";

let node: FakeNode;
let host: Host;
let folder: string;
let log: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-log-"));
  log = join(folder, "drbd.log");
  process.env["DRBD_LOG"] = log;
  node = await FakeNode.start();
  node.answer = probed();
  host = sshHost("alpha", node.connection());
});

afterEach(async () => {
  delete process.env["DRBD_LOG"];
  await host.close();
  await closeHosts();
  await stopNodes();
  rmSync(folder, { recursive: true });
});

type Line = LogEntry & { readonly time: string };

function logged(): Line[] {
  if (!existsSync(log)) return [];
  const text = readFileSync(log, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

const ran = () => logged().map(({ argv, exit, changes }) => ({ argv: argv.join(" "), exit, changes }));

/** A step whose shell is harmless here: these run with this machine's own `sh`. */
const step = (script: string, more: Partial<Step> = {}): Step => ({
  node: "alpha",
  argv: ["do", "something"],
  because: "it is a test",
  does: [{ kind: "run", argv: ["sh", "-c", script] }],
  timeoutSeconds: 10,
  ...more,
});

const look = (name: string, disk = "/dev/vdb"): Look =>
  probeLook({ name, minor: 1, port: 7789, disk, metaDisk: "internal", filesystem: true });
const noPort = ["port\n/proc/net/tcp:0", "exit 1"];
/** The probe's answer with resources that were looked at. */
const withLooks = (...names: string[]) =>
  probed((nonce) => {
    const utils = ["utils", "exit 0", "version", "exit 0"];
    const looks = names.flatMap((name) => [
      `resource ${name}`,
      ...noPort,
      `volume ${name} 0`,
      "disk missing",
      "exit 0",
    ]);
    return emptyProbe(nonce).replace(
      `\n@${nonce} end\n`,
      utils
        .concat(looks, "end")
        .map((one) => `\n@${nonce} ${one}\n`)
        .join(""),
    );
  });

const withTurn = (nonce: string, last: string, holder: string) =>
  emptyProbe(nonce).replace(
    `\n@${nonce} files`,
    `\n@${nonce} turn\n${last}\n${holder}\n\n@${nonce} exit 0\n\n@${nonce} files`,
  );
/** When a process began, as the kernel counts it. */
const startTime = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")[19] ?? "";

const watch = { resource: "r0", minors: [1], seconds: 20 };
/** A host with a sync that ends when a script does. */
const syncing =
  (script: string): Answer =>
  (exec, self) => {
    realShell(exec.script === syncScript(watch) ? { ...exec, script } : exec, self);
  };

const nothingToTell = () => undefined;
const steps = (...scripts: string[]) => scripts.map((script, index) => step(script, { argv: [`step${index}`] }));
const apply = (all: readonly Step[]) => host.apply(all, undefined, nothingToTell);

describe("observing", () => {
  test("is one command, kept for a moment", async () => {
    await Promise.all([host.observe(justTheHost), host.observe(justTheHost), host.observe(justTheHost)]);
    expect(node.dials).toBe(1);
    expect(node.scripts).toHaveLength(1);
    expect(host.recent()).toBeDefined();
  });

  test("looks again where something else is asked for, or something changed, or time went by", async () => {
    node.answer = withLooks("r0");
    await host.observe(justTheHost);
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    await host.observe(justTheHost);
    expect(node.scripts).toHaveLength(2);
    await host.observe({ looks: [look("r0", "/dev/vdc")], candidates: [], depth: "close" });
    expect(node.scripts).toHaveLength(3);
    const later = Date.now() + 600_000;
    jest.spyOn(Date, "now").mockReturnValue(later);
    expect(host.recent()).toBeUndefined();
    await host.observe(justTheHost);
    jest.restoreAllMocks();
    expect(node.scripts).toHaveLength(4);
    node.answer = realShell;
    await apply(steps("true"));
    expect(host.recent()).toBeUndefined();
  });

  test("asks for drbd-utils' version once", async () => {
    const asked: boolean[] = [];
    const answer = withLooks("r0");
    node.answer = (exec, self) => {
      asked.push(/^utils=''$/m.test(exec.script));
      answer(exec, self);
    };
    for (const disk of ["/dev/vdb", "/dev/vdc"]) {
      await host.observe({ looks: [look("r0", disk)], candidates: [], depth: "close" });
    }
    expect(asked).toEqual([true, false]);
  });

  test("goes into one resource's disks again, and keeps what it saw of the others'", async () => {
    node.answer = withLooks("r0", "r1");
    host.expect([look("r0"), look("r1")]);
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    node.answer = withLooks("r0");
    const moved = look("r0", "/dev/vdc");
    const again = await host.observe({ looks: [moved], candidates: [], depth: "close" });
    expect([...again.resources.keys()].sort()).toEqual(["r0", "r1"]);
    expect(node.scripts.at(-1)).not.toMatch(/^"\$@" r1 /m);
    await host.observe({ looks: [moved], candidates: [], depth: "close" });
    await host.observe({ looks: [look("r1")], candidates: [], depth: "close" });
    expect(node.scripts).toHaveLength(2);
    // An old look at a disk is none.
    const later = Date.now() + 600_000;
    jest.spyOn(Date, "now").mockReturnValue(later);
    await host.observe({ looks: [moved], candidates: [], depth: "close" });
    node.answer = withLooks("r1");
    await host.observe({ looks: [look("r1")], candidates: [], depth: "close" });
    jest.restoreAllMocks();
    expect(node.scripts).toHaveLength(4);
  });

  test("a look that found all well and went no further serves nobody who asks for a close one", async () => {
    node.answer = withLooks("r0");
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    node.answer = probed((nonce) =>
      emptyProbe(nonce).replace(`@${nonce} blocks\n{"blockdevices": []}\n`, `@${nonce} tables\n`),
    );
    const needed = { looks: [look("r1")], candidates: [], depth: "needed" as const };
    // What is known of the host's disks is known of r0's alone.
    expect((await host.observe(needed)).closely).toBe(true);
    await host.observe(needed);
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    expect(node.scripts).toHaveLength(2);
    node.answer = withLooks("r1");
    const close = await host.observe({ ...needed, depth: "close" });
    expect(node.scripts).toHaveLength(3);
    expect(close.resources.has("r1")).toBe(true);
  });

  test("goes again into a resource that has a wanted role: who uses it may have changed with another one's steps", async () => {
    node.answer = withLooks("r0", "r1");
    const moving = { ...look("r1"), wanted: "Primary" as const };
    host.expect([look("r0"), moving]);
    await host.observe({ looks: [moving], candidates: [], depth: "close" });
    expect(node.scripts).toHaveLength(1);
    node.answer = withLooks("r0");
    const after = await host.observe({ looks: [look("r0", "/dev/vdc")], candidates: [], depth: "close" });
    expect([...after.resources.keys()]).toEqual(["r0"]);
    node.answer = withLooks("r1");
    await host.observe({ looks: [moving], candidates: [], depth: "close" });
    expect(node.scripts).toHaveLength(3);
  });

  test("looks at what is expected too, so that it need not be asked for again", async () => {
    node.answer = withLooks("r0", "r1");
    host.expect([look("r0")]);
    host.expect([look("r1")]);
    host.prefetch();
    host.prefetch();
    const observed = await host.observe({ looks: [look("r1")], candidates: [], depth: "close" });
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" });
    expect([...observed.resources.keys()]).toEqual(["r0", "r1"]);
    expect(node.scripts).toHaveLength(1);
    expect(ran().at(-1)).toEqual({ argv: "observe r0 r1", exit: 0, changes: false });
  });

  test("a look ahead that fails is told to whoever asks, at once", async () => {
    node.onSocket = (socket) => {
      socket.destroy();
      return false;
    };
    host.prefetch();
    expect((await failure(host.observe(justTheHost, 2))).message).toContain("alpha: cannot be reached");
    expect((await failure(host.observe(justTheHost))).message).toContain("alpha: cannot be reached");
    expect(node.dials).toBe(2);
  });

  test.each<[string, string, RegExp]>([
    ["garbage", "Welcome to the appliance!\n", /nothing of what was asked came back/],
    ["nothing", "", /nothing of what was asked came back/],
  ])("%s is no answer: an error that shows it, and no plan", async (_, text, expected) => {
    node.answer = says(text, { stderr: "sh: 3: lsblk: not found\n", exit: 127 });
    const error = await failure(host.observe(justTheHost));
    expect(error).toBeInstanceOf(HostError);
    expect(error).not.toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(/^alpha: looking at the host failed: /);
    expect(error.message).toMatch(expected);
    expect(error.message).toContain("(exit 127)");
    expect(error.message).toContain("lsblk: not found");
    expect(error.message).toContain(text.trim());
    expect(host.recent()).toBeUndefined();
  });

  test("an answer that was cut short is none", async () => {
    node.answer = probed((nonce) => `\n@${nonce} format 1\n\n@${nonce} files\n`);
    const error = await failure(host.observe(justTheHost));
    expect(error.message).toContain("the answer was cut short");
  });

  test("the answer to another question is none", async () => {
    node.answer = says(`\n@${"0".repeat(18)} format 1\n\n@${"0".repeat(18)} end\n`);
    expect((await failure(host.observe(justTheHost))).message).toContain("nothing of what was asked came back");
  });

  test("a lost connection is an error, and the next look dials again", async () => {
    node.answer = hangsUp;
    expect((await failure(host.observe(justTheHost))).message).toContain("the connection was lost");
    node.answer = probed();
    await host.observe(justTheHost);
    expect(node.dials).toBe(2);
    expect(ran().map(({ argv, exit }) => [argv, exit])).toEqual([
      ["connect", 0],
      ["observe", null],
      ["connect", 0],
      ["observe", 0],
    ]);
  });
});

describe("a host that hangs in the middle of a look", () => {
  /** lsblk has begun, and says no more than that. */
  const hangs: Answer = ({ script, channel }) => {
    const nonce = /^nonce=([0-9a-f]{18})$/m.exec(script)?.[1] ?? "";
    channel.write(`\n@${nonce} format 1\n\n@${nonce} files\n/etc/secret\0tell-nobody\n\n@${nonce} exit 0\n`);
    channel.write(`\n@${nonce} blocks\nlsblk: half an answer\n`);
    channel.stderr.write("a complaint\n");
  };
  const sooner = (milliseconds = 0) => milliseconds / 100;

  beforeEach(() => {
    node.answer = hangs;
    const real = global.setTimeout;
    jest
      .spyOn(global, "setTimeout")
      .mockImplementation(((run: () => void, after: number, ...more: []) =>
        real(run, sooner(after), ...more)) as never);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test("is told after ten seconds, with what is waited for; then with what came, once for all who ask", async () => {
    const told: string[] = [];
    host.followWaits("row", (what) => told.push(what));
    const errors = await Promise.all([failure(host.observe(theHostClosely)), failure(host.observe(theHostClosely))]);
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(told[0]).toMatch(/^waits for alpha, which has not answered for \d+ s: lsblk$/);
    expect(errors[1]).toBe(errors[0]);
    expect(errors[0].message).toBe(
      [
        "alpha: no answer for 60 s",
        "  command: lsblk",
        "  output:",
        "    lsblk: half an answer",
        "    a complaint",
        "  what to do: log in and see what it waits for (`ps axf`, `dmesg`): a disk that does not answer, a tool that hangs",
      ].join("\n"),
    );
    // Nothing was changed there: a preview goes on without it, as without a host that is off.
    expect(errors[0]).toMatchObject({ network: true });
    expect(node.scripts).toHaveLength(1);
  });

  test("is told to a row that comes later too, and no more to one that is done", async () => {
    const told: string[] = [];
    const wait = failure(host.observe(theHostClosely));
    host.followWaits("gone", () => told.push("gone"));
    host.unfollow("gone");
    await new Promise((wake) => setTimeout(wake, 25_000));
    host.followWaits("late", (what) => told.push(what));
    expect(told).toHaveLength(1);
    await wait;
    expect(told).not.toContain("gone");
  });
});

describe("a user other than root", () => {
  test.each<["asks" | "is missing", string, RegExp]>([
    ["asks", "the user admin may not become root without a password", /a password is required/],
    ["is missing", "the user admin is not root, and there is no sudo on the host", /sudo: not found/],
  ])("whose sudo %s: what is wrong, what sudo said, and what to write into sudoers", async (sudo, what, said) => {
    const other = await FakeNode.start({ sudo });
    other.user = "admin";
    other.answer = realShell;
    other.greets = true;
    const admin = sshHost("alpha", other.connection());
    const error = await failure(admin.observe(justTheHost));
    await admin.close();
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ network: false });
    expect(error.message.split("\n")[0]).toBe(`alpha: ${what}`);
    expect(error.message).toMatch(said);
    expect(error.message).toContain("admin ALL=(ALL) NOPASSWD: ALL");
  });

  test("for whom something else than sudo is started: neither a look nor a step runs, and the error says who we are", async () => {
    node.user = "admin";
    node.answer = realShell;
    node.greets = true;
    node.uid = 1000;
    const admin = sshHost("alpha", node.connection());
    for (const work of [
      () => admin.observe(justTheHost),
      () => admin.apply(steps("touch ran"), undefined, nothingToTell),
    ]) {
      const error = await failure(work());
      expect(error).toBeInstanceOf(UnreachableError);
      expect(error).toMatchObject({ network: false });
      expect(error.message).toMatch(/^alpha: the shell that was started there is not root's: uid=/);
      expect(error.message).toContain("ForceCommand");
    }
    await admin.close();
    expect(existsSync(join(node.folder, "ran"))).toBe(false);
  });

  test("has its steps run by sudo too", async () => {
    node.user = "admin";
    const admin = sshHost("alpha", node.connection());
    node.answer = realShell;
    await admin.apply(steps('[ "$BECAME_ROOT" = yes ]'), undefined, nothingToTell);
    await admin.close();
    expect(node.commands).toEqual(["env LC_ALL=C sudo -n sh -s"]);
  });
});

describe("applying", () => {
  beforeEach(() => {
    node.answer = realShell;
  });

  test("runs steps in their order in one command, tells each as it begins, and looks again", async () => {
    const told: string[] = [];
    const all = steps("echo one >>order", "echo two >>order", "echo three >>order");
    await host.apply(all, undefined, ({ argv }) => told.push(argv.join(" ")));
    expect(readFileSync(join(node.folder, "order"), "utf8")).toBe("one\ntwo\nthree\n");
    expect(told).toEqual(["step0", "step1", "step2"]);
    expect(node.scripts).toHaveLength(1);
    expect(ran().slice(1)).toEqual(["step0", "step1", "step2"].map((argv) => ({ argv, exit: 0, changes: true })));
  });

  test("tells a step while it runs, not when all is over", async () => {
    const all = steps("true", "while [ ! -e go ]; do sleep 0.01; done", "true");
    let halfway: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (halfway = resolve));
    const done = host.apply(all, undefined, ({ argv }) => {
      if (argv[0] === "step1") halfway?.();
    });
    await reached;
    writeFileSync(join(node.folder, "go"), "");
    await done;
  });

  test("tells that the last step has ended before the look that follows it has", async () => {
    const told: string[] = [];
    const tell = ({ argv }: Step) => told.push(argv.join(" "));
    const looked = host.apply(steps("true", "true"), theHostClosely, tell, () => told.push("ended"));
    await looked.then(() => told.push("looked"));
    expect(told).toEqual(["step0", "step1", "ended", "looked"]);
  });

  test("does not tell of an end where a step failed", async () => {
    const ended = jest.fn();
    await failure(host.apply(steps("true", "false", "true"), undefined, nothingToTell, ended));
    expect(ended).not.toHaveBeenCalled();
  });

  test("stops at a step that fails: which, why, its output, how many are left", async () => {
    const error = await failure(apply(steps("true", "echo 'no space' >&2; exit 28", "touch never", "touch never")));
    expect(error).toBeInstanceOf(HostError);
    expect(error).not.toBeInstanceOf(GuardError);
    expect(error.message).toContain("alpha: a step failed (it is a test)");
    expect(error.message).toContain("command: step1 (exit 28)");
    expect(error.message).toContain("    no space");
    expect(error.message).toContain("2 more steps on this host were not run");
    expect(existsSync(join(node.folder, "never"))).toBe(false);
    expect(ran().slice(1)).toEqual([
      { argv: "step0", exit: 0, changes: true },
      { argv: "step1", exit: 28, changes: true },
    ]);
  });

  test("does not run a step whose guard fails, and says what the guard saw", async () => {
    const error = await failure(apply([step("touch never", { guard: [["still_blank", "/dev/null", "any"]] })]));
    expect(error).toBeInstanceOf(GuardError);
    expect(error.message).toContain("does not fit what is there any more, so it was not run");
    expect(error.message).toContain("/dev/null is no block device any more");
    expect(existsSync(join(node.folder, "never"))).toBe(false);
  });

  test("runs a step whose guard holds", async () => {
    await apply([step("touch done", { guard: [["not_standalone", "r0"]] })]);
    expect(existsSync(join(node.folder, "done"))).toBe(true);
  });

  test("runs argv where it does nothing else, each word as it is", async () => {
    const words = ["a b", "$HOME", "'", '"', ";", "*"];
    await apply([step("", { does: undefined, argv: ["sh", "-c", 'printf "%s\\n" "$@" >words', "x", ...words] })]);
    expect(readFileSync(join(node.folder, "words"), "utf8")).toBe(`${words.join("\n")}\n`);
  });

  test("two plans on one host run one after the other", async () => {
    const slow = steps("echo a >>order; sleep 0.2; echo b >>order");
    await Promise.all([apply(slow), apply(steps("echo c >>order"))]);
    expect(readFileSync(join(node.folder, "order"), "utf8")).toBe("a\nb\nc\n");
  });

  test("a plan is not held up by what somebody follows, such as a sync of hours", async () => {
    node.answer = syncing("until [ -e done ]; do sleep 0.05; done");
    const followed = host.followSync(watch, nothingToTell);
    await apply(steps("touch done"));
    expect(await followed).toMatchObject({ exit: 0 });
  });

  test("after one that failed, the next one runs", async () => {
    const [first, second] = await Promise.allSettled([apply(steps("false")), apply(steps("true"))]);
    expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
  });

  test("a user's script may use our own functions, and nothing of a host can pass for one of our markers", async () => {
    const error = await failure(apply(steps("echo '@0000-step end 0 0'; exit 5")));
    expect(error.message).toContain("(exit 5)");
  });

  test("that did not run at all is an error: what the host said stands in it", async () => {
    node.answer = says("", { stderr: "This account is currently not available.\n", exit: 1 });
    const error = await failure(apply(steps("true")));
    expect(error.message).toContain("alpha: the steps did not run");
    expect(error.message).toContain("This account is currently not available.");
  });

  test("while another run is at work: worth another look", async () => {
    node.answer = probed((nonce) => `\n@${nonce}-step locked root@ws, process 12\n`);
    const error = await failure(apply(steps("true")));
    expect(error).toBeInstanceOf(GuardError);
    expect(error.message).toContain("another run has come in between (root@ws, process 12); none of the steps ran");
  });
});

describe("the turn on a host", () => {
  const turnFile = () => join(node.folder, "turn");
  const ours = async () => (await host.tryTurn()) ?? "ours";

  test("is taken behind a look, which serves on where no other run was there since", async () => {
    node.answer = realShellOr(probed());
    expect(await ours()).toBe("ours");
    expect(node.scripts).toHaveLength(2);
    await host.observe(justTheHost);
    expect(await ours()).toBe("ours");
    expect(node.scripts).toHaveLength(2);
  });

  test("a look from before another run came and went serves no more", async () => {
    node.answer = realShellOr(probed((nonce) => withTurn(nonce, "", "")));
    await host.observe(justTheHost);
    writeFileSync(turnFile(), "other 0 0 root@ws\n");
    expect(await ours()).toBe("ours");
    expect(host.recent()).toBeUndefined();
  });

  test("is another run's: who has it is told, and each look says so", async () => {
    writeFileSync(turnFile(), `other ${process.pid} ${startTime(process.pid)} root@ws, process 12\n`);
    node.answer = realShellOr(probed((nonce) => withTurn(nonce, "other", "root@ws, process 12")));
    expect(await ours()).toMatch(new RegExp(`^root@ws, process 12; on .+: process ${process.pid} \\(.+\\), since `));
    expect(host.otherRun).toBe("root@ws, process 12");
    await expect(undisturbed([host], 0, () => host.observe(justTheHost))).rejects.toThrow(
      /alpha: another run is at work there \(root@ws, process 12\)/,
    );
  });

  test("is given back a moment after the work has ended, when no other work of ours has begun", async () => {
    node.answer = realShellOr(probed());
    await ours();
    await ours();
    host.giveTurn();
    await new Promise((wake) => setTimeout(wake, 1200));
    expect(readFileSync(turnFile(), "utf8")).toContain(String(process.pid));
    host.giveTurn();
    const isGiven = () => /^[0-9a-f]+ 0 0 $/m.test(readFileSync(turnFile(), "utf8"));
    for (let turn = 0; turn < 100 && !isGiven(); turn++) await new Promise((wake) => setTimeout(wake, 100));
    expect(isGiven()).toBe(true);
  });
});

describe("a connection lost in mid-step", () => {
  const stuck = "while :; do sleep 0.01; done";

  test("says which step may have taken effect, when it has", async () => {
    node.answer = realShellUntil("effect");
    const error = await failure(apply(steps("true", `touch effect; ${stuck}`, "touch never")));
    expect(error).toBeInstanceOf(HostError);
    expect(error.message.split("\n")[0]).toMatch(
      /^alpha: the connection was lost while a command was running \(.+\); the step that was running may have taken effect$/,
    );
    expect(error.message).toContain("command: step1");
    expect(error.message).toContain("`pulumi up` again");
    expect(existsSync(join(node.folder, "never"))).toBe(false);
  });

  test("says so too when it has not", async () => {
    node.answer = realShellUntil("before");
    const error = await failure(apply(steps(`touch before; ${stuck}; touch effect`, "true")));
    expect(error.message).toContain("may have taken effect");
    expect(error.message).toContain("command: step0");
    expect(existsSync(join(node.folder, "effect"))).toBe(false);
  });

  test("before the first step was heard of: it may have taken effect all the same", async () => {
    node.answer = hangsUp;
    const error = await failure(apply(steps("true")));
    expect(error.message).toContain("the connection was lost");
    expect(error.message).toContain("no step was heard to begin, but the first may have taken effect");
    expect(error.message).toContain("command: step0");
  });

  test("between two steps: the one that had ended is not blamed", async () => {
    node.answer = ({ script, channel, hangUp }) => {
      const nonce = /^nonce=([0-9a-f]{18})$/m.exec(script)?.[1] ?? "";
      channel.write(`\n@${nonce}-step begin 0\n\n@${nonce}-step end 0 0\n`);
      setTimeout(hangUp, 100);
    };
    const error = await failure(apply(steps("true", "true")));
    expect(error.message).toContain("the connection was lost");
    expect(error.message).toContain("the next step was not heard to begin, but may have taken effect");
    expect(error.message).toContain("command: step1");
    expect(error.message).not.toContain("step0");
    expect(ran().slice(1)).toEqual([{ argv: "step0", exit: 0, changes: true }]);
  });

  test("the step itself goes on to its end there, and no further one begins", async () => {
    node.answer = realShellUntil("began");
    const first = "touch began; while [ ! -e go ]; do sleep 0.01; done; echo lots of output; touch ended";
    await failure(apply(steps(first, "touch never")));
    writeFileSync(join(node.folder, "go"), "");
    await node.idle();
    expect(existsSync(join(node.folder, "ended"))).toBe(true);
    expect(existsSync(join(node.folder, "never"))).toBe(false);
  });

  test("what had been begun stands in the log: a step whose end is not known too", async () => {
    node.answer = realShellUntil("effect");
    await failure(apply(steps("true", `touch effect; ${stuck}`, "touch never")));
    expect(ran().slice(1)).toEqual([
      { argv: "step0", exit: 0, changes: true },
      { argv: "step1", exit: null, changes: true },
    ]);
  });

  test("a step that never answers is given up after its own time and some", async () => {
    node.answer = silence;
    const late = jest.spyOn(global, "setTimeout");
    const pending = failure(host.apply([step("true", { timeoutSeconds: 900 })], undefined, nothingToTell));
    while (node.commands.length === 0) await new Promise((wake) => setImmediate(wake));
    expect(late.mock.calls.map(([, milliseconds]) => milliseconds)).toContain(930_000);
    late.mockRestore();
    node.reset();
    await pending;
  });
});

describe("DRBD_LOG", () => {
  test("is not written where it is not asked for", async () => {
    delete process.env["DRBD_LOG"];
    await host.observe(justTheHost);
    process.env["DRBD_LOG"] = "";
    await host.observe({ looks: [look("r0")], candidates: [], depth: "close" }).catch(() => undefined);
    expect(existsSync(log)).toBe(false);
  });

  test("has a line a connection, an observation and a step, each whole and with all that is promised", async () => {
    await host.observe(justTheHost);
    node.answer = realShell;
    await apply(steps("sleep 0.3"));
    const lines = logged();
    expect(lines.map(({ argv }) => argv)).toEqual([["connect"], ["observe"], ["step0"]]);
    for (const line of lines) {
      expect(line).toMatchObject({ host: "alpha", exit: 0, ms: expect.any(Number) as number });
      expect(Number.isInteger(line.ms)).toBe(true);
      expect(new Date(line.time).getTime()).toBeGreaterThan(Date.now() - 60_000);
    }
    expect(lines[2]!.ms).toBeGreaterThanOrEqual(100); // Less than it took: the beginning is heard of a little late.
    expect(lines.map(({ changes }) => changes)).toEqual([false, false, true]);
  });

  test("is for its owner alone", async () => {
    await host.observe(justTheHost);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  test("shows what was shown in the plan, never what really ran: that may hold secrets", async () => {
    node.answer = realShell;
    await apply([step("echo 'shared-secret tell-nobody' >file; cat file", { argv: ["write", "/etc/drbd.d/r0.res"] })]);
    await failure(apply([step("cat file; exit 1", { argv: ["cat", "file"] })]));
    const text = readFileSync(log, "utf8");
    expect(text).toContain('["write","/etc/drbd.d/r0.res"]');
    expect(text).not.toContain("tell-nobody");
    expect(text).not.toContain(node.password);
  });

  test("numbers connections and commands so that hosts at work at once are told apart", async () => {
    const other = await FakeNode.start();
    const bravo = sshHost("bravo", other.connection());
    other.answer = (exec, self) => {
      // bravo's answer comes after alpha's command has begun and before it has ended.
      setTimeout(() => {
        probed()(exec, self);
      }, 50);
    };
    await Promise.all([bravo.observe(justTheHost), host.observe(justTheHost)]);
    node.answer = realShell;
    await apply(steps("true", "true"));
    await bravo.close();
    const numbers = logged()
      .filter(({ argv }) => argv[0] !== "connect")
      .map((line) => [line.host, line.connection, line.command] as const);
    const of = (name: string) => numbers.filter(([one]) => one === name);
    expect(new Set(of("alpha").map(([, connection]) => connection)).size).toBe(1);
    const commands = (name: string) => of(name).map(([, , command]) => command);
    const [looked, first, second] = commands("alpha");
    expect(first).toBe(second); // One command did both steps.
    expect(new Set([looked, first, ...commands("bravo")]).size).toBe(3);
    expect(new Set(numbers.map(([, connection]) => connection)).size).toBe(2);
  });

  test("that can't be written stops us before anything is done, and says that it is this", async () => {
    process.env["DRBD_LOG"] = join(folder, "no", "such", "folder.log");
    node.answer = realShell;
    const error = await failure(apply(steps("touch done")));
    expect(error.message).toContain("DRBD_LOG");
    expect(existsSync(join(node.folder, "done"))).toBe(false);
  });
});

describe("a process", () => {
  test("has one object and one connection a host, whoever asks", async () => {
    const connection = node.connection();
    const one = hostOf("alpha", connection);
    expect(hostOf("alpha", { ...connection })).toBe(one);
    expect(hostOf("bravo", connection)).not.toBe(one);
    expect(hostOf("alpha", { ...connection, user: "admin" })).not.toBe(one);
    await Promise.all([one, hostOf("alpha", { ...connection })].map((each) => each.observe(justTheHost)));
    node.answer = realShell;
    for (const script of ["true", ":"]) await one.apply(steps(script), undefined, nothingToTell);
    node.answer = syncing("echo 90 %");
    await one.followSync(watch, nothingToTell);
    expect(node.dials).toBe(1);
    expect(ran().at(-1)).toEqual({ argv: "wait for sync r0", exit: 0, changes: false });
  });

  test("leaves nothing open behind it", async () => {
    const before = process.getActiveResourcesInfo();
    const one = hostOf("alpha", node.connection());
    await one.observe(justTheHost);
    node.answer = realShell;
    await failure(one.apply(steps("false"), undefined, nothingToTell));
    expect(node.open).toBe(1);
    await closeHosts();
    await node.left();
    await new Promise((wake) => setTimeout(wake, 50));
    const left = process.getActiveResourcesInfo();
    for (const kind of new Set(left)) {
      const count = (all: string[]) => all.filter((each) => each === kind).length;
      expect([kind, count(left) <= count(before)]).toEqual([kind, true]);
    }
    // And a closed host comes back when it is asked for, knowing nothing.
    node.answer = probed();
    const again = hostOf("alpha", node.connection());
    expect(again).not.toBe(one);
    await again.observe(justTheHost);
  });
});
