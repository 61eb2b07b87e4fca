import type { Announced } from "./core/hidden-inputs";
import { justTheHost, type Look } from "./core/probe";
import { parseNode } from "./core/schema";
import { hostOf, type Host } from "./shell/host";

let heard = false;
const peers = new Map<string, Set<string>>();
const expected = new Map<string, Host>();

/** Begins to look at all hosts that the program declared, once a process. What is not in order is left to `check`. */
export function expectAnnounced(announced: Announced | undefined): void {
  if (heard || announced === undefined) return;
  heard = true;
  for (const node of announced.nodes) {
    const { hostname, address, connection, insecureIgnoreHostKey } = node;
    const parsed = parseNode({ hostname, address, connection, insecureIgnoreHostKey });
    if (parsed.ok !== true) continue;
    const host = hostOf(hostname, parsed.connection);
    host.expect(announced.looks.filter((look) => look.hostname === hostname && isLook(look)).map(lookOf));
    host.prefetch();
    expected.set(hostname, host);
  }
  for (const pair of announced.pairs) {
    for (const hostname of pair) {
      peers.set(hostname, new Set([...(peers.get(hostname) ?? []), ...pair.filter((other) => other !== hostname)]));
    }
  }
}

/**
 * Looks at the hosts that share a resource with this one. Half a pair is not begun: where the other host is down, or is
 * not the one that it should be, nothing is written on this one either.
 */
export async function peersSeen(hostname: string): Promise<void> {
  const hosts = [...(peers.get(hostname) ?? [])].flatMap((peer) => expected.get(peer) ?? []);
  await Promise.all(hosts.map((host) => host.observe(justTheHost)));
}

function isLook({ name, minor, port, disk, metaDisk }: Look): boolean {
  return (
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name) &&
    Number.isInteger(minor) &&
    minor >= 0 &&
    Number.isInteger(port) &&
    port > 0 &&
    [disk, metaDisk].every((path) => typeof path === "string" && path !== "")
  );
}

function lookOf({ name, minor, port, disk, metaDisk }: Look): Look {
  return { name, minor, port, disk, metaDisk };
}
