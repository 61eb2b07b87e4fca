/** Output in docs/ that comes from the lab: `UPDATE_DOCS=1` with a test writes what it saw into the page. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The block of code behind the page's line `<!-- from the lab: NAME -->`. Without UPDATE_DOCS the page must have it. */
export function shown(page: string, name: string, output: string): void {
  const path = join(__dirname, "../../docs", page);
  const text = readFileSync(path, "utf8");
  const mark = `<!-- from the lab: ${name} -->\n\n`;
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`${page} has no place for "${name}"`);
  if (process.env["UPDATE_DOCS"] !== "1") return;
  const lines = output.trimEnd().split("\n");
  const block = lines.map((line) => (line === "" ? "\n" : `    ${line}\n`)).join("");
  const after = text.slice(at + mark.length);
  // What is indented, up to the next line that is not.
  const rest = after.replace(/^(?: {4}.*\n|\n(?= {4}))*/, "");
  writeFileSync(path, `${text.slice(0, at + mark.length)}${block}${rest.startsWith("\n") ? "" : "\n"}${rest}`);
}
