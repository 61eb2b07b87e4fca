/** What a real pair printed (DRBD 8.4.11, drbd-utils 9.22.0), one file a host and state, by command. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "..", "fixtures", "drbd-8.4.11-utils-9.22.0");

export const captures = readdirSync(folder)
  .map((name) => name.replace(/\.txt$/, ""))
  .sort();

/** What a command printed there; a line `## rc=N` ends it. */
export function captured(capture: string, command: string): string {
  const sections = readFileSync(join(folder, `${capture}.txt`), "utf8").split(/^## /m);
  const found = sections.filter((section) => section.startsWith(`${command}\n`));
  if (found.length !== 1) throw new Error(`${capture} has ${found.length} sections of ${command}`);
  return found[0]!.slice(command.length + 1);
}

export const events = (capture: string): string => captured(capture, "drbdsetup events2 --now --statistics");
export const procDrbd = (capture: string): string => captured(capture, "cat /proc/drbd");
export const adjustLines = (capture: string): string => captured(capture, "drbdadm -d adjust r0");
export const gi = (capture: string): string => captured(capture, "drbdadm get-gi r0").trim();
