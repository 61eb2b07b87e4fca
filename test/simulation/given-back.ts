/** What a destroy owes to a pair that was taken over, by the simulation's own reading of the files: to run on, or to stay down. */
import { keptPrefix, ownLine } from "../../provider/core/seen/parse-fstab";
import { adjustLines } from "./adjust";
import { enabledLink, type Machine, resourceFile } from "./machine";
import { fstabPath } from "../../provider/core/config/paths";
import { ownMark } from "../../provider/core/config/own-mark";
import type { World } from "./world";

const keptFile = `${resourceFile}.before-pulumi-drbd`;

interface Before {
  /** By machine: what must run on as it is, or may run no more; undefined where nothing is owed. */
  readonly owed: "runs on" | "goes" | undefined;
  readonly machines: readonly {
    readonly machine: Machine;
    readonly state: string;
    readonly file: string | undefined;
  }[];
}

export function beforeDestroy(world: World): Before {
  const machines = world.machines.map((machine) => ({
    machine,
    state: stateOf(machine),
    file: machine.files.get(keptFile),
  }));
  const isOurs = world.machines.every(({ files }) => files.get(resourceFile)?.includes(ownMark) === true);
  const runsByTheirs = machines.map(
    ({ machine, file }) => file !== undefined && machine.isConfigured && adjustLines(machine, file).length === 0,
  );
  const isAnswering = world.machines.every(({ powered, parseError }) => powered && parseError === undefined);
  if (!isOurs || !isAnswering) return { owed: undefined, machines };
  return { owed: runsByTheirs.every(Boolean) ? "runs on" : "goes", machines };
}

export function afterDestroy(world: World, { owed, machines }: Before): string[] {
  if (owed === undefined) return [];
  if (owed === "runs on") world.happened.add("a pair was given back");
  return machines.flatMap(({ machine, state, file }) => {
    const now = machine.files.get(resourceFile);
    const said = (what: string) => [`after a destroy ${what} on ${machine.name}`];
    if (owed === "goes") {
      if (machine.isConfigured) return said("it runs still");
      return now === undefined ? [] : said("a file brings it up at the next boot");
    }
    if (stateOf(machine) !== state) return said(`what was given back is ${stateOf(machine)}; it was ${state}`);
    if (now !== file) return said("the user's own file is not back");
    if (machine.links.has(enabledLink)) return said("what we enabled is enabled still");
    const fstab = machine.files.get(fstabPath) ?? "";
    return fstab.includes(keptPrefix) || ownLine.test(fstab) ? said("a line of fstab is not what it was") : [];
  });
}

/** What whoever uses it would notice, and what its disks hold. */
function stateOf({ volumes }: Machine): string {
  const states = volumes.map(({ kernel, mountedAt, disk }) => {
    const { role = "down", disk: state = "", connection = "" } = kernel ?? {};
    return [role, state, connection, mountedAt ?? "", disk.blocks, disk.metadata?.current ?? 0];
  });
  return JSON.stringify(states);
}
