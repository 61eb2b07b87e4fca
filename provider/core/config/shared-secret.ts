/**
 * How the shared secret is kept out of what is shown and stored, all of it: the output that Pulumi encrypts, the placeholder
 * that stands for it in a file's text, and what takes it out of anybody's text and of what commands print.
 */

/** Outputs of DrbdResource that Pulumi keeps encrypted in its state, and shows as `[secret]`. */
export const secretOutputs = ["sharedSecret"];

/** Stands in for the shared secret wherever text is shown or kept in the clear. No secret can be this. */
export const SECRET_PLACEHOLDER = "(secret)";

const BLANK = String.raw`(?:[ \t\r\n]|#[^\n]*\n)+`;

const VALUE = String.raw`(?:"(?:[^"\\]|\\.)*(?:"|$)|'[^']*(?:'|$)|(?:\\.|[^\s;"'\\])+)+`;

/** Shorter ones would blot out half of any text, and protect nothing. */
const SHORTEST_SECRET = 6;

/** The shared secrets in a text of whatever kind that holds drbd.conf, for `redactSecrets`. */
export function secretsIn(text: string): string[] {
  // Most texts have none, and each look at a host asks many.
  if (!text.includes("shared-secret")) return [];
  const stated = text.replaceAll(/^\s*#.*$/gm, "");
  const found = [...stated.matchAll(new RegExp(`\\bshared-secret${BLANK}(${VALUE})`, "gs"))];
  return found
    .map(([, value = ""]) => value.replace(/^"(.*?)"?$/s, "$1").replaceAll(/\\(.)/gs, "$1"))
    .filter((secret) => secret.length >= SHORTEST_SECRET && secret !== SECRET_PLACEHOLDER);
}

/**
 * Replaces the value of every shared secret, in drbd.conf text and in drbdsetup command lines as `drbdadm -d` prints
 * them; and those that are known wherever they stand: drbdadm quotes words that it complains of, whole or their
 * beginning. For everything that is shown, logged or kept in the clear.
 */
export function redactSecrets(text: string, known: readonly string[] = []): string {
  const escaped = SECRET_PLACEHOLDER.replaceAll(/[()]/g, "\\$&");
  const quoted = known.flatMap((secret) => [secret, secret.slice(0, 19)]).sort((a, b) => b.length - a.length);
  return quoted
    .reduce((rest, secret) => rest.replaceAll(secret, SECRET_PLACEHOLDER), text)
    .replaceAll(new RegExp(`(?<=\\bshared-secret)(${BLANK})${VALUE}`, "gs"), `$1"${SECRET_PLACEHOLDER}"`)
    .replaceAll(/(?<=(["'])--shared-secret=)(?:(?!\1).)*/gs, SECRET_PLACEHOLDER)
    .replaceAll(new RegExp(`(?<=\\bshared-secret=)(?!${escaped})${VALUE}`, "gs"), `"${SECRET_PLACEHOLDER}"`);
}
