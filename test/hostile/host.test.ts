/** Hosts that turn out to be others, that stop answering in the middle, and that say too much or the wrong things. */
import { connect } from "node:net";
import type { Step } from "../../provider/core/steps/plan";
import { justTheHost } from "../../provider/core/seen/probe";
import { HostError, UnreachableError } from "../../provider/shell/error-classes";
import { closeHosts, hostOf } from "../../provider/shell/host";
import { type Answer, type Exec, FakeNode, emptyProbe, failure, probed, silence, stopNodes } from "../shell/fake-node";

let node: FakeNode;
let over: boolean;

beforeEach(async () => {
  over = false;
  node = await FakeNode.start();
  node.answer = probed();
});

afterEach(async () => {
  over = true;
  jest.restoreAllMocks();
  await closeHosts();
  await stopNodes();
});

const alpha = () => hostOf("alpha", node.connection());
const step = (...argv: string[]): Step => ({ node: "alpha", argv, because: "it is a test", timeoutSeconds: 30 });
const three = [step("drbdadm", "create-md", "r0"), step("drbdadm", "up", "r0"), step("mount", "/srv/data")];
const apply = (steps: readonly Step[] = three) => failure(alpha().apply(steps, justTheHost, () => undefined));
const nonceOf = ({ script }: Exec): string => /^nonce=([0-9a-f]{18})$/m.exec(script)?.[1] ?? "";
const markers = (exec: Exec, ...words: string[]): string =>
  words.map((word) => `\n@${nonceOf(exec)}-step ${word}\n`).join("");

/** Says that these steps began and ended, and no more. */
const heard =
  (...words: string[]): Answer =>
  (exec) =>
    void exec.channel.write(markers(exec, ...words));

/** Says it, and then its shell ends, as if it had been killed. */
const dies =
  (text: (exec: Exec) => string): Answer =>
  (exec) => {
    exec.channel.write(text(exec));
    exec.channel.exit("KILL");
    exec.channel.end();
  };

/** Half a minute and more becomes a moment, and ten minutes a few of them. */
function hurry(): void {
  const real = setTimeout;
  jest
    .spyOn(global, "setTimeout")
    .mockImplementation((work: () => void, ms = 0, ...rest: []) =>
      real(work, ms >= 600_000 ? 1500 : ms >= 30_000 ? 300 : ms, ...rest),
    );
}

describe("a host whose key changed", () => {
  /** Whoever dials the node comes out at the other one, as when an address was given to another machine. */
  const redirect = (other: FakeNode): void => {
    node.onSocket = (socket) => {
      const onward = connect(other.port, "127.0.0.1").on("error", () => undefined);
      socket.pipe(onward).pipe(socket);
      return false;
    };
  };

  test("between a look and the steps that follow from it: refused, and the other host is told nothing", async () => {
    await alpha().observe(justTheHost);
    const other = await FakeNode.start();
    redirect(other);
    node.reset();
    await node.left();
    const error = await apply();
    expect(error).toBeInstanceOf(UnreachableError);
    // Not the network's fault: a preview must not pass over it.
    expect(error).toMatchObject({ network: false });
    expect(error.message).toMatch(
      /^alpha: the host key of 127\.0\.0\.1:\d+ is not the one that is known: ssh-ed25519 SHA256:/,
    );
    expect(error.message).toMatch(/output:\n {4}known: ssh-ed25519 SHA256:/);
    expect(error.message).toMatch(/what to do: somebody may be in between\. If the host was reinstalled: compare it/);
    expect([other.tried, other.commands, other.scripts]).toEqual([[], [], []]);
    // And not because the way there does not work.
    await hostOf("alpha", { ...node.connection(), hostKey: other.hostKeys[0]!.public })
      .observe(justTheHost)
      .catch(() => undefined);
    expect(other.tried).not.toEqual([]);
  });
});

describe("a host that stops answering", () => {
  test("in the middle of a step: which one may have taken effect, and which may have gone on", async () => {
    hurry();
    node.answer = heard("begin 0", "end 0 0", "begin 1");
    const error = await apply();
    expect(error).toBeInstanceOf(HostError);
    expect(error.message.split("\n")).toEqual([
      "alpha: no answer for 60 s; the step that was running may have taken effect",
      "  command: drbdadm up r0",
      "  what to do: where the host went on without us, so may have those after it: `mount /srv/data`. When the host answers, run `pulumi up` again: it goes on from what is there",
    ]);
  });

  test("before any step was heard of", async () => {
    hurry();
    node.answer = silence;
    const error = await apply();
    expect(error.message).toMatch(
      /^alpha: no answer for 60 s; no step was heard to begin, but the first may have taken effect\n/,
    );
    expect(error.message).toContain("command: drbdadm create-md r0");
    expect(error.message).toContain("those after it: `drbdadm up r0`, `mount /srv/data`");
  });

  test("between two steps", async () => {
    hurry();
    node.answer = heard("begin 0", "end 0 0", "begin 1", "end 1 0");
    const error = await apply();
    expect(error.message).toContain("the next step was not heard to begin, but may have taken effect");
    expect(error.message).toContain("command: mount /srv/data");
    expect(error.message).not.toContain("those after it");
  });

  test("after the last step: none is blamed", async () => {
    hurry();
    node.answer = heard("begin 0", "end 0 0", "begin 1", "end 1 0", "begin 2", "end 2 0");
    const error = await apply();
    expect(error.message).toMatch(/^alpha: no answer for 60 s\n/);
    expect(error.message).not.toMatch(/may have taken effect|create-md|drbdadm|mount/);
  });

  test("while it is looked at", async () => {
    hurry();
    node.answer = silence;
    expect((await failure(alpha().observe(justTheHost))).message).toMatch(/^alpha: no answer for 60 s\n/);
  });

  test("that gives no channel for a command: nothing ran", async () => {
    node.refusesCommands = true;
    const error = await apply();
    expect(error.message).toMatch(/^alpha: no command could be started \(.+\); none of the steps ran\n/);
    expect(error.message).not.toContain("may have taken effect");
  });
});

