import { mendedKey, privateKeyFault } from "../../provider/core/private-key";

const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\nYWJj\n-----END OPENSSH PRIVATE KEY-----\n";

test.each([
  ["as it is", key],
  ["without its last line's end", key.trim()],
  ["each line indented", key.replace(/^/gm, "  ")],
  ["with `\\n` as two characters", key.replaceAll("\n", "\\n")],
  ["with `\\r\\n` as four characters", key.replaceAll("\n", "\\r\\n")],
  ["with a carriage return on each line", key.replaceAll("\n", "\r\n")],
  ["folded into one line", key.replaceAll("\n", " ")],
  ["with blank lines around it", `\n\n${key}\n`],
])("a private key %s is the same key", (_, text) => {
  expect(privateKeyFault(text)).toBeUndefined();
  expect(mendedKey(text)).toBe(key);
});

test("a key whose header has words of its own keeps them", () => {
  const encrypted =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nabc=\n-----END RSA PRIVATE KEY-----\n";
  expect(mendedKey(encrypted)).toBe(encrypted);
  const putty = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: me\n";
  expect(mendedKey(putty)).toBe(putty);
});

test.each([
  ["a path", "~/.ssh/id_ed25519", /not its path/],
  ["a public key", "ssh-ed25519 AAAA me", /not a public key/],
  ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA me", /not its certificate/],
  ["half a key", key.split("\n").slice(0, 2).join("\n"), /cut short/],
])("%s is told for what it is, and not shown", (_, text, said) => {
  expect(privateKeyFault(text)).toMatch(said);
  expect(privateKeyFault(text)).not.toContain("AAAA");
});
