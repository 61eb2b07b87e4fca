import { claimsOf } from "../core/decided/hosts/claims";
import type { Announced, AnnouncedNode, AnnouncedResource } from "../core/told/engine-inputs";
import { resourceLooks } from "../core/seen/resource-looks";
import type { DesiredResource } from "../core/wanted/desired";
import { parseNode, parseResource } from "../core/wanted/parse-inputs";
import { known } from "./process";
import { hostOf, type Host } from "../shell/host";

/** Begins to look at all hosts that the program declared, once a process. What is not in order is left to `check`. */
export function expectAnnounced(announced: Announced | undefined): void {
  if (known.announced || announced === undefined) return;
  known.announced = true;
  for (const { hostname } of announced.nodes) known.hostnames.add(hostname);
  for (const { name, hosts } of announced.pairs) {
    for (const hostname of hosts) {
      known.described.set(hostname, (known.described.get(hostname) ?? new Set()).add(name));
    }
  }
  for (const { name, hosts: pair, primary, peerIsOff } of announced.moves) {
    known.primaries.push({ name, from: pair.filter((hostname) => hostname !== primary) });
    for (const hostname of Object.keys(peerIsOff ?? {})) known.off.add(hostname);
  }
  const wanted = announced.resources.flatMap((one) => wantedBy(one, announced.nodes));
  known.declaredClaims = wanted.flatMap(claimsOf);
  const looks = wanted.flatMap((desired) =>
    resourceLooks(desired).map((look, place) => ({ look, hostname: desired.hosts[place === 0 ? 0 : 1].hostname })),
  );
  const hosts = new Map<string, Host>();
  for (const node of announced.nodes) {
    const { hostname, address, connection, insecureIgnoreHostKey } = node;
    const parsed = parseNode({ hostname, address, connection, insecureIgnoreHostKey });
    if (parsed.ok !== true) continue;
    const host = hostOf(hostname, parsed.connection);
    host.expect(looks.flatMap((one) => (one.hostname === hostname ? one.look : [])));
    if (known.off.has(hostname)) host.mayBeOff();
    host.prefetch();
    hosts.set(hostname, host);
  }
  known.pairs = announced.pairs.map((pair) => pair.hosts.flatMap((hostname) => hosts.get(hostname) ?? []));
}

/**
 * Looks at a host and at those that share a resource with it, once a process. Half a pair is not begun: where the other
 * host is down, or does not let us in, nothing is written on this one either.
 */
export async function pairsSeen(host: Host): Promise<void> {
  const pairs = known.pairs.filter((pair) => pair.includes(host));
  await Promise.all([...new Set([host, ...pairs.flat()])].map((one) => one.seen()));
}

/** What a resource is to be, as its own check will find it; nothing where that will refuse it, or knows more by then. */
function wantedBy(announced: AnnouncedResource, nodes: readonly AnnouncedNode[]): DesiredResource | [] {
  const sides = announced.nodes.map((side) => {
    const { address, connection, insecureIgnoreHostKey } = nodes.find((one) => one.hostname === side.hostname) ?? {};
    return { ...side, address, connection, insecureIgnoreHostKey };
  });
  const parsed = parseResource({ ...announced, nodes: sides });
  return parsed.ok === true ? parsed.desired : [];
}
