/** The definitions of test/corpus, each with its verdict. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { GRAMMARS, type Definition } from "./held";

const folder = path.join(__dirname, "../../corpus");

/**
 * `#: 8.4 exact`, `#: 9 refused volume 1: …` and so on: the verdict, a line for each thing that it says. Lines of both
 * grammars begin with `both`. A line `#file NAME` begins another file, which the definition includes.
 */
function parseDefinition(name: string, text: string): Definition {
  const lines = text.split("\n");
  const stated = lines.flatMap((line) => {
    const [, grammar, verdict] = /^#: (8\.4|9|both) (.+)$/.exec(line) ?? [];
    return grammar === undefined || verdict === undefined ? [] : [{ grammar, verdict }];
  });
  const about = (lines[0] ?? "").replace(/^# /, "");
  const [main = "", ...others] = lines
    .filter((line) => !line.startsWith("#:"))
    .join("\n")
    .split(/^#file /m);
  const files = others.map((part): [string, string] => {
    const end = part.indexOf("\n");
    return [part.slice(0, end), part.slice(end + 1)];
  });
  // The addresses are none of the machine's.
  const preamble = /^global /m.test(text) ? "" : "global { usage-count no; disable-ip-verification; }\n";
  return {
    name,
    about,
    files: new Map([["drbd.conf", `${preamble}${main}`], ...files]),
    verdicts: new Map(
      GRAMMARS.map((grammar) => [
        grammar,
        stated.filter((one) => one.grammar === grammar || one.grammar === "both").map(({ verdict }) => verdict),
      ]),
    ),
  };
}

export const corpus: readonly Definition[] = readdirSync(folder)
  .filter((file) => file.endsWith(".conf"))
  .sort()
  .map((file) => parseDefinition(file.replace(/\.conf$/, ""), readFileSync(path.join(folder, file), "utf8")));