describe("a host whose shell ends too early", () => {
  test("in the middle of a step", async () => {
    node.answer = dies((exec) => markers(exec, "begin 0", "end 0 0", "begin 1"));
    const error = await apply();
    expect(error.message).toMatch(/^alpha: its end was never told, so it may have taken effect \(it is a test\)\n/);
    expect(error.message).toContain("command: drbdadm up r0 (exit none)");
    expect(error.message).toContain("1 more steps on this host were not run");
  });

  test("between two steps: how far it came", async () => {
    node.answer = dies((exec) => `${markers(exec, "begin 0", "end 0 0")}Killed\n`);
    const error = await apply();
    expect(error.message).toMatch(/^alpha: the host's shell ended after 1 of 3 steps\n/);
    expect(error.message).toContain("drbdadm up r0 was not run");
  });

  test("after steps that all ended well, before it could be looked at", async () => {
    node.answer = dies((exec) => markers(exec, "begin 0", "end 0 0", "begin 1", "end 1 0", "begin 2", "end 2 0"));
    expect((await apply()).message).toMatch(
      /^alpha: all steps ended well, but then looking at the host failed: nothing of/,
    );
  });

  test("markers out of turn are no ends of steps", async () => {
    node.answer = dies((exec) => markers(exec, "begin 0", "end 1 0", "end 2 0", "begin 2", "end 2 0"));
    expect((await apply()).message).toMatch(/command: drbdadm create-md r0/);
  });
});

describe("a host that says too much", () => {
  /** As fast as it is taken, or once in a while. */
  const endless =
    (text: string, pause?: number): Answer =>
    (exec) => {
      const { channel } = exec;
      channel.write(markers(exec, "begin 0"));
      const pour = (): void => {
        if (over || !channel.writable) return;
        if (pause !== undefined) {
          channel.write(text);
          setTimeout(pour, pause);
        } else {
          while (channel.write(text));
          channel.once("drain", pour);
        }
      };
      channel.on("error", () => undefined);
      pour();
    };

  test.each([
    ["lines", "all work and no play\n".repeat(10_000)],
    ["one line", "x".repeat(256 * 1024)],
    ["newlines", "\n".repeat(64 * 1024)],
  ])("without end, in %s: given up", async (_what, text) => {
    node.answer = endless(text);
    const error = await apply();
    expect(error.message).toContain("alpha: more than 32 MiB of output, which is not an answer to what was asked");
    expect(error.message).toContain("the step that was running may have taken effect");
    expect(error.message).toContain("command: drbdadm create-md r0");
    expect(error.message.length).toBeLessThan(2000);
  });

  test("a little, but for ever: there is an end to that too", async () => {
    hurry();
    node.answer = endless("still busy\n", 50);
    const error = await apply();
    expect(error.message).toMatch(/^alpha: it goes on talking, and no end after 780 s; the step that was running may/);
  });

  test("before it comes to our script, as login shells do: it is passed over", async () => {
    const banner = `\u001b[1mWelcome!\u001b[0m\r\n@${"0".repeat(18)} end\n@${"0".repeat(18)}-step end 0 1\nno newline at the end`;
    node.answer = probed((nonce) => banner + emptyProbe(nonce));
    expect((await alpha().observe(justTheHost)).utils).toBeNull();
    node.answer = dies(
      (exec) => banner + markers(exec, ...three.flatMap((_, index) => [`begin ${index}`, `end ${index} 0`])),
    );
    await hostOf("alpha", node.connection()).apply(three, undefined, () => undefined);
  });

  test.each([
    ["colours", "\u001b[31mE: \u009b0m", "\\x1b[31mE: \\x9b0m"],
    ["another language", "Zugriff verweigert: 権限がありません", "Zugriff verweigert: 権限がありません"],
  ])("in %s when a step fails: shown as it is, and nothing of it acts on a terminal", async (_what, said, shown) => {
    node.answer = dies((exec) => `${markers(exec, "begin 0")}${said}\n${markers(exec, "end 0 1")}`);
    const error = await apply();
    expect(error.message).toContain(`output:\n    ${shown}\n`);
  });

  test("when a step fails: its beginning and its end are shown", async () => {
    const said = `first\n${"noise\n".repeat(200_000)}last`;
    node.answer = dies((exec) => `${markers(exec, "begin 0")}${said}\n${markers(exec, "end 0 1")}`);
    const error = await apply();
    expect(error.message).toContain("command: drbdadm create-md r0 (exit 1)");
    expect(error.message).toMatch(/ {4}first\n/);
    expect(error.message).toMatch(/ {4}last\n/);
    expect(error.message).toMatch(/\[…\d+ characters left out…\]/);
    expect(error.message.length).toBeLessThan(10_000);
  });

  test("in the place of an answer: what it said is shown, and no file of the host's is", async () => {
    node.answer = probed(
      (nonce) =>
        `/etc/motd: \u0007\n${emptyProbe(nonce).replace(`@${nonce} blocks`, `/etc/drbd.d/r0.res\0secret-stuff\n@${nonce} blicks`)}`,
    );
    const error = await failure(alpha().observe(justTheHost));
    expect(error.message).toContain(
      'alpha: looking at the host failed: the answer has "blicks" where it was not asked for',
    );
    expect(error.message).toContain("output:\n    /etc/motd: \\x07");
    expect(error.message).not.toContain("secret-stuff");
  });
});
