import type { SyncProgress } from "./observed";

/** The running resyncs in /proc/drbd (DRBD 8.3 and 8.4), by minor. */
export function parseSyncProgress(text: string): Map<number, SyncProgress> {
  const progress = new Map<number, SyncProgress>();
  let minor: number | undefined;
  for (const line of text.split("\n")) {
    const device = /^ *(\d+): cs:/.exec(line);
    if (device) minor = Number(device[1]);
    if (minor === undefined) continue;
    const percent = /sync'ed: *(\d+(?:\.\d+)?)%/.exec(line);
    if (percent) progress.set(minor, { percent: Number(percent[1]) });
    const rate = /finish: ([\d:]+) speed: ([\d,]+)/.exec(line);
    const begun = progress.get(minor);
    if (rate && begun) {
      progress.set(minor, { ...begun, finish: rate[1], speed: Number((rate[2] ?? "").replaceAll(",", "")) });
    }
  }
  return progress;
}

/** The role of each device, which DRBD 8.4 has for each by itself: `2: cs:Connected ro:Primary/Secondary`. */
export function parseRoles(text: string): Map<number, string> {
  return new Map(
    [...text.matchAll(/^ *(\d+): cs:\S+ ro:([A-Za-z]+)\//gm)].map(([, minor, role = ""]) => [Number(minor), role]),
  );
}

/** The module's version, from its first line. */
export function parseModuleVersion(text: string): string | undefined {
  return /^version: (\S+)/m.exec(text)?.[1];
}
