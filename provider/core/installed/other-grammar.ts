/** Our own files on a host whose DRBD module changed its version: drbdadm there now reads the other grammar. */
import { grammarOf, type ObservedNode } from "../seen/observed";
import { movedIn84 } from "../wanted/option-table";
import { isOurs } from "../config/own-mark";

export interface OwnFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Our resources' files in the grammar of the other module, as they should read now. One file that drbdadm cannot read breaks
 * every resource, so a host's own plan mends them all before any resource's plan asks drbdadm.
 */
export function inOtherGrammar(node: ObservedNode): OwnFile[] {
  if (node.module === null || node.utils === null) return [];
  const translated = grammarOf(node) === "8.4" ? for84 : for9;
  return [...node.files].flatMap(([path, text]) => {
    if (!/^\/etc\/drbd\.d\/[^/]*\.res$/.test(path) || !isOurs(text)) return [];
    const now = translated(text);
    return now === text ? [] : [{ path, text: now }];
  });
}

/** Of a text that render-configuration.ts rendered. The resource's own plan adds the node ids. */
function for9(text: string): string {
  const [moved, rest] = without(text, "disk");
  return moved.length === 0 ? text : into(rest, "net", moved);
}

function for84(text: string): string {
  const [moved, rest] = without(text.replaceAll(/^ *node-id \d+;\n/gm, ""), "net");
  return moved.length === 0 ? rest : into(rest, "disk", moved);
}

const section = (name: string) => new RegExp(`^    ${name} \\{\\n((?:        .*\\n)*)    \\}\\n`, "m");

/** The lines of a section that belong elsewhere in the other grammar, and the text without them. */
function without(text: string, name: string): [string[], string] {
  const lines = (section(name).exec(text)?.[1] ?? "").split(/(?<=\n)/);
  const isMoved = (line: string) => movedIn84.includes(line.trim().split(" ")[0] ?? "");
  const kept = lines.filter((line) => !isMoved(line)).join("");
  const rest = text.replace(section(name), () => (kept === "" ? "" : `    ${name} {\n${kept}    }\n`));
  return [lines.filter(isMoved), rest];
}

function into(text: string, name: string, lines: readonly string[]): string {
  if (section(name).test(text))
    return text.replace(section(name), (_, body: string) => `    ${name} {\n${body}${lines.join("")}    }\n`);
  return text.replace(/^( {4}net \{\n(?:.*\n)*? {4}\}\n)/m, (net) => `${net}    ${name} {\n${lines.join("")}    }\n`);
}
