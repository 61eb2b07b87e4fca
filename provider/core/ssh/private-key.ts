/**
 * A private key as its tool wrote it. On its way into a configuration its lines may have been indented, joined (by blanks, as
 * YAML's `>` does, or by nothing), written with `\n` for each line's end, or put into quotes. What stands around it (a curve's
 * parameters, openssl's own words, the public half) is left out.
 */
export function mendedKey(text: string): string {
  const lines = unquoted(text)
    .split(/\r?\n/)
    .map((line) => line.trim());
  const trimmed = lines.join("\n").trim();
  const [, begin, , body, end] = keyBlock.exec(trimmed) ?? [];
  if (begin === undefined || body === undefined || end === undefined) return `${trimmed}\n`;
  const { headers, base64 } = partsOf(body);
  return `${begin}\n${headers}${/^[A-Za-z0-9+/=\s]+$/.test(base64) ? wrapped(base64) : base64}\n${end}\n`;
}

const keyBlock = /(-{5}BEGIN ([A-Z0-9 ]*PRIVATE KEY)-{5})\s*(.*?)\s*(-{5}END \2-{5})/s;

/** Without quotes around it, and with line ends for `\n`: no key in PEM has a backslash. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.includes("-----BEGIN ")) return trimmed;
  const [, , inside = trimmed] = /^(["'])(.*)\1$/s.exec(trimmed) ?? [];
  return inside.replace(/(\\+r)?\\+n/g, "\n").trim();
}

/** The words before the base64 that say how a key is encrypted (RFC 1421), each in its line, and an empty line after them. */
function partsOf(body: string): { readonly headers: string; readonly base64: string } {
  const [all, type, info] = /^(Proc-Type: ?4, ?ENCRYPTED)\s+(DEK-Info: ?[A-Z0-9-]+, ?[0-9A-F]+)\s+/i.exec(body) ?? [];
  if (all === undefined || type === undefined || info === undefined) return { headers: "", base64: body };
  return { headers: `${type}\n${info}\n\n`, base64: body.slice(all.length) };
}

/** Lines stay as they are, but for one that is longer than any tool makes it. */
function wrapped(base64: string): string {
  return base64
    .split(/\s+/)
    .flatMap((line) => (line.length <= 76 ? line : (line.match(/.{1,64}/g) ?? [])))
    .join("\n");
}

/** What is wrong with a text that should be a private key; the text itself is never shown. */
export function privateKeyFault(text: string): string | undefined {
  if (/^-{5}BEGIN CERTIFICATE|-cert-v01@openssh\.com /m.test(text))
    return "must be the private key, not its certificate";
  // The SSH library reads PuTTY's older files of RSA keys.
  if (/^\s*PuTTY-User-Key-File-2: ssh-rsa\b/.test(text)) return undefined;
  if (/^\s*PuTTY-User-Key-File-/.test(text))
    return "is in PuTTY's format: `puttygen KEY.ppk -O private-openssh -o KEY` converts it";
  if (/^\s*-{4} BEGIN SSH2 .*PRIVATE KEY/.test(text))
    return "is in ssh.com's format: convert it to OpenSSH's (`puttygen KEY -O private-openssh -o KEY.openssh`)";
  if (/^-{5}BEGIN DSA /m.test(text)) return "is a DSA key, which OpenSSH takes no more: make one of type ed25519";
  if (/^\s*LS0tLS1CRUdJTi/.test(text)) return "is encoded in base64 once more: give it as its file is";
  if (!/-BEGIN [A-Z0-9 ]*PRIVATE KEY-/.test(text))
    return "must be the text of a private key, not its path and not a public key";
  if (!/-{5}END [A-Z0-9 ]*PRIVATE KEY-{5}/.test(text))
    return "is cut short: the line `-----END … PRIVATE KEY-----` is missing";
  const count = text.match(/-{5}BEGIN [A-Z0-9 ]*PRIVATE KEY-{5}/g)?.length ?? 0;
  return count > 1 ? `must be one private key; ${count} are there` : undefined;
}
