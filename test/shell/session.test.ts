import { existsSync } from "node:fs";
import { join } from "node:path";
import { HostError, UnreachableError } from "../../provider/shell/error-classes";
import { Session } from "../../provider/shell/session";
import {
  FakeNode,
  failure,
  hangsUp,
  realShell,
  realShellUntil,
  says,
  silence,
  stopNodes,
  type Exec,
} from "./fake-node";

let node: FakeNode;
let session: Session;

beforeEach(async () => {
  node = await FakeNode.start();
  session = await Session.connect("alpha", node.connection(), 1);
});

afterEach(async () => {
  session.close();
  await stopNodes();
});

const patient = { timeoutSeconds: 20 };

describe("a script", () => {
  beforeEach(() => {
    node.answer = realShell;
  });

  test("tells its output, its errors and its exit", async () => {
    const result = await session.run("echo out; echo err >&2; exit 3", patient);
    expect(result).toMatchObject({ exit: 3, stdout: "out\n", stderr: "err\n" });
    expect(result.milliseconds).toBeGreaterThan(0);
  });

  test("comes by standard input and not on a command line, where others would see it", async () => {
    await session.run("echo 'a secret'", patient);
    expect(node.commands).toEqual(["sh -s"]);
    expect(node.scripts).toEqual(["echo 'a secret'"]);
  });

  test("may be longer than a channel's window", async () => {
    const long = `text='${"x".repeat(3_000_000)}'\necho \${#text}`;
    expect((await session.run(long, patient)).stdout).toBe("3000000\n");
  });

  test("that is ended by a signal has no exit", async () => {
    node.answer = ({ channel }) => {
      channel.exit("KILL");
      channel.end();
    };
    expect((await session.run("", patient)).exit).toBeNull();
  });

  test("tells each line as it is whole", async () => {
    const lines: string[] = [];
    node.answer = ({ channel }) => {
      channel.write("one\ntw");
      setTimeout(() => {
        channel.write("o\nthree");
        channel.exit(0);
        channel.end();
      }, 20);
    };
    await session.run("", { ...patient, onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["one", "two"]);
  });

  test("a letter that arrives in two pieces is one letter", async () => {
    node.answer = ({ channel }) => {
      const bytes = Buffer.from("ü");
      channel.write(bytes.subarray(0, 1));
      setTimeout(() => {
        channel.write(bytes.subarray(1));
        channel.exit(0);
        channel.end();
      }, 20);
    };
    expect((await session.run("", patient)).stdout).toBe("ü");
  });
});

describe("many scripts", () => {
  beforeEach(() => {
    node.answer = realShell;
  });
  const stdout = async (script: string) => (await session.run(script, patient)).stdout;

  test("go over one connection, to one shell one after the other, and to more of them at once", async () => {
    expect([await stdout("echo a"), await stdout("echo b")]).toEqual(["a\n", "b\n"]);
    expect(node.commands).toEqual(["sh -s"]);
    expect(await Promise.all(["c", "d", "e"].map((word) => stdout(`echo ${word}`)))).toEqual(["c\n", "d\n", "e\n"]);
    expect(await stdout("echo f")).toBe("f\n");
    expect(node.commands).toEqual(["sh -s", "sh -s", "sh -s"]);
    expect(node.dials).toBe(1);
  });

  test("leave nothing to each other", async () => {
    const ours = 'here=$PWD; cd /; umask 077; exec 9>/dev/null; trap "" PIPE; set -eu; told() { :; }; exit 7';
    const left =
      'echo "$PWD $(umask) ${here-none}"; [ -e /dev/fd/9 ] || echo closed; command -v told; trap; echo "$unset"';
    const fresh = await stdout(left);
    expect((await session.run(ours, patient)).exit).toBe(7);
    expect(await stdout(left)).toBe(fresh);
    expect(fresh).toContain("none\nclosed\n");
    expect(node.commands).toHaveLength(1);
  });

  test("do not read each other", async () => {
    const reading = session.run("cat; read -r line || echo nothing", patient);
    expect((await reading).stdout).toBe("nothing\n");
    expect(await stdout("echo mine")).toBe("mine\n");
  });

  test("keep their output, whatever it ends with", async () => {
    const texts = ["", "\n", "a", "a\n", "a\n\n", "\na"];
    for (const text of texts) {
      const result = await session.run(`text() { printf '%s' '${text}'; }; text; text >&2`, patient);
      expect([result.stdout, result.stderr]).toEqual([text, text]);
    }
    expect(node.commands).toHaveLength(1);
  });

  test("each tell all that they said, though one output comes later than the other", async () => {
    node.answer = ({ channel, handedOver }) => {
      const ending = /(@\S+ ended)/.exec(handedOver(""))![1]!;
      channel.write(`out\n\n${ending} 0\n`);
      setTimeout(() => channel.stderr.write(`err\n\n${ending}\n`), 50);
    };
    expect(await session.run("", patient)).toMatchObject({ exit: 0, stdout: "out\n", stderr: "err\n" });
  });

  test("go to a new shell where the old one has ended", async () => {
    const broken = await session.run("echo never; (", patient);
    expect(broken).toMatchObject({ exit: 2, stdout: "" });
    expect(broken.stderr).toMatch(/syntax error/i);
    expect((await session.run("kill -9 $$", patient)).exit).not.toBe(0);
    expect(await stdout("echo here")).toBe("here\n");
    expect(node.commands).toHaveLength(3);
  });

  test("that are cut off do nothing", async () => {
    node.answer = (exec, self) => {
      const half = exec.handedOver(exec.script).split("\n)")[0]!;
      self.feed({ ...exec, handedOver: () => half }).stdin!.end();
    };
    expect((await session.run("touch did-something\necho more\n", patient)).stderr).toMatch(/syntax error/i);
    expect(existsSync(join(node.folder, "did-something"))).toBe(false);
  });
});

describe("the deadline", () => {
  test("is told with what came until then, and whoever asks next is told the same", async () => {
    node.answer = ({ channel }) => {
      channel.write("half an answer");
      channel.stderr.write("a complaint\n");
    };
    const error = await failure(session.run("true", { timeoutSeconds: 0.3 }));
    expect(error).toMatchObject({ heard: { stdout: "half an answer", stderr: "a complaint\n" } });
    expect((await failure(session.run("true", patient))).message).toContain("(no answer for 0.3 s)");
  });

  test("ends the wait for a host that never answers, and the connection with it", async () => {
    node.answer = silence;
    const error = await failure(session.run("true", { timeoutSeconds: 0.2 }));
    expect(error).toBeInstanceOf(HostError);
    expect(error).not.toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(/^alpha: no answer for 0\.2 s\n.*what to do: .*`pulumi up` again/s);
    await node.left();
    expect(session.open).toBe(false);
  });

  test("counts from the last sign of life, not from the beginning", async () => {
    node.answer = ({ channel }) => {
      let turns = 0;
      const talk = setInterval(() => {
        channel.write("still here\n");
        if (++turns < 25) return;
        clearInterval(talk);
        channel.exit(0);
        channel.end();
      }, 50);
    };
    const { stdout, milliseconds } = await session.run("", { timeoutSeconds: 1 });
    expect(stdout).toBe("still here\n".repeat(25));
    expect(milliseconds).toBeGreaterThan(1000);
  });

  test("of a script that has ended is over: the connection stays", async () => {
    node.answer = says("done\n");
    await session.run("", { timeoutSeconds: 1 });
    await new Promise((wake) => setTimeout(wake, 1100));
    expect(session.open).toBe(true);
  });
});

describe("a lost connection", () => {
  test("before the script ran", async () => {
    node.answer = hangsUp;
    const error = await failure(session.run("true", patient));
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toContain("alpha: the connection was lost while a command was running");
    expect(session.open).toBe(false);
  });

  test("while the script ran", async () => {
    node.answer = realShellUntil("began");
    const error = await failure(session.run("touch began; while :; do sleep 0.01; done", patient));
    expect(error.message).toContain("the connection was lost while a command was running");
  });

  test("with a reset, it says so", async () => {
    node.answer = () => {
      node.reset();
    };
    const error = await failure(session.run("true", patient));
    expect(error.message).toContain("ECONNRESET");
  });

  test("between two scripts: the next one says it at once", async () => {
    node.reset();
    await node.left();
    const error = await failure(session.run("true", patient));
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toMatch(/connection was lost|no command could be started/);
    expect(node.commands).toEqual([]);
  });

  test("that this side has not noticed whole: an error as all others", async () => {
    const socket = (session as unknown as { transport: { clients: { client: { _sock: { end(): void } } }[] } })
      .transport.clients[0]!.client._sock;
    socket.end(); // Half closed: ssh2 then throws where it is asked for a channel.
    const error = await failure(session.run("true", { timeoutSeconds: 0.2 }));
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toMatch(/^alpha: /);
  });
});

test("a host that gives no channel for a command", async () => {
  node.refusesCommands = true;
  const error = await failure(session.run("true", patient));
  expect(error).toBeInstanceOf(HostError);
  expect(error.message).toMatch(/^alpha: no command could be started \(.+\)/);
});

describe("a host that lets one session run at a time (MaxSessions 1)", () => {
  beforeEach(() => {
    node.mostSessions = 1;
    node.answer = realShell;
  });

  test("gets a connection for each shell that runs beside others", async () => {
    const scripts = ["sleep 0.3; echo a", "echo b"];
    const both = await Promise.all(scripts.map((script) => session.run(script, patient)));
    expect(both.map(({ stdout }) => stdout)).toEqual(["a\n", "b\n"]);
    expect(node.dials).toBe(2);
    // The shells are there, and wait.
    expect((await session.run("echo c", patient)).stdout).toBe("c\n");
    expect(node.dials).toBe(2);
    session.close();
    await node.left();
  });

  test("or none at all: the error names the setting", async () => {
    node.mostSessions = 0;
    const error = await failure(session.run("true", patient));
    expect(error.message).toMatch(/no command could be started .*MaxSessions/);
  });
});

test("the environment of a login does not reach a script", async () => {
  node.answer = realShell;
  node.greets = true;
  node.environment = { POSIXLY_CORRECT: "1", GREP_OPTIONS: "-v", LANG: "xx", http_proxy: "http://proxy" };
  const { stdout } = await session.run('echo "${POSIXLY_CORRECT-}${GREP_OPTIONS-}${LANG-}$http_proxy"', patient);
  expect(stdout).toBe("http://proxy\n");
});

describe("output without end", () => {
  const endless: (exec: Exec) => void = ({ channel }) => {
    const block = "x".repeat(256 * 1024);
    const pour = () => {
      while (channel.writable && channel.write(block));
      if (channel.writable) channel.once("drain", pour);
    };
    channel.on("error", () => undefined);
    pour();
  };

  test("ends at 32 MiB", async () => {
    node.answer = endless;
    const error = await failure(session.run("yes", patient));
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toContain("alpha: more than 32 MiB of output, which is not an answer to what was asked");
    expect(error.message.length).toBeLessThan(1000);
  });

  test("leaves the connection fit for the next command", async () => {
    node.answer = endless;
    await failure(session.run("yes", patient));
    node.answer = says("well\n");
    expect((await session.run("true", patient)).stdout).toBe("well\n");
  });
});
