/** `pulumi-drbd adopt` against two hosts over SSH, which answer as the lab's machines did with the tutorial's pair. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { adoptCommand, type AdoptOptions } from "../../provider/cli/adopt-command";
import { CliError } from "../../provider/cli/cli-error";
import { beginProcess } from "../../provider/lifecycle/process";
import { closeHosts } from "../../provider/shell/host";
import { closedPort, emptyProbe, FakeNode, failure, probed, stopNodes } from "../shell/fake-node";

/** The module itself, which the code under test has too, and no copy of it: its userInfo is to be another. */
const os = jest.requireActual<typeof import("node:os")>("node:os");

const secret = "F0oFunFact0ry";
const { PATH: path = "" } = process.env;
const cwd = process.cwd();

let home: string;
let alpha: FakeNode;
let bravo: FakeNode;

const looks = (host: string): string =>
  readFileSync(join(__dirname, "../fixtures/tutorial-looks", `${host}.txt`), "utf8").replaceAll("␀", "\0");

/** The pair, with something of its looks changed. */
async function start(host: string, change: (look: string) => string): Promise<FakeNode> {
  const node = await FakeNode.start();
  node.password = undefined;
  node.authorized = [execFileSync("ssh-keygen", ["-yf", join(home, "key")], { encoding: "utf8" })];
  node.answer = probed((nonce) => change(looks(host)).replaceAll("@NONCE", `@${nonce}`));
  return node;
}

async function pair(change = (look: string) => look): Promise<void> {
  [alpha, bravo] = [await start("alpha", change), await start("bravo", change)];
  config({ "web-a": alpha, "web-b": bravo });
}

/** As people have it: names of their own in ~/.ssh/config. */
function config(nodes: Readonly<Record<string, FakeNode>>): void {
  const entries = Object.entries(nodes).map(([name, node]) => {
    writeFileSync(join(home, `known-${name}`), `[127.0.0.1]:${node.port} ${node.hostKeys[0]!.public}\n`);
    return `Host ${name}\n  HostName 127.0.0.1\n  Port ${node.port}\n  IdentityFile ${join(home, "key")}\n  UserKnownHostsFile ${join(home, `known-${name}`)}\n`;
  });
  writeFileSync(join(home, ".ssh", "config"), entries.join("\n"), { mode: 0o600 });
}

