/** The system's own `ssh`, against a node in this process: what works when a person types it works. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../provider/core/wanted/connection";
import { justTheHost } from "../../provider/core/seen/probe";
import { NetworkError, UnreachableError } from "../../provider/shell/error-classes";
import { Session } from "../../provider/shell/session";
import { closedPort, failure, FakeNode, keyPair, probed, realShell, says, sshHost, stopNodes } from "./fake-node";

/** The module itself, which the code under test has too, and no copy of it: its userInfo is to be another. */
const os = jest.requireActual<typeof import("node:os")>("node:os");

let node: FakeNode;
let home: string;
let keyFile: string;
let publicKey: string;
let agents: ChildProcess[] = [];
const patient = { timeoutSeconds: 20 };

beforeEach(async () => {
  home = mkdtempSync(join(os.tmpdir(), "pulumi-drbd-test-home-"));
  mkdirSync(join(home, ".ssh"), { mode: 0o700 });
  const user = os.userInfo();
  jest.spyOn(os, "userInfo").mockReturnValue({ ...user, homedir: home });
  delete process.env["SSH_AUTH_SOCK"];
  keyFile = join(home, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile]);
  publicKey = execFileSync("ssh-keygen", ["-yf", keyFile], { encoding: "utf8" });
  node = await FakeNode.start();
  node.password = undefined;
  node.authorized = [publicKey];
  node.answer = says("here\n");
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const agent of agents) agent.kill();
  agents = [];
  await stopNodes();
  rmSync(home, { recursive: true });
});

/** How a node is reached by ~/.ssh/config alone. */
function alias(name: string, of: FakeNode, more = ""): string {
  const known = join(home, `known-${name}`);
  writeFileSync(known, `[127.0.0.1]:${of.port} ${of.hostKeys[0]!.public}\n`);
  return `Host ${name}\n  HostName 127.0.0.1\n  Port ${of.port}\n  User ${of.user}\n  IdentityFile ${keyFile}\n  UserKnownHostsFile ${known}\n${more}\n`;
}

function config(...entries: string[]): void {
  writeFileSync(join(home, ".ssh", "config"), entries.join("\n"), { mode: 0o600 });
}

/** What stands in a program that leaves everything to ~/.ssh/config. */
const only = (host: string, more: Partial<Connection> = {}): Connection => ({
  host,
  perDialTimeout: 10,
  insecureIgnoreHostKey: false,
  ...more,
});

const direct = (more: Partial<Connection> = {}) =>
  only("127.0.0.1", { port: node.port, hostKey: node.hostKeys[0]!.public, ...more });

async function visit(connection: Connection): Promise<string> {
  const session = await Session.connect("alpha", connection, 2);
  const { stdout } = await session.run("true", patient);
  session.close();
  await node.left();
  return stdout;
}

