/** What a real pair printed (DRBD 9.2.16, drbd-utils 9.22.0), one file a host and state, by command. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "..", "fixtures", "drbd-9.2.16-utils-9.22.0");

export const captures9 = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => name.replace(/\.txt$/, ""))
  .sort();

/** What a command printed there, and how it ended. */
export function answer9(capture: string, command: string): { readonly exit: number; readonly output: string } {
  const sections = readFileSync(join(folder, `${capture}.txt`), "utf8").split(/^### /m);
  const found = sections.filter((section) => section.startsWith(`${command}\n`));
  if (found.length !== 1) throw new Error(`${capture} has ${found.length} sections of ${command}`);
  const [, output = "", exit = ""] = /^([^]*?)^\[exit (\d+)\]\n?$/m.exec(found[0]!.slice(command.length + 1)) ?? [];
  return { exit: Number(exit), output };
}

export const captured9 = (capture: string, command: string): string => answer9(capture, command).output;

export const events9 = (capture: string): string => captured9(capture, "drbdsetup events2 --now --statistics");
export const adjustLines9 = (capture: string): string => captured9(capture, "drbdadm -d adjust r0");

/** What the provider's own probe printed there, with `N` as its nonce. */
export function probe9(capture: string, depth: "tables" | "close"): string {
  const text = readFileSync(join(folder, `${capture}.txt`), "utf8");
  const title = depth === "tables" ? "probe depth=tables (provider's own observeScript, nonce N)" : "probe depth=close";
  const found = text.split(/^### /m).find((section) => section.startsWith(title));
  if (found === undefined) throw new Error(`${capture} has no probe of depth ${depth}`);
  // The captures are older than the question for a disk's names.
  const named = found
    .slice(found.indexOf("\n") + 1)
    .replace(/^(@N links\n[^]*?@N exit \d+\n)/m, "$1\n@N names\n\n@N exit 0\n");
  return named.replace(/^@N resource r0\n([^]*?)(?=^@N (?:candidate|end)\b)/m, (_, sections: string) =>
    byVolume(sections),
  );
}

/** The captures are older than the difference between a resource and its volumes, too. */
function byVolume(text: string): string {
  const sections = text.split(/^(?=@N (?!exit ))/m).filter((one) => one.startsWith("@N "));
  const isOfResource = (one: string) => /^@N (status|port|change)\b/.test(one);
  const ofResource = sections.filter(isOfResource);
  return ["@N resource r0\n", ...ofResource, "@N volume r0 0\n", ...sections.filter((one) => !isOfResource(one))].join(
    "",
  );
}
