import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../provider/core/wanted/connection";
import { UnreachableError } from "../../provider/shell/error-classes";
import { Session } from "../../provider/shell/session";
import { FakeAgent } from "./fake-agent";
import { failure, FakeNode, keyPair, says, stopNodes, type KeyPair } from "./fake-node";

let node: FakeNode;
let keys: KeyPair;
const agents: FakeAgent[] = [];

beforeAll(() => {
  keys = keyPair();
});

const path = process.env["PATH"];

beforeEach(async () => {
  delete process.env["SSH_AUTH_SOCK"];
  node = await FakeNode.start();
  node.answer = says("here\n");
});

/** A machine on which there is no `ssh` program. */
function withoutSsh(): void {
  process.env["PATH"] = "/nowhere";
}

afterEach(async () => {
  process.env["PATH"] = path;
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  await stopNodes();
});

async function agentWith(...held: KeyPair[]): Promise<FakeAgent> {
  const agent = await FakeAgent.start(held);
  agents.push(agent);
  return agent;
}

/** Logs in, runs something, leaves. */
async function visit(connection: Connection): Promise<string> {
  const session = await Session.connect("alpha", connection, 1);
  const { stdout } = await session.run("true", { timeoutSeconds: 5 });
  session.close();
  await node.left();
  return stdout;
}

const without = { password: undefined };

test("a password", async () => {
  expect(await visit(node.connection())).toBe("here\n");
  expect(node.tried).toEqual(["none", "password"]);
});

test("a password where the host takes it by keyboard-interactive alone", async () => {
  node.keyboardOnly = true;
  expect(await visit(node.connection())).toBe("here\n");
});

test("a private key", async () => {
  node.authorized = [keys.public];
  expect(await visit(node.connection({ ...without, privateKey: keys.private }))).toBe("here\n");
  expect(node.tried).not.toContain("password");
});

test.each(["rsa", "ecdsa"] as const)("a private key of type %s", async (type) => {
  const other = keyPair(type);
  node.authorized = [other.public];
  expect(await visit(node.connection({ ...without, privateKey: other.private }))).toBe("here\n");
});

test("a private key is preferred to a password, and the password is still tried after it", async () => {
  node.authorized = [keys.public];
  await visit(node.connection({ privateKey: keys.private }));
  expect(node.tried).not.toContain("password");
  node.authorized = [];
  expect(await visit(node.connection({ privateKey: keys.private }))).toBe("here\n");
});

describe("a private key with a passphrase", () => {
  const passphrase = "open sesame";
  let locked: KeyPair;
  beforeAll(() => {
    locked = keyPair("ed25519", passphrase);
  });
  beforeEach(() => {
    node.authorized = [locked.public];
  });

  test("opens with it", async () => {
    const connection = node.connection({ ...without, privateKey: locked.private, privateKeyPassword: passphrase });
    expect(await visit(connection)).toBe("here\n");
  });

  test.each([
    ["a wrong one", "open says me"],
    ["none", undefined],
  ])("does not open with %s, and the host is not even dialled", async (_, privateKeyPassword) => {
    const connection = node.connection({ ...without, privateKey: locked.private, privateKeyPassword });
    const error = await failure(Session.connect("alpha", connection, 5));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(/^alpha: the private key in `connection\.privateKey` cannot be used\n/);
    expect(error.message).toMatch(/what to do: check `connection\.privateKey` and `connection\.privateKeyPassword`$/);
    expect(error.message).not.toContain(locked.private.split("\n")[1]!.slice(0, 20));
    expect(error.message).not.toContain("open says me");
    expect(node.dials).toBe(0);
  });
});

