import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto";

import { utils } from "ssh2";

export type UsableKey =
  { readonly text: string; readonly passphrase?: string } | { readonly fault: string; readonly way?: string };

/** A private key as ssh2 reads it: PKCS#8, which Pulumi's tls provider and openssl make, is converted. */
export function usableKey(text: string, passphrase: string | undefined): UsableKey {
  const read = utils.parseKey(text, passphrase);
  if (!(read instanceof Error)) return { text, passphrase };
  if (isFido(text)) {
    return {
      fault: "it is the handle of a FIDO key, which signs in its token only",
      way: "leave `privateKey` out, and load the key into an SSH agent (`ssh-add`) or name it in ~/.ssh/config",
    };
  }
  if (!/-BEGIN (ENCRYPTED |RSA |EC )?PRIVATE KEY-/.test(text)) return { fault: read.message };
  if (passphrase === undefined && text.includes("-BEGIN ENCRYPTED "))
    return { fault: "it is encrypted, and no passphrase is given" };
  try {
    const key = createPrivateKey({ key: text, format: "pem", passphrase });
    const converted = toOpenSsh(key);
    return converted === undefined
      ? { fault: `SSH has no keys of the type ${key.asymmetricKeyType ?? "unknown"}` }
      : { text: converted };
  } catch (error) {
    const { code = "", message } = error as Error & { code?: string };
    if (/BAD_DECRYPT|bad decrypt/i.test(`${code}${message}`)) return { fault: "the passphrase does not fit" };
    return { fault: read.message };
  }
}

function toOpenSsh(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType === "rsa") return key.export({ type: "pkcs1", format: "pem" }).toString();
  if (key.asymmetricKeyType === "ec") {
    const curves = ["prime256v1", "secp384r1", "secp521r1"];
    if (!curves.includes(key.asymmetricKeyDetails?.namedCurve ?? "")) return undefined;
    return key.export({ type: "sec1", format: "pem" }).toString();
  }
  if (key.asymmetricKeyType !== "ed25519") return undefined;
  const { d = "", x = "" } = key.export({ format: "jwk" });
  return ed25519(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"));
}

/** OpenSSH's own format, which is the only one that ssh2 takes ed25519 in (PROTOCOL.key). */
function ed25519(seed: Buffer, publicPart: Buffer): string {
  const type = Buffer.from("ssh-ed25519");
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(type),
    field(publicPart),
    field(Buffer.concat([seed, publicPart])),
    field(Buffer.alloc(0)),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const none = field(Buffer.from("none"));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    none,
    none,
    field(Buffer.alloc(0)),
    one,
    field(Buffer.concat([field(type), field(publicPart)])),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function isFido(text: string): boolean {
  const body = /-BEGIN OPENSSH PRIVATE KEY-----\n(.*)\n-----END/s.exec(text)?.[1] ?? "";
  return /sk-(ssh|ecdsa)-/.test(Buffer.from(body, "base64").toString("latin1"));
}
