import type { Announced } from "./core/hidden-inputs";
import type { Look } from "./core/probe";
import { parseNode } from "./core/schema";
import { known } from "./process";
import { hostOf } from "./shell/host";

/** Begins to look at all hosts that the program declared, once a process. What is not in order is left to `check`. */
export function expectAnnounced(announced: Announced | undefined): void {
  if (known.announced || announced === undefined) return;
  known.announced = true;
  for (const node of announced.nodes) {
    const { hostname, address, connection, insecureIgnoreHostKey } = node;
    const parsed = parseNode({ hostname, address, connection, insecureIgnoreHostKey });
    if (parsed.ok !== true) continue;
    const host = hostOf(hostname, parsed.connection);
    host.expect(announced.looks.filter((look) => look.hostname === hostname && isLook(look)).map(lookOf));
    host.prefetch();
  }
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
