/** What real pairs of both versions said (test/fixtures), by name, and events of states beside these. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const fixtures = join(__dirname, "../../fixtures");
const of84 = join(fixtures, "drbd-8.4.11-utils-9.22.0");
const of9 = join(fixtures, "drbd-9.2.16-utils-9.22.0");

/** A command's output, up to the next command. */
function section(text: string, command: string): string {
  const at = text.indexOf(`${command}\n`);
  return at < 0 ? "" : (text.slice(at + command.length + 1).split(/^#{2,3} |^\[exit /m)[0] ?? "");
}

export interface State {
  readonly name: string;
  readonly host: string;
  readonly events: string;
  readonly procDrbd: string;
}

const read = (folder: string, version: string): State[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), "latin1");
      return {
        name: `DRBD ${version}, ${file.replace(/\.txt$/, "")}`,
        host: /\.(alpha|bravo)\./.exec(file)?.[1] ?? "bravo",
        events: section(text, "drbdsetup events2 --now --statistics"),
        procDrbd: section(text, "cat /proc/drbd"),
      };
    });

export const states: readonly State[] = [...read(of84, "8.4"), ...read(of9, "9")].filter(({ events }) =>
  events.includes("exists "),
);

export function stateOf(name: string): State {
  const found = states.find((state) => state.name === name);
  if (found === undefined) throw new Error(`no ${name}; there are ${states.map((state) => state.name).join("; ")}`);
  return found;
}
