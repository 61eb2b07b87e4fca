/** What was stored of a host's state and is another one now: a run that prints it has seen it, or stored it anew. */
import type { ResourceOutputs } from "./outputs";

type Stored = Readonly<Record<string, unknown>>;

/**
 * Not what changes by itself from one look to the next, such as how far a sync is: a run with nothing else to do would
 * have this to do each time.
 */
const states = [
  "roles",
  "connectionState",
  "diskStates",
  "inSync",
] as const satisfies readonly (keyof ResourceOutputs)[];

/** One line each. Nothing where nothing was stored, or the same. */
export function movedStates(stored: Stored, seen: ResourceOutputs): string[] {
  return states.flatMap((key) => moved(key, stored[key], seen[key]));
}

/** For a host. A version that was not asked for is not another one. */
export function movedVersions(stored: Stored, seen: Stored): string[] {
  return ["kernelVersion", "moduleVersion", "utilsVersion", "backup"].flatMap((key) =>
    seen[key] === "unknown" ? [] : moved(key, stored[key], seen[key]),
  );
}

/** For a person: that nothing is to be done about it. */
export function formatMoved(subject: string, moved: readonly string[]): string {
  return `${subject}: what was seen is stored, and nothing is changed on a host\n${moved.map((line) => `  ${line}`).join("\n")}`;
}

function moved(key: string, stored: unknown, seen: unknown): string[] {
  if (stored === undefined || JSON.stringify(stored) === JSON.stringify(seen)) return [];
  if (isRecord(stored) && isRecord(seen)) {
    const hosts = [...new Set([...Object.keys(stored), ...Object.keys(seen)])];
    const changes = hosts
      .filter((host) => stored[host] !== seen[host])
      .map((host) => `${host} ${shown(stored[host])} → ${shown(seen[host])}`);
    // The same in another order: Pulumi sorts the keys of what it stores.
    return changes.length === 0 ? [] : [`${key}: ${changes.join(", ")}`];
  }
  return [`${key}: ${shown(stored)} → ${shown(seen)}`];
}

function isRecord(value: unknown): value is Stored {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined || value === "" ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
}
