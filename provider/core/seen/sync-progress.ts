import type { SyncProgress } from "./observed";
import { parseSyncProgress } from "./parse-proc-drbd";

/** How far a sync is, in what syncScript (told/sync.ts) printed: a part of /proc/drbd, or of DRBD 9 the events of a resource. */
export function progressIn(text: string, minors: readonly number[]): SyncProgress | undefined {
  return furthestBehind(syncsIn(text, text), minors);
}

/** Of several volumes, the one that has the most left to do. */
export function furthestBehind(
  syncs: ReadonlyMap<number, SyncProgress>,
  minors: readonly number[],
): SyncProgress | undefined {
  return minors.flatMap((minor) => syncs.get(minor) ?? []).sort((a, b) => a.percent - b.percent)[0];
}

/** All running resyncs of a host, by minor: DRBD 8.4 tells of them in /proc/drbd, DRBD 9 in `events2 --statistics`. */
export function syncsIn(procDrbd: string, events: string): ReadonlyMap<number, SyncProgress> {
  return new Map([...syncsInEvents(events), ...parseSyncProgress(procDrbd)]);
}

/** `done:` is in percent, `dbdt1:` in MiB/s over the last time, `eta:` in seconds (drbd-utils 9.22.0, module 9.2.16). */
function syncsInEvents(text: string): Map<number, SyncProgress> {
  const minors = new Map<string, number>();
  const found = new Map<number, SyncProgress>();
  const lines = text.split("\n");
  const word = (line: string, key: string): string => new RegExp(` ${key}:(\\S+)`).exec(line)?.[1] ?? "";
  const volumeOf = (line: string): string => `${word(line, "name")}/${word(line, "volume")}`;
  for (const line of lines.filter((one) => one.startsWith("exists device ")))
    minors.set(volumeOf(line), Number(word(line, "minor")));
  for (const line of lines.filter((one) => one.startsWith("exists peer-device "))) {
    const minor = minors.get(volumeOf(line));
    const number = (key: string): number | undefined => {
      const value = word(line, key);
      return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
    };
    const percent = number("done");
    // A verify tells how far it is by the same word.
    if (minor === undefined || percent === undefined || !/Sync/.test(word(line, "replication"))) continue;
    const [speed, seconds] = [number("dbdt1"), number("eta")];
    found.set(minor, {
      percent,
      ...(seconds === undefined ? {} : { finish: clock(seconds) }),
      ...(speed === undefined ? {} : { speed: Math.round(speed * 1024) }),
    });
  }
  return found;
}

/** `0:03:50`, as /proc/drbd has it. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