/** Pulumi's CLI, which notes what it was told by which way. */
function pulumi(body: string): void {
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  const said = join(home, "pulumi-said");
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\necho "$*" >>${said}\nsed 's/^/stdin: /;$a\\' >>${said}\n${body}\n`);
  chmodSync(join(bin, "pulumi"), 0o755);
  process.env["PATH"] = `${bin}${delimiter}${path}`;
}

const pulumiSaid = (): string => readFileSync(join(home, "pulumi-said"), "utf8");
const selectsOslo = 'case "$1" in stack) echo oslo ;; esac';
const file = () => join(home, "project", "sites", "Pulumi.oslo.yaml");

async function run(options: AdoptOptions = {}, hosts = ["web-a", "web-b"] as const): Promise<string> {
  const lines: string[] = [];
  await adoptCommand(hosts, options, (line) => lines.push(line));
  return lines.join("\n");
}

async function refused(options: AdoptOptions = {}, hosts?: readonly [string, string]): Promise<string> {
  const error = await failure(run(options, hosts as ["web-a", "web-b"]));
  expect(error).toBeInstanceOf(CliError);
  return error.message;
}

beforeEach(() => {
  beginProcess();
  home = mkdtempSync(join(os.tmpdir(), "pulumi-drbd-test-cli-"));
  mkdirSync(join(home, ".ssh"), { mode: 0o700 });
  jest.spyOn(os, "userInfo").mockReturnValue({ ...os.userInfo(), homedir: home });
  delete process.env["SSH_AUTH_SOCK"];
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, "key")]);
  mkdirSync(join(home, "project"));
  writeFileSync(join(home, "project", "Pulumi.yaml"), "name: storage\nruntime: nodejs\nstackConfigDir: sites\n");
  process.chdir(join(home, "project"));
  pulumi(selectsOslo);
});

afterEach(async () => {
  process.chdir(cwd);
  process.env["PATH"] = path;
  jest.restoreAllMocks();
  await closeHosts();
  await stopNodes();
  rmSync(home, { recursive: true });
});

test("writes the selected stack's config, says what the preview will show, and only looks at the hosts", async () => {
  await pair();
  const told = await run();
  const text = readFileSync(file(), "utf8");
  expect(text).toContain("# As `pulumi-drbd adopt web-a web-b` found it.");
  expect(text).toContain("storage:nodes:\n    - hostname: alpha\n      connection:\n        host: web-a\n");
  expect(text).toContain("syncSource: alpha\n      filesystem:\n        mountPoint: /srv/vm\n");
  for (const part of [
    "sites/Pulumi.oslo.yaml is written:",
    "r0: minor 1, /dev/vdb1 (xfs at /srv/vm), port 7789, protocol A; syncSource alpha",
    "web-a: the host calls itself alpha",
    "takes the place of yours, which is kept as /etc/drbd.d/r0.res.before-pulumi-drbd",
    "Only files are written, and units enabled: what runs is not touched.",
    "Next: look at sites/Pulumi.oslo.yaml; then `pulumi preview --stack oslo`, and `pulumi up --stack oslo`.",
  ])
    expect(told).toContain(part);
  const scripts = [...alpha.scripts, ...bravo.scripts];
  expect(scripts.length).toBeGreaterThan(2);
  for (const script of scripts) expect(script).toMatch(/\nprobe <\/dev\/null; exit 0\n?$/);
});

test("a host that is gone once all is written: the description stays, and it is told", async () => {
  await pair();
  let looks = 0;
  const answer = bravo.answer;
  bravo.answer = (exec, node) => {
    if (++looks === 1) answer(exec, node);
    else exec.hangUp();
  };
  expect(await run()).toMatch(/could not be told now:\n {2}(bravo|web-b): the connection was lost/);
  expect(existsSync(file())).toBe(true);
});

describe("a pair with a secret", () => {
  const withSecret = (look: string) =>
    look.replaceAll(/protocol\s+A;/g, `protocol A; cram-hmac-alg sha1; shared-secret "${secret}";`);

  test("it goes to pulumi on standard input, and stands in no file, argument or word", async () => {
    await pair(withSecret);
    const told = await run({ stack: "oslo" });
    const [set = "", ...more] = pulumiSaid().trim().split("\n");
    expect(set).toBe(
      `config set --secret --path storage:resources[0].sharedSecret --stack oslo --config-file ${file()} --non-interactive --color never`,
    );
    expect(more).toEqual([`stdin: ${secret}`]);
    expect(told).toContain("with 1 secret, encrypted");
    for (const text of [told, set, readFileSync(file(), "utf8")]) expect(text).not.toContain(secret);
  });

  test("where pulumi does not take it, nothing is left behind", async () => {
    await pair(withSecret);
    pulumi("echo \"error: no stack named 'oslo' found\" >&2; exit 6");
    const told = await refused({ stack: "oslo" });
    expect(told).toContain("Nothing was written: the shared secret of r0 is to go into the stack's config as a secret");
    expect(told).toContain("type `pulumi stack init oslo`, and run this again");
    expect(told).toContain("no stack named 'oslo' found");
    expect(told).not.toContain(secret);
    expect(existsSync(file())).toBe(false);

    mkdirSync(join(home, "project", "sites"), { recursive: true });
    writeFileSync(file(), "encryptionsalt: v1:x\n");
    await refused({ stack: "oslo" });
    expect(readFileSync(file(), "utf8")).toBe("encryptionsalt: v1:x\n");
  });

  test("a program asks the stack's config for it", async () => {
    await pair(withSecret);
    const told = await run({ typescript: true });
    expect(told).toContain("index.ts is written, with 1 secret, encrypted:");
    const text = readFileSync("index.ts", "utf8");
    expect(text).toContain('sharedSecret: config.requireSecret("r0-sharedSecret")');
    expect(pulumiSaid()).toContain("config set --secret r0-sharedSecret");
    expect(pulumiSaid()).toContain(`stdin: ${secret}`);
    expect(text + told).not.toContain(secret);
  });
});

test("a private key: its file stands in a site, its text in no program", async () => {
  await pair();
  jest.spyOn(os, "homedir").mockReturnValue(home);
  const known = [alpha, bravo].map((node) => `[127.0.0.1]:${node.port} ${node.hostKeys[0]!.public}\n`);
  writeFileSync(join(home, ".ssh", "known_hosts"), known.join(""));
  const hosts = [`root@127.0.0.1:${alpha.port}`, `root@127.0.0.1:${bravo.port}`] as unknown as ["web-a", "web-b"];
  await run({ privateKeyFile: "~/key" }, hosts);
  expect(readFileSync(file(), "utf8")).toContain(
    `host: 127.0.0.1\n        port: ${alpha.port}\n        user: root\n        privateKeyFile: ~/key\n`,
  );
  await run({ privateKeyFile: "~/key", typescript: true }, hosts);
  expect(readFileSync("index.ts", "utf8")).toContain('privateKey: config.requireSecret("sshPrivateKey")');
  expect(pulumiSaid()).toMatch(/config set --secret sshPrivateKey .*\nstdin: -----BEGIN OPENSSH/);
});

describe("what is there already", () => {
  const before = "encryptionsalt: v1:x\nconfig:\n  storage:nodes: [] # mine\n  other:key: 1\n";

  test("a pair that the stack describes is replaced by --force alone, and what else is there stays", async () => {
    await pair();
    mkdirSync(join(home, "project", "sites"));
    writeFileSync(file(), before);
    expect(await refused()).toContain(
      "sites/Pulumi.oslo.yaml describes a pair already (storage:nodes). Nothing was looked at or written. `--force`",
    );
    expect([readFileSync(file(), "utf8"), alpha.dials, bravo.dials]).toEqual([before, 0, 0]);
    await run({ force: true });
    const text = readFileSync(file(), "utf8");
    expect(text).toMatch(/^encryptionsalt: v1:x\nconfig:\n {2}other:key: 1\n/);
    expect(text.match(/storage:nodes/g)).toHaveLength(1);
  });

  test("so is an index.ts", async () => {
    await pair();
    writeFileSync("index.ts", "// mine\n");
    expect(await refused({ typescript: true })).toContain(
      "index.ts is there already. Nothing was looked at or written.",
    );
    expect([readFileSync("index.ts", "utf8"), alpha.dials]).toEqual(["// mine\n", 0]);
    await run({ typescript: true, output: "pair.ts" });
    await run({ typescript: true, force: true });
    expect(readFileSync("index.ts", "utf8")).toBe(readFileSync("pair.ts", "utf8"));
  });

  test("a file that is no stack config is left alone", async () => {
    mkdirSync(join(home, "project", "sites"));
    writeFileSync(file(), "- a list\n");
    expect(await refused({ force: true })).toContain(
      "is no stack config that could be added to: it is no list of keys",
    );
  });
});

describe("before a host is asked", () => {
  test("no project", async () => {
    rmSync("Pulumi.yaml");
    expect(await refused()).toMatch(/^There is no Pulumi.yaml here or above: run this in a clone/);
  });

  test("no stack", async () => {
    pulumi("echo 'error: no stack selected' >&2; exit 1");
    expect(await refused()).toMatch(
      /^There is no stack selected here.*`pulumi stack init <name>`.*\n.*no stack selected$/,
    );
  });

  test("no pulumi", async () => {
    process.env["PATH"] = join(home, "nothing");
    expect(await refused()).toMatch(/^Pulumi's CLI is not on the PATH/);
  });

  test.each([
    ["web-a:99999", "99999 is no TCP port"],
    ["@web-a", "there is no user before @"],
    ["-oProxyCommand=x", "is no host"],
    ["", "is no host"],
  ])("the host %j", async (host, told) => {
    expect(await refused({ stack: "oslo" }, [host, "web-b"])).toContain(told);
  });

  test("a private key that is not there", async () => {
    expect(await refused({ stack: "oslo", privateKeyFile: "/nowhere/key" })).toBe(
      "There is no private key /nowhere/key on this machine.",
    );
  });
});

test("both hosts that cannot be reached are told", async () => {
  const port = await closedPort();
  const told = await refused({ stack: "oslo" }, [`127.0.0.1:${port}`, `localhost:${port}`]);
  expect(told).toMatch(/127\.0\.0\.1: cannot be reached(.|\n)*localhost: cannot be reached/);
  expect(existsSync(file())).toBe(false);
});

test("nothing to take over: exit, why, and no file", async () => {
  await pair();
  bravo.answer = probed(emptyProbe);
  const told = await refused();
  expect(told).toMatch(/^There is nothing to take over on web-a and web-b; nothing was written\.\n/);
  expect(told).toContain("drbd-utils is not installed there");
  expect(existsSync(file())).toBe(false);
});