async function agentWith(...files: string[]): Promise<string> {
  // 1Password's socket has a blank in its path.
  const socket = join(home, `agent ${agents.length}`);
  agents.push(spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" }));
  while (!existsSync(socket)) await new Promise((wake) => setTimeout(wake, 10));
  execFileSync("ssh-add", ["-q", ...files], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
  return socket;
}

describe("~/.ssh/config", () => {
  test("gives an alias its name, port, user, key and known_hosts", async () => {
    config(alias("alpha-drbd", node));
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
  });

  test("may include other files, match, and ask for what a person's session does beside the shell", async () => {
    writeFileSync(
      join(home, ".ssh", "more"),
      alias("alpha-drbd", node, "  RemoteCommand tmux\n  RequestTTY force\n  LocalForward 1 a:1"),
    );
    config(`Match originalhost "alpha-*"\n  Include ${join(home, ".ssh", "more")}\n`);
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
  });

  test("gives a user who is not root: sudo where the host says so", async () => {
    node.user = "admin";
    node.answer = realShell;
    writeFileSync(join(node.folder, "bin", "id"), "#!/bin/sh\necho 1000\n", { mode: 0o755 });
    config(alias("alpha-drbd", node));
    const session = await Session.connect("alpha", only("alpha-drbd"), 1);
    expect((await session.run('echo "$BECAME_ROOT"', patient)).stdout).toBe("yes\n");
    session.close();
  });

  test("leads over a jump host, whose own words count for it", async () => {
    const jump = await FakeNode.start();
    Object.assign(jump, { user: "hop", password: undefined, authorized: [publicKey], forwards: "yes" });
    config(alias("bastion", jump), alias("alpha-drbd", node, "  ProxyJump bastion"));
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
    expect(jump.dials).toBe(1);
    await jump.left();
  });

  test("yields to what the connection says", async () => {
    config(
      alias("alpha-drbd", node, "")
        .replace(/Port .*/, "Port 1")
        .replace(/User .*/, "User nobody"),
    );
    const session = await Session.connect("alpha", direct({ host: "alpha-drbd", user: "root" }), 1);
    await session.run("true", patient);
    expect(node.commands).toEqual(["sh -s"]);
    session.close();
  });

  test("may be meant for other builds of ssh too: IgnoreUnknown counts, and a warning of ssh's stops nothing", async () => {
    config("IgnoreUnknown UseKeychain\nUseKeychain yes\nRhostsRSAAuthentication yes", alias("alpha-drbd", node));
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
  });

  test.each([
    ["Match final all\n  Compression no", "final"],
    ["CanonicalizeHostname always\nCanonicalDomains invalid", "canonical"],
  ])("that is read twice gives the user of the name that ssh found (%s)", async (how) => {
    node.user = "admin";
    config(how, "Host 127.0.0.*\n  User admin", alias("alpha-drbd", node).replace(/ {2}User .*\n/, ""));
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
    node.user = "root";
    config(how, alias("alpha-drbd", node).replace(/ {2}User .*\n/, ""));
    expect(await visit(only("alpha-drbd"))).toBe("here\n");
  });

  test("works with an ssh that does not know its newest options", async () => {
    const bin = join(home, "bin");
    mkdirSync(bin);
    const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
    const old = `#!/bin/sh
if grep -q '^ *SessionType' "$2"; then
  echo "$2: line 12: Bad configuration option: sessiontype" >&2
  exit 255
fi
exec ${real} "$@"
`;
    writeFileSync(join(bin, "ssh"), old, { mode: 0o755 });
    const path = process.env["PATH"];
    process.env["PATH"] = `${bin}:${path}`;
    try {
      config(alias("alpha-drbd", node));
      expect(await visit(only("alpha-drbd"))).toBe("here\n");
    } finally {
      process.env["PATH"] = path;
    }
  });

  test("that ssh cannot read is named", async () => {
    config("Hots alpha");
    const error = await failure(visit(only("alpha-drbd")));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ network: false });
    expect(error.message).toMatch(/`ssh` cannot use its own configuration.*hots/is);
  });
});

test("without a user anywhere it is root, and a jump host's user is not", async () => {
  config(alias("alpha-drbd", node).replace(/ {2}User .*\n/, ""));
  expect(await visit(only("alpha-drbd"))).toBe("here\n");
});

describe("an SSH agent", () => {
  test.each(["agentSocketPath", "SSH_AUTH_SOCK"])("at %s signs", async (place) => {
    const socket = await agentWith(keyFile);
    if (place === "SSH_AUTH_SOCK") process.env["SSH_AUTH_SOCK"] = socket;
    expect(await visit(direct(place === "SSH_AUTH_SOCK" ? {} : { agentSocketPath: socket }))).toBe("here\n");
  });

  test("that is not there is named", async () => {
    const error = await failure(visit(direct({ agentSocketPath: "/nowhere/agent" })));
    expect(error.message).toMatch(/^alpha: the SSH agent could not be used\n.*\/nowhere\/agent/s);
    expect(node.dials).toBe(1);
  });

  test("whose keys the host does not know: what was run, and what ssh said", async () => {
    node.authorized = [];
    const error = await failure(Session.connect("alpha", direct({ agentSocketPath: await agentWith(keyFile) }), 5));
    expect(error).toMatchObject({ network: false });
    expect(error.message).toContain("refused every way to log in that `ssh` has from here");
    expect(error.message).toContain("Permission denied");
    expect(error.message).toContain(`ssh -o BatchMode=yes -p ${node.port} 127.0.0.1`);
    expect(node.dials).toBe(1);
  });
});

