import { homeOf, type Difference } from "./compare-meanings";
import type { OptionChange } from "./compare-options";

/** Differences of meaning in the words of the plan: `net protocol`, `alpha: disk`, `bravo: volume 1 disk`. */
export function optionChanges(differences: readonly Difference[]): OptionChange[] {
  const found = new Map<string, OptionChange>();
  for (const difference of differences) {
    const { before, after } = difference;
    const key = keyOf(difference);
    // The connection's volumes are the resource's own, and what differs in each of them alike is told once.
    if (!found.has(key))
      found.set(key, {
        key,
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
      });
  }
  return [...found.values()];
}

function keyOf({ host, volume, section, key }: Difference): string {
  const name =
    section === "place" || section === "host" || section === "unknown" ? key : `${homeOf({ section, key })} ${key}`;
  const inVolume = volume === undefined || volume === 0 ? name : `volume ${volume} ${name}`;
  // A connection has both hosts' names.
  return host === undefined || host.includes(" ") ? inVolume : `${host}: ${inVolume}`;
}
