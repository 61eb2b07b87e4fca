import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** A public host key as sshd sends it: its type, and the base64 of its wire form. */
export interface HostKey {
  readonly type: string;
  readonly base64: string;
}

/** Reads the type out of a key in wire form (RFC 4253, section 6.6: a length-prefixed name comes first). */
export function hostKeyOf(wire: Buffer): HostKey {
  const length = wire.length >= 4 ? wire.readUInt32BE(0) : 0;
  return { type: wire.toString("latin1", 4, 4 + length), base64: wire.toString("base64") };
}

/** `SHA256:…`, as ssh-keygen -l prints it. */
export function fingerprint(key: HostKey): string {
  const digest = createHash("sha256").update(Buffer.from(key.base64, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Parses a key given as `ssh-ed25519 AAAA… comment`, as a known_hosts line, or as bare base64. */
export function parseHostKey(text: string): HostKey | undefined {
  for (const word of text.trim().split(/\s+/)) {
    if (!/^AAAA[A-Za-z0-9+/]+=*$/.test(word)) continue;
    const key = hostKeyOf(Buffer.from(word, "base64"));
    if (/^[a-z0-9@.-]+$/i.test(key.type) && key.type !== "") return key;
  }
  return undefined;
}

/**
 * The keys that known_hosts text holds for a host; hashed names (`|1|salt|hash`), patterns and `[host]:port` included,
 * and those left out that the text revokes. Where it has none for another port than 22, those of the host count, as for ssh.
 */
export function knownHostKeys(text: string, host: string, port: number): HostKey[] {
  const bare = read(text, host.toLowerCase());
  const { keys, revoked } = port === 22 ? bare : read(text, `[${host}]:${port}`.toLowerCase());
  const all = keys.length > 0 ? keys : bare.keys;
  return all.filter(({ base64 }) => !revoked.has(base64) && !bare.revoked.has(base64));
}

function read(text: string, name: string): { readonly keys: HostKey[]; readonly revoked: ReadonlySet<string> } {
  const keys: HostKey[] = [];
  const revoked = new Set<string>();
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0]?.startsWith("@") === true ? fields.shift() : undefined;
    const names = fields[0];
    if (names === undefined || names === "" || names.startsWith("#") || !matchesNames(names, name)) continue;
    const key = parseHostKey(fields.slice(1).join(" "));
    if (key === undefined) continue;
    if (marker === "@revoked") revoked.add(key.base64);
    // An authority's key (@cert-authority) is no host's.
    if (marker === undefined) keys.push(key);
  }
  return { keys, revoked };
}

/** One of the patterns fits, and none that is negated. */
function matchesNames(patterns: string, name: string): boolean {
  const all = patterns.split(",");
  if (all.some((pattern) => pattern.startsWith("!") && matchesName(pattern.slice(1), name))) return false;
  return all.some((pattern) => matchesName(pattern, name));
}

function matchesName(pattern: string, name: string): boolean {
  const [empty, version, salt, hash] = pattern.split("|");
  if (empty === "" && version === "1" && salt !== undefined && hash !== undefined) {
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  const literal = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
}

/** The keys the user's and the machine's own known_hosts files hold for a host. */
export function readKnownHostKeys(host: string, port: number): HostKey[] {
  const files = [join(homedir(), ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"];
  const texts = files.map((file) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return ""; // No such file is the usual case, and then no key is known: the caller refuses.
    }
  });
  return knownHostKeys(texts.join("\n"), host, port);
}