describe("the host's key", () => {
  let agentSocketPath: string;
  beforeEach(async () => {
    agentSocketPath = await agentWith(keyFile);
  });
  const unknown = () => direct({ hostKey: undefined, agentSocketPath });

  test("unknown: refused before the login, and shown as the line that is then taken", async () => {
    const error = await failure(Session.connect("alpha", unknown(), 5));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ network: false });
    expect(error.message.split("\n")[0]).toMatch(
      new RegExp(`^alpha: the host key of 127\\.0\\.0\\.1:${node.port} is not known: ssh-ed25519 SHA256:`),
    );
    expect(node.tried.filter((way) => way !== "none")).toEqual([]);
    const hostKey = /connection\.hostKey: "([^"]+)"/.exec(error.message)?.[1];
    expect(await visit(direct({ hostKey, agentSocketPath }))).toBe("here\n");
  });

  test("another than the one that is given: both are shown", async () => {
    const error = await failure(visit(direct({ hostKey: keyPair().public, agentSocketPath })));
    expect(error.message).toContain("is not the one that is known: ssh-ed25519 SHA256:");
    expect(error.message).toMatch(/known: ssh-ed25519 SHA256:/);
    expect(error.message).toContain("somebody may be in between");
  });

  test("another than in known_hosts, or unknown to a config that would take any", async () => {
    const other = alias("alpha-drbd", node).replace(/known-alpha-drbd/, "other");
    writeFileSync(join(home, "other"), `[127.0.0.1]:${node.port} ${keyPair().public}\n`);
    config(`Host *\n  StrictHostKeyChecking no\n`, other);
    const error = await failure(visit(only("alpha-drbd")));
    expect(error.message).toContain("the host key of alpha-drbd is not the one that is known: ssh-ed25519");
    expect(error.message).toMatch(/known: Offending \S+ key in .*other:1/);
    rmSync(join(home, "other"));
    expect((await failure(visit(only("alpha-drbd")))).message).toContain("the host key of alpha-drbd is not known");
  });

  test("is trusted whatever it is with insecureIgnoreHostKey", async () => {
    expect(await visit({ ...unknown(), insecureIgnoreHostKey: true })).toBe("here\n");
  });

  test("that is no key is told before any dial", async () => {
    const error = await failure(visit(direct({ hostKey: "SHA256:abc", agentSocketPath })));
    expect(error.message).toContain("`connection.hostKey` is no public host key");
    expect(node.dials).toBe(0);
  });

  test("of a proxy goes where the proxy stands", async () => {
    const jump = await FakeNode.start();
    Object.assign(jump, { user: "hop", password: undefined, authorized: [publicKey], forwards: "yes" });
    const proxy = { ...jump.connection({ password: undefined }), agentSocketPath };
    expect(await visit(direct({ agentSocketPath, proxy }))).toBe("here\n");
    const error = await failure(visit(direct({ agentSocketPath, proxy: { ...proxy, hostKey: undefined } })));
    expect(error.message).toContain("a host key on the way is not known");
    expect(jump.dials).toBeGreaterThanOrEqual(2);
    await jump.left();
  });
});

describe("what is the network's fault", () => {
  test("nothing listens: as many dials as are allowed, and what was run", async () => {
    const port = await closedPort();
    const error = await failure(Session.connect("alpha", direct({ port, dialErrorLimit: 2 })));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain(`alpha: cannot be reached at 127.0.0.1:${port}`);
    expect(error.message).toMatch(/Connection refused.*\(2 attempts\)/s);
  });

  test("a name that nobody knows is final after two tries", async () => {
    const error = await failure(Session.connect("alpha", only("no-such-host.invalid", { dialErrorLimit: 1000 })));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toMatch(/Could not resolve hostname.*\(2 attempts\)/s);
  });

  test("a host that accepts and then says nothing", async () => {
    node.onSocket = () => false;
    const error = await failure(Session.connect("alpha", direct({ perDialTimeout: 1 }), 1));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toMatch(/timed out/i);
    await node.left();
  });

  test("a connection that is lost is told, and the next look dials again", async () => {
    config(alias("alpha-drbd", node));
    const host = sshHost("alpha", only("alpha-drbd"));
    node.answer = ({ hangUp }) => {
      hangUp();
    };
    const error = await failure(host.observe(justTheHost));
    expect(error.message).toContain("the connection was lost while a command was running (");
    node.answer = probed();
    await host.observe(justTheHost);
    expect(node.dials).toBe(2);
    await host.close();
    await node.left();
  });
});

test("a server with which ssh has no algorithm in common is not dialled again", async () => {
  const odd = await FakeNode.start({ algorithms: { kex: ["diffie-hellman-group1-sha1"] } });
  const connection = only("127.0.0.1", { port: odd.port, hostKey: odd.hostKeys[0]!.public });
  const error = await failure(Session.connect("alpha", connection, 5));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({ network: false });
  expect(error.message).toMatch(/have no algorithm in common.*no matching key exchange.*diffie-hellman-group1-sha1/s);
  expect(odd.dials).toBe(1);
});

test("a server that lets one session run at a time takes several shells at once", async () => {
  node.mostSessions = 1;
  node.answer = realShell;
  config(alias("alpha-drbd", node));
  const session = await Session.connect("alpha", only("alpha-drbd"), 1);
  const both = [session.run("sleep 0.3; echo a", patient), session.run("echo b", patient)];
  expect((await Promise.all(both)).map(({ stdout }) => stdout)).toEqual(["a\n", "b\n"]);
  session.close();
  await node.left();
});

test("a dial leaves no file behind", async () => {
  const ours = () => readdirSync(os.tmpdir()).filter((name) => name.startsWith("pulumi-drbd-ssh-"));
  const before = ours();
  config(alias("alpha-drbd", node));
  await visit(only("alpha-drbd"));
  await failure(visit(only("no-such-host.invalid")));
  expect(ours().filter((name) => !before.includes(name))).toEqual([]);
});
