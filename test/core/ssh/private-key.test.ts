import { mendedKey, privateKeyFault } from "../../../provider/core/ssh/private-key";

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
  ["with `\\n` as two characters and an end of line", `${key.trim().replaceAll("\n", "\\n")}\n`],
  ["with `\\\\n` as three characters", key.replaceAll("\n", "\\\\n")],
  ["as a string of JSON", JSON.stringify(key)],
  ["in quotes", `'${key.trim()}'\n`],
  ["without any end of line", key.replaceAll("\n", "").replace("YWJj", "\nYWJj")],
  ["with a byte order mark", `\ufeff${key}`],
  ["with its public half after it", `${key}ssh-ed25519 AAAA me\n`],
  ["with openssl's words before it", `Bag Attributes\n    localKeyID: 01\n${key}`],
])("a private key %s is the same key", (_, text) => {
  expect(privateKeyFault(text)).toBeUndefined();
  expect(mendedKey(text)).toBe(key);
});

test("a key whose header has words of its own keeps them", () => {
  const encrypted =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nabc=\n-----END RSA PRIVATE KEY-----\n";
  for (const text of [encrypted, encrypted.replace(/^/gm, "  "), encrypted.replaceAll("\n", " ")])
    expect(mendedKey(text)).toBe(encrypted);
});

test("a key whose curve's parameters stand before it, as `openssl ecparam -genkey` writes it, is taken without them", () => {
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const ec = key.replaceAll("OPENSSH", "EC");
  expect(privateKeyFault(parameters + ec)).toBeUndefined();
  expect(mendedKey(parameters + ec)).toBe(ec);
  expect(mendedKey((parameters + ec).replaceAll("\n", " "))).toBe(ec);
});

test("PuTTY's older file of an RSA key stays what it is", () => {
  const putty = "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: me\\nor you\n";
  expect(privateKeyFault(putty)).toBeUndefined();
  expect(mendedKey(putty)).toBe(putty);
});

test("a key of one long line is given the lines that its readers expect", () => {
  const long = `-----BEGIN PRIVATE KEY-----${"A".repeat(130)}-----END PRIVATE KEY-----`;
  expect(
    mendedKey(long)
      .split("\n")
      .map((line) => line.length),
  ).toEqual([27, 64, 64, 2, 25, 0]);
});

test.each([
  ["a path", "~/.ssh/id_ed25519", /not its path/],
  ["a public key", "ssh-ed25519 AAAA me", /not a public key/],
  ["a certificate", "ssh-ed25519-cert-v01@openssh.com AAAA me", /not its certificate/],
  ["PuTTY's file", "PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 2\nAAAA", /puttygen KEY\.ppk -O private-openssh/],
  ["ssh.com's file", "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA", /ssh\.com's format/],
  ["a DSA key", key.replaceAll("OPENSSH", "DSA"), /DSA key, which OpenSSH takes no more/],
  ["a key in base64", Buffer.from(key).toString("base64"), /base64 once more/],
  ["two keys", key + key, /one private key; 2 are there/],
  ["a path with the word in it", "/root/PRIVATE KEY.pem", /not its path/],
  ["half a key", key.split("\n").slice(0, 2).join("\n"), /cut short/],
])("%s is told for what it is, and not shown", (_, text, said) => {
  expect(privateKeyFault(text)).toMatch(said);
  expect(privateKeyFault(text)).not.toContain("AAAA");
});
