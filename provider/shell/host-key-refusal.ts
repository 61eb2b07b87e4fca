import { UnreachableError } from "./error-classes";
import { fingerprint, type HostKey } from "./host-keys";

export interface Shown {
  readonly name: string;
  /** Where the endpoint stands in the configuration. */
  readonly place: "connection" | "connection.proxy";
  /** The host as it was dialled. */
  readonly where: string;
}

/** A host key that is not known, or not the one that is: shown, with what to compare it with and where it goes. */
export function hostKeyRefusal(
  { name, place, where }: Shown,
  key: HostKey,
  known: readonly HostKey[] | string,
): UnreachableError {
  const shown = `${key.type} ${fingerprint(key)}`;
  const file = `/etc/ssh/ssh_host_${/rsa|ecdsa/.exec(key.type)?.[0] ?? "ed25519"}_key.pub`;
  const give = `compare it with what \`ssh-keygen -lf ${file}\` says on the host; if it is the same, put this into the configuration: ${place}.hostKey: "${key.type} ${key.base64}"`;
  if (known.length === 0) {
    return new UnreachableError(name, `the host key of ${where} is not known: ${shown}`, {
      advice: `${give} (or add it to known_hosts)`,
    });
  }
  const told = typeof known === "string" ? known : known.map((one) => `${one.type} ${fingerprint(one)}`).join(", ");
  return new UnreachableError(name, `the host key of ${where} is not the one that is known: ${shown}`, {
    output: `known: ${told}`,
    advice: `somebody may be in between. If the host was reinstalled: ${give}`,
  });
}
