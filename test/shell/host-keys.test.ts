import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../provider/core/wanted/connection";
import { UnreachableError } from "../../provider/shell/error-classes";
import { fingerprint, hostKeyOf, knownHostKeys, parseHostKey } from "../../provider/shell/host-keys";
import { Session } from "../../provider/shell/session";
import { failure, FakeNode, keyPair, publicKey, stopNodes, type KeyPair } from "./fake-node";

/** The module itself, which the code under test has too, and no copy of it: its homedir is to be another. */
const os = jest.requireActual<typeof import("node:os")>("node:os");

const ed25519 = keyPair("ed25519");
const ecdsa = keyPair("ecdsa");
const rsa = keyPair("rsa");
const stranger = keyPair("ed25519");
/** Made and hashed by ssh-keygen. */
const genuine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHf3Xn7/AD4UawHBfODMZ2zwrGW+5oIpJdIhv4pNCPin";
const genuineName = "|1|OM+nV6J+XOrIjU+Xp+VMWur49PY=|yVPWXNS4cYuZIGEbkDh5RLtLdhw="; // alpha.example
/** `AAAA…` of a public key. */
const base64 = (key: KeyPair) => key.public.split(" ")[1]!;
const typed = (key: KeyPair) => key.public.split(" ").slice(0, 2).join(" ");

/** A name as `HashKnownHosts yes` has it written. */
function hashed(name: string): string {
  const salt = randomBytes(20);
  const hash = createHmac("sha1", salt).update(name).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
}

describe("a host key as text", () => {
  const key = { type: "ssh-ed25519", base64: base64(ed25519) };

  test.each([
    ["type and base64", typed(ed25519)],
    ["a .pub file, with a comment", `${typed(ed25519)} root@alpha\n`],
    ["a line of known_hosts or ssh-keyscan", `[alpha.example]:2222 ${typed(ed25519)}`],
    ["bare base64", base64(ed25519)],
  ])("is read from %s", (_, text) => {
    expect(parseHostKey(text)).toEqual(key);
  });

  test.each([
    ["nothing", ""],
    ["a fingerprint", fingerprint(key)],
    ["a private key", ed25519.private],
    ["base64 of something else", Buffer.from("a text that is no key").toString("base64")],
    ["base64 that only begins as a key does", "AAAAAAAA"],
  ])("is not read from %s", (_, text) => {
    expect(parseHostKey(text)).toBeUndefined();
  });

  test.each([
    [ed25519, "ssh-ed25519"],
    [ecdsa, "ecdsa-sha2-nistp256"],
    [rsa, "ssh-rsa"],
  ])("its type is in its wire form %#", (pair, type) => {
    expect(hostKeyOf(publicKey(pair.public).getPublicSSH())).toEqual({ type, base64: base64(pair) });
  });

  test("its fingerprint is that of ssh-keygen -l", () => {
    expect(fingerprint(parseHostKey(genuine)!)).toBe("SHA256:4/OOKfv0qSWvX8BHBa9Me5eZ2y35RiRLmUney/L3ckE");
  });
});

