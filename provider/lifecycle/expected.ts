import { claimsOfDeclared } from "../core/decided/hosts/claims";
import type { Announced } from "../core/told/engine-inputs";
import type { Look, VolumeLook } from "../core/seen/probe";
import { metadataPlaceFrom } from "../core/wanted/metadata-place";
import { serviceNameFault } from "../core/wanted/names";
import { parseNode } from "../core/wanted/parse-inputs";
import { known } from "./process";
import { hostOf, type Host } from "../shell/host";

/** Begins to look at all hosts that the program declared, once a process. What is not in order is left to `check`. */
export function expectAnnounced(announced: Announced | undefined): void {
  if (known.announced || announced === undefined) return;
  known.announced = true;
  for (const { hostname } of announced.nodes) known.hostnames.add(hostname);
  for (const { hostname, name } of announced.looks) {
    known.described.set(hostname, (known.described.get(hostname) ?? new Set()).add(name));
  }
  for (const { name, hosts: pair, primary, peerIsOff } of announced.moves) {
    known.primaries.push({ name, from: pair.filter((hostname) => hostname !== primary) });
    for (const hostname of Object.keys(peerIsOff ?? {})) known.off.add(hostname);
  }
  const looks = announced.looks.filter(isLook).map(withPlaces);
  known.declaredClaims = looks.flatMap(claimsOfDeclared);
  const hosts = new Map<string, Host>();
  for (const node of announced.nodes) {
    const { hostname, address, connection, insecureIgnoreHostKey } = node;
    const parsed = parseNode({ hostname, address, connection, insecureIgnoreHostKey });
    if (parsed.ok !== true) continue;
    const host = hostOf(hostname, parsed.connection);
    host.expect(looks.filter((look) => look.hostname === hostname).map(lookOf));
    if (known.off.has(hostname)) host.mayBeOff();
    host.prefetch();
    hosts.set(hostname, host);
  }
  known.pairs = announced.pairs.map((pair) => pair.flatMap((hostname) => hosts.get(hostname) ?? []));
}

/**
 * Looks at a host and at those that share a resource with it, once a process. Half a pair is not begun: where the other
 * host is down, or does not let us in, nothing is written on this one either.
 */
export async function pairsSeen(host: Host): Promise<void> {
  const pairs = known.pairs.filter((pair) => pair.includes(host));
  await Promise.all([...new Set([host, ...pairs.flat()])].map((one) => one.seen()));
}

function isLook({ name, port, volumes }: Look): boolean {
  return (
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name) &&
    Number.isInteger(port) &&
    port > 0 &&
    Array.isArray(volumes) &&
    volumes.length > 0 &&
    volumes.every(isVolumeLook)
  );
}

function isVolumeLook({ volume, minor, disk, metaDisk, filesystem, mountPoint }: VolumeLook): boolean {
  return (
    [volume, minor].every((number) => Number.isInteger(number) && number >= 0) &&
    typeof filesystem === "boolean" &&
    (mountPoint === undefined || (typeof mountPoint === "string" && mountPoint.startsWith("/"))) &&
    [disk, metaDisk].every((path) => typeof path === "string" && path !== "")
  );
}

/** As the user spells it until here: `/dev/vdc[1]`. */
function withPlaces<T extends Look>(look: T): T {
  return {
    ...look,
    volumes: look.volumes.map(({ metaDisk, ...volume }) => ({ ...volume, ...metadataPlaceFrom(metaDisk) })),
  };
}

/** What is no list of names is left to `check`, too. */
function lookOf({ name, port, volumes, services }: Look): Look {
  const isList = Array.isArray(services) && services.every((one) => serviceNameFault(String(one)) === undefined);
  return { name, port, volumes, ...(isList ? { services } : {}) };
}
