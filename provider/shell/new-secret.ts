import { randomBytes } from "node:crypto";

/** A shared secret for a pair: 192 bits, in characters that drbd.conf and every shell carry unharmed. */
export function newSecret(): string {
  return randomBytes(24).toString("base64url");
}