describe("known_hosts", () => {
  const known = (text: string, host = "alpha.example", port = 22) =>
    knownHostKeys(text, host, port).map((key) => key.base64);

  test.each([
    ["the name", `alpha.example ${typed(ed25519)}`],
    ["one name of several", `alpha,alpha.example,10.0.0.1 ${typed(ed25519)}`],
    ["a comment behind it", `alpha.example ${typed(ed25519)} added by hand`],
    ["a tab between", `alpha.example\t${typed(ed25519).replace(" ", "\t")}`],
    ["CRLF", `alpha.example ${typed(ed25519)}\r\n`],
    ["the name hashed", `${hashed("alpha.example")} ${typed(ed25519)}`],
    ["a pattern", `*.example ${typed(ed25519)}`],
    ["a pattern with one letter open", `alph?.example ${typed(ed25519)}`],
    ["the name in other letters", `Alpha.example ${typed(ed25519)}`],
  ])("knows a host by %s", (_, line) => {
    expect(known(`# a comment\n\n${line}\n`)).toEqual([base64(ed25519)]);
  });

  test("knows a host by its name in other letters than the connection's", () => {
    expect(known(`alpha.example ${typed(ed25519)}`, "ALPHA.example")).toEqual([base64(ed25519)]);
    expect(known(`${hashed("alpha.example")} ${typed(ed25519)}`, "ALPHA.example")).toEqual([base64(ed25519)]);
  });

  test.each([
    ["another host", `bravo.example ${typed(ed25519)}`],
    ["a host whose name begins the same", `alpha.example.com ${typed(ed25519)}`],
    ["a host whose name fits where a dot stands", `alphaxexample ${typed(ed25519)}`],
    ["another host, hashed", `${hashed("bravo.example")} ${typed(ed25519)}`],
    ["another port", `[alpha.example]:2222 ${typed(ed25519)}`],
    ["the host, but in a comment", `#alpha.example ${typed(ed25519)}`],
    ["an authority and not a host", `@cert-authority alpha.example ${typed(ed25519)}`],
    ["a pattern that leaves it out", `*.example,!alpha.example ${typed(ed25519)}`],
    ["the host, but no key", "alpha.example ssh-ed25519 garbage"],
    ["the host, and nothing else", "alpha.example"],
  ])("does not take %s for it", (_, line) => {
    expect(known(line)).toEqual([]);
  });

  test("on another port than 22 the host's own keys count where it has none for the port, and none that is revoked", () => {
    const text = `alpha.example ${typed(ed25519)}\nalpha.example ${typed(ecdsa)}\n@revoked [alpha.example]:2222 ${typed(ed25519)}`;
    expect(known(text, "alpha.example", 2222)).toEqual([base64(ecdsa)]);
    expect(known(text, "alpha.example", 22)).toEqual([base64(ed25519), base64(ecdsa)]);
    const all = `${text}\n[alpha.example]:2222 ${typed(ecdsa)}\n@revoked [alpha.example]:2222 ${typed(ecdsa)}`;
    expect(known(all, "alpha.example", 2222)).toEqual([]);
  });

  test("on another port than 22 the keys of `[host]:port` alone count, where there are some", () => {
    const text = [
      `alpha.example ${typed(ed25519)}`,
      `[alpha.example]:2222 ${typed(ecdsa)}`,
      `${hashed("[alpha.example]:2222")} ${typed(rsa)}`,
      `[alpha.example]:22222 ${typed(stranger)}`,
    ].join("\n");
    expect(known(text, "alpha.example", 2222)).toEqual([base64(ecdsa), base64(rsa)]);
    expect(known(text)).toEqual([base64(ed25519)]);
  });

  test("all keys of a host are known, those in an IPv6 address's name too", () => {
    const text = `fd00::1 ${typed(ed25519)}\nfd00::1 ${typed(ecdsa)}\n[fd00::1]:2222 ${typed(rsa)}`;
    expect(known(text, "fd00::1")).toEqual([base64(ed25519), base64(ecdsa)]);
    expect(known(text, "fd00::1", 2222)).toEqual([base64(rsa)]);
  });

  test("a name that ssh-keygen -H hashed", () => {
    expect(knownHostKeys(`${genuineName} ${genuine}`, "alpha.example", 22)).toHaveLength(1);
    expect(knownHostKeys(`${genuineName} ${genuine}`, "bravo.example", 22)).toEqual([]);
  });

  test("a key that was revoked is known no more", () => {
    const text = `alpha.example ${typed(ed25519)}\nalpha.example ${typed(ecdsa)}\n@revoked * ${typed(ed25519)}`;
    expect(known(text)).toEqual([base64(ecdsa)]);
  });
});

