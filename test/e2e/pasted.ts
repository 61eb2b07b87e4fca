/**
 * Output that stands in a page of docs/, as the lab printed it: below a line `<!-- from the lab: NAME -->`, indented. What differs from
 * run to run (generations, times, sizes, process numbers) is not compared. UPDATE_DOCS=1 writes what the lab prints now.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const docs = resolve(__dirname, "../../docs");

/** The same for what differs from run to run alone. */
function leveled(text: string): string {
  return (
    text
      .replaceAll(/\b[0-9A-F]{16}\b/g, "GENERATION")
      .replaceAll(/"?\b[0-9a-f]{16}\b"?/g, "TOKEN")
      .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UUID")
      // What a network says of a silent host depends on the moment.
      .replaceAll(/no answer \([^)]*\)/g, "no answer")
      .replaceAll(/\d\d:\d\d:\d\d/g, "TIME")
      .replaceAll(/\d{4}-\d\d-\d\d/g, "DATE")
      .replaceAll(/\d+(\.\d+)? [KMG]iB\b/g, "SIZE")
      .replaceAll(/\d+(\.\d+)?/g, "N")
      .replaceAll(/ +/g, " ")
  );
}

export async function expectPasted(page: string, name: string, text: string): Promise<void> {
  const path = join(docs, page);
  const whole = await readFile(path, "utf8");
  const head = `<!-- from the lab: ${name} -->\n\n`;
  const at = whole.indexOf(head);
  if (at < 0) throw new Error(`${page} has no line <!-- from the lab: ${name} -->`);
  const begin = at + head.length;
  const rest = whole.slice(begin);
  const length = /^(?: {4}.*\n|\n(?= {4}))*/.exec(rest)?.[0].length ?? 0;
  const lines = text.trimEnd().split("\n");
  const wanted = lines.map((line) => (line.trim() === "" ? "\n" : `    ${line.trimEnd()}\n`)).join("");
  if (process.env["UPDATE_DOCS"] === "1") {
    await writeFile(path, `${whole.slice(0, begin)}${wanted}${rest.slice(length)}`);
    return;
  }
  expect(leveled(rest.slice(0, length))).toBe(leveled(wanted));
}

/** What a run of the CLI says on the row of a resource, without the row's own indentation. */
export function saidOf(output: string, resource: string): string {
  const [, said = ""] = new RegExp(`\\(${resource}\\):\\n((?: {4}.*\\n|\\n)*)`).exec(output) ?? [];
  return said
    .split("\n")
    .map((line) => line.replace(/^ {4}/, ""))
    .join("\n")
    .trim();
}