describe("a private key in PKCS#8, as Pulumi's tls provider and openssl make them", () => {
  const kinds: [string, () => KeyObject][] = [
    ["ed25519", () => generateKeyPairSync("ed25519").privateKey],
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
    ["ECDSA P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey],
    ["ECDSA P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
  ];
  /** Its public half as OpenSSH writes it; by OpenSSH, where that reads such keys. */
  function authorize(key: KeyObject): void {
    if (key.asymmetricKeyType === "ed25519") {
      const wire = [Buffer.from("ssh-ed25519"), Buffer.from(key.export({ format: "jwk" }).x!, "base64url")];
      const fields = wire.map((part) => Buffer.concat([Buffer.from([0, 0, 0, part.length]), part]));
      node.authorized = [`ssh-ed25519 ${Buffer.concat(fields).toString("base64")}`];
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-key-"));
    const type = key.asymmetricKeyType === "rsa" ? "pkcs1" : "pkcs8";
    writeFileSync(join(folder, "key"), key.export({ type: type, format: "pem" }), { mode: 0o600 });
    node.authorized = [execFileSync("ssh-keygen", ["-yf", join(folder, "key")], { encoding: "utf8" })];
    rmSync(folder, { recursive: true });
  }

  test.each(kinds)("%s", async (_, make) => {
    const key = make();
    authorize(key);
    const privateKey = key.export({ type: "pkcs8", format: "pem" }).toString();
    expect(await visit(node.connection({ ...without, privateKey }))).toBe("here\n");
  });

  test("encrypted: it opens with its passphrase, and says so where it does not", async () => {
    const key = generateKeyPairSync("ed25519").privateKey;
    authorize(key);
    const lock = { cipher: "aes-256-cbc", passphrase: "open sesame" } as const;
    const privateKey = key.export({ type: "pkcs8", format: "pem", ...lock }).toString();
    const connection = (privateKeyPassword?: string) => node.connection({ ...without, privateKey, privateKeyPassword });
    expect(await visit(connection("open sesame"))).toBe("here\n");
    const refused = async (passphrase?: string) => (await failure(visit(connection(passphrase)))).message;
    expect(await refused()).toContain("it is encrypted, and no passphrase is given");
    expect(await refused("open says me")).toContain("the passphrase does not fit");
  });

  test.each<[string, () => KeyObject]>([
    ["ed448", () => generateKeyPairSync("ed448").privateKey],
    ["an unusual curve", () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey],
  ])("%s: SSH has no such keys", async (_, make) => {
    const privateKey = make().export({ type: "pkcs8", format: "pem" }).toString();
    const error = await failure(visit(node.connection({ ...without, privateKey })));
    expect(error.message).toContain("SSH has no keys of the type");
    expect(node.dials).toBe(0);
  });
});

test("the handle of a FIDO key is told for what it is", async () => {
  const body = Buffer.from("openssh-key-v1\0 sk-ssh-ed25519@openssh.com").toString("base64");
  const privateKey = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`;
  const error = await failure(visit(node.connection({ ...without, privateKey })));
  expect(error.message).toMatch(/FIDO key.*what to do: leave `privateKey` out/s);
});

test("something that is no private key is named, and not shown", async () => {
  const error = await failure(visit(node.connection({ ...without, privateKey: "my-very-secret" })));
  expect(error.message).toContain("`connection.privateKey`");
  expect(error.message).not.toContain("my-very-secret");
});

test.each<[string, () => Partial<Connection>]>([
  ["a wrong password", () => ({ password: "wrong" })],
  ["a key that the host does not know", () => ({ ...without, privateKey: keys.private })],
  ["another user", () => ({ user: "nobody" })],
])("%s is refused at once, with who was refused and where to look", async (_, changes) => {
  const error = await failure(Session.connect("alpha", node.connection(changes()), 5));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({ network: false });
  const { user = "root" } = changes();
  const where = `${user}@127.0.0.1:${node.port}`;
  expect(error.message).toContain(`alpha: ${where} refused every way to log in that \`connection\` gives`);
  expect(error.message).toContain("check `connection.user` and the key or password");
  expect(error.message).not.toContain("wrong");
  expect(node.dials).toBe(1);
});

test("a connection that gives no way to log in says so, where there is no `ssh`", async () => {
  withoutSsh();
  const error = await failure(visit(node.connection(without)));
  expect(error.message).toMatch(/`connection` gives no way to log in .*what to do: .*`connection\.privateKey`/s);
});

test("a host that ends the session after too many tries is not dialled again: that would lock the user out", async () => {
  withoutSsh();
  const many = Array.from({ length: 3 }, () => keyPair());
  const agent = await agentWith(...many);
  node.mostTries = 2;
  const error = await failure(
    Session.connect("alpha", node.connection({ ...without, agentSocketPath: agent.socket }), 5),
  );
  expect(error.message).toContain("refused every way to log in");
  expect(error.message).toMatch(/too many authentication failures/i);
  expect(node.dials).toBe(1);
});

describe("the agent, where there is no `ssh`", () => {
  beforeEach(withoutSsh);

  test.each(["connection.agentSocketPath", "SSH_AUTH_SOCK"])("at %s signs", async (place) => {
    node.authorized = [keys.public];
    const agent = await agentWith(keyPair(), keys);
    if (place === "SSH_AUTH_SOCK") process.env["SSH_AUTH_SOCK"] = agent.socket;
    const given = place === "SSH_AUTH_SOCK" ? {} : { agentSocketPath: agent.socket };
    expect(await visit(node.connection({ ...without, ...given }))).toBe("here\n");
    expect(agent.signed).toBe(1);
  });

  test("is not asked when the key is given", async () => {
    node.authorized = [keys.public];
    const agent = await agentWith(keys);
    await visit(node.connection({ ...without, privateKey: keys.private, agentSocketPath: agent.socket }));
    expect(agent.signed).toBe(0);
  });

  test("that is not there is named", async () => {
    const error = await failure(visit(node.connection({ ...without, agentSocketPath: "/nowhere/agent" })));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toMatch(/^alpha: the SSH agent could not be used\n.*\/nowhere\/agent/s);
    expect(error.message).toContain("`connection.agentSocketPath`");
  });

  test("of a session that has ended does not hide that the key is wrong", async () => {
    process.env["SSH_AUTH_SOCK"] = "/nowhere/agent";
    const error = await failure(visit(node.connection({ ...without, privateKey: keys.private })));
    expect(error.message).toContain("refused every way to log in");
    expect(error.message).toContain("/nowhere/agent");
  });
});

describe("a user other than root", () => {
  test("works through `sudo -n`", async () => {
    node.user = "admin";
    await visit(node.connection());
    expect(node.commands).toEqual(["env LC_ALL=C sudo -n sh -s"]);
  });

  test("root does without", async () => {
    await visit(node.connection());
    expect(node.commands).toEqual(["sh -s"]);
  });
});