describe("the host", () => {
  let home: string;
  let node: FakeNode;

  beforeEach(async () => {
    delete process.env["SSH_AUTH_SOCK"];
    home = mkdtempSync(join(os.tmpdir(), "pulumi-drbd-test-home-"));
    mkdirSync(join(home, ".ssh"));
    jest.spyOn(os, "homedir").mockReturnValue(home);
    node = await FakeNode.start({ hostKeys: [ed25519] });
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    rmSync(home, { recursive: true });
    await stopNodes();
  });

  const putKnownHosts = (text: string) => {
    writeFileSync(join(home, ".ssh", "known_hosts"), text);
  };

  async function visit(changes: Partial<Connection>): Promise<void> {
    const session = await Session.connect("alpha", node.connection(changes), 3);
    session.close();
    await node.left();
  }

  test.each([
    ["a key and its type", typed(ed25519)],
    ["a line of known_hosts", `alpha ${typed(ed25519)}`],
    ["bare base64", base64(ed25519)],
  ])("is trusted by hostKey as %s", async (_, hostKey) => {
    await visit({ hostKey });
    expect(node.tried).toContain("password");
  });

  test.each([
    ["by [host]:port", () => `[127.0.0.1]:${node.port} ${typed(ed25519)}`],
    ["hashed", () => `${hashed(`[127.0.0.1]:${node.port}`)} ${typed(ed25519)}`],
    ["after keys of others", () => `bravo ${typed(ecdsa)}\n[127.0.0.1]:${node.port} ${typed(ed25519)}`],
  ])("is trusted by known_hosts, %s", async (_, text) => {
    putKnownHosts(text());
    await visit({ hostKey: undefined });
    expect(node.tried).toContain("password");
  });

  test.each([
    [typed(ecdsa), "ecdsa-sha2-nistp256"],
    [typed(rsa), "rsa"],
  ])("shows the key of the type that is known, where it has several %#", async (hostKey) => {
    const several = await FakeNode.start({ hostKeys: [ed25519, ecdsa, rsa] });
    const session = await Session.connect("alpha", several.connection({ hostKey }), 1);
    session.close();
    await several.left();
  });

  test("unknown: refused before any password is sent, with the line to put into the config", async () => {
    const error = await failure(visit({ hostKey: undefined }));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ network: false });
    const key = { type: "ssh-ed25519", base64: base64(ed25519) };
    expect(error.message.split("\n")[0]).toBe(
      `alpha: the host key of 127.0.0.1:${node.port} is not known: ssh-ed25519 ${fingerprint(key)}`,
    );
    expect(error.message).toContain(`connection.hostKey: "${typed(ed25519)}"`);
    expect(error.message).toContain("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    expect(node.tried).toEqual([]);
    expect(node.dials).toBe(1);
  });

  test("the line that the error shows is the one that is taken", async () => {
    const error = await failure(visit({ hostKey: undefined }));
    const line = /connection\.hostKey: "([^"]+)"/.exec(error.message)![1];
    await visit({ hostKey: line });
  });

  test("unknown, with a key of another type: the file to compare with is that type's", async () => {
    const other = await FakeNode.start({ hostKeys: [rsa] });
    const error = await failure(Session.connect("alpha", other.connection({ hostKey: undefined }), 1));
    expect(error.message).toContain(`is not known: ssh-rsa SHA256:`);
    expect(error.message).toContain("ssh-keygen -lf /etc/ssh/ssh_host_rsa_key.pub");
  });

  test.each(["hostKey", "known_hosts"])("with another key than in %s: refused, and both are shown", async (place) => {
    if (place === "known_hosts") putKnownHosts(`[127.0.0.1]:${node.port} ${typed(stranger)}`);
    const error = await failure(visit({ hostKey: place === "hostKey" ? typed(stranger) : undefined }));
    expect(error.message).toContain("is not the one that is known: ssh-ed25519");
    expect(error.message).toContain(fingerprint({ type: "ssh-ed25519", base64: base64(ed25519) }));
    expect(error.message).toContain(`known: ssh-ed25519 ${fingerprint({ type: "", base64: base64(stranger) })}`);
    expect(error.message).toContain("somebody may be in between");
    expect(node.tried).toEqual([]);
  });

  test("hostKey counts, whatever known_hosts says", async () => {
    putKnownHosts(`[127.0.0.1]:${node.port} ${typed(ed25519)}`);
    const error = await failure(visit({ hostKey: typed(stranger) }));
    expect(error.message).toContain("is not the one that is known");
  });

  test("without a key of the type that is known: refused at once", async () => {
    const error = await failure(visit({ hostKey: typed(ecdsa) }));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toContain("has no host key of the type that is known for it");
    expect(node.tried).toEqual([]);
    expect(node.dials).toBe(1);
  });

  test("hostKey that is none: refused before the host is dialled", async () => {
    const error = await failure(visit({ hostKey: "SHA256:abc" }));
    expect(error.message).toContain("`connection.hostKey` is no public host key");
    expect(node.dials).toBe(0);
  });

  test("a key of a type that ssh2 does not know is no reason to complain about the private key", async () => {
    const name = Buffer.from("sk-ssh-ed25519@openssh.com");
    const wire = Buffer.concat([Buffer.from([0, 0, 0, name.length]), name, Buffer.alloc(40)]);
    putKnownHosts(`[127.0.0.1]:${node.port} ${name.toString()} ${wire.toString("base64")}`);
    const error = await failure(visit({ hostKey: undefined }));
    expect(error.message).toContain("the host key of 127.0.0.1");
    putKnownHosts(
      `[127.0.0.1]:${node.port} ${name.toString()} ${wire.toString("base64")}\n[127.0.0.1]:${node.port} ${typed(ed25519)}`,
    );
    await visit({ hostKey: undefined });
  });

  describe("with insecureIgnoreHostKey", () => {
    test.each<[string, () => string | undefined]>([
      ["no key at all", () => undefined],
      ["another key", () => typed(stranger)],
      ["a key of another type", () => typed(ecdsa)],
    ])("is trusted with %s", async (_, hostKey) => {
      await visit({ hostKey: hostKey(), insecureIgnoreHostKey: true });
      expect(node.tried).toContain("password");
    });

    test("is trusted though known_hosts has only a key of another type", async () => {
      putKnownHosts(`[127.0.0.1]:${node.port} ${typed(ecdsa)}`);
      await visit({ hostKey: undefined, insecureIgnoreHostKey: true });
    });
  });
});
