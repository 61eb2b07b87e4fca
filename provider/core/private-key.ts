/**
 * A private key as its tool wrote it. On its way into a configuration its lines may have been indented, joined by blanks
 * (YAML's `>`), or written with `\n` for each line's end.
 */
export function mendedKey(text: string): string {
  const lines = text.includes("\n") ? text : text.replaceAll("\\r", "").replaceAll("\\n", "\n");
  const trimmed = lines
    .trim()
    .split(/\r?\n/)
    .map((line) => line.trim())
    .join("\n");
  const [, begin, body, end] = /^(-{5}BEGIN [A-Z0-9 ]+-{5})\s+(.*?)\s+(-{5}END [A-Z0-9 ]+-{5})$/s.exec(trimmed) ?? [];
  if (begin === undefined || body === undefined || end === undefined) return `${trimmed}\n`;
  const blocks = /^[A-Za-z0-9+/=\s]+$/.test(body) ? body.split(/\s+/).join("\n") : body;
  return `${begin}\n${blocks}\n${end}\n`;
}

/** What is wrong with a text that should be a private key; the text itself is never shown. */
export function privateKeyFault(text: string): string | undefined {
  if (/^-{5}BEGIN CERTIFICATE|-cert-v01@openssh\.com /m.test(text))
    return "must be the private key, not its certificate";
  if (!/PRIVATE KEY|PuTTY-User-Key-File/.test(text))
    return "must be the text of a private key, not its path and not a public key";
  if (/-{5}BEGIN /.test(text) && !/-{5}END [A-Z0-9 ]+-{5}/.test(text))
    return "is cut short: the line `-----END … PRIVATE KEY-----` is missing";
  return undefined;
}
