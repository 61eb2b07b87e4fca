import type { SyncProgress } from "./observed";
import { parseSyncProgress } from "./parse-proc-drbd";

/** How far a sync is, in what syncScript (sync.ts) printed: a part of /proc/drbd, or of DRBD 9 the events of a resource. */
export function progressIn(text: string, minor: number): SyncProgress | undefined {
  return parseSyncProgress(text).get(minor) ?? ofEvents(text);
}

/** `done:` is in percent, `dbdt1:` in MiB/s over the last time, `eta:` in seconds (drbd-utils 9.22.0, module 9.2.16). */
function ofEvents(text: string): SyncProgress | undefined {
  const line = /^exists peer-device .*$/m.exec(text)?.[0] ?? "";
  const number = (key: string): number | undefined => {
    const found = new RegExp(` ${key}:(\\d+(?:\\.\\d+)?)(?= |$)`).exec(line)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const percent = number("done");
  if (percent === undefined) return undefined;
  const [speed, seconds] = [number("dbdt1"), number("eta")];
  return {
    percent,
    ...(seconds === undefined ? {} : { finish: clock(seconds) }),
    ...(speed === undefined ? {} : { speed: Math.round(speed * 1024) }),
  };
}

/** `0:03:50`, as /proc/drbd has it. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
