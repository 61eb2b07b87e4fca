/** Histories of a pair that Pacemaker manages for a time: on one host or both, from some deed on until another. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import type { Deed, History } from "./history";
import type { World } from "./world";

const path = "/var/lib/pacemaker/cib/cib.xml";
const cib = readFileSync(join(__dirname, "../fixtures/pacemaker-3.0.0/cib.xml"), "utf8");

export function letPacemaker(world: World, on: readonly (0 | 1)[], does: "manage it" | "let go"): void {
  for (const place of on) {
    const { files } = world.machines[place];
    if (does === "manage it") files.set(path, cib);
    else files.delete(path);
  }
}

/** Whether a host that answers says so. */
export function isManaged(world: World): boolean {
  return world.machines.some(({ powered, files }) => powered && files.has(path));
}

const hosts = fc.constantFrom<readonly (0 | 1)[]>([0], [1], [0, 1]);
const quietly = fc.constantFrom<"up" | "destroy" | "refresh">("up", "up", "destroy", "refresh");

export function besidePacemaker(histories: fc.Arbitrary<History>): fc.Arbitrary<History> {
  return fc
    .record({
      history: histories,
      on: hosts,
      at: fc.nat({ max: 5 }),
      does: quietly,
      lasts: fc.option(fc.nat({ max: 3 })),
    })
    .map(({ history, on, at, does, lasts }): History => {
      const deeds = [...history.deeds];
      if (lasts !== null) deeds.splice(at + lasts, 0, { kind: "Pacemaker lets go", on });
      const meanwhile: Deed = { kind: does, interruptions: [] };
      deeds.splice(at, 0, { kind: "Pacemaker manages it", on }, meanwhile);
      return { ...history, deeds };
    });
}
