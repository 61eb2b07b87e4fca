/** Patterns of paths, as glob(3) takes them, and drbdadm hands them to it. */
import { remembered } from "./remembered";

/** Without one of these drbdadm takes a path by the letter, and fails where no such file is there. */
export const isPattern = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Whether a pattern leads to a file of that path: part by part, and a dot at the beginning of a name by a dot alone. */
export function globMatches(pattern: string, path: string): boolean {
  const [wanted, parts] = [pattern, path].map((one) => one.split(/\/+/)) as [string[], string[]];
  return wanted.length === parts.length && wanted.every((part, place) => partOf(part).test(parts[place] ?? ""));
}

const PART = /\\(.)|(\*)|(\?)|\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]|(.)/gs;

const classes: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  upper: "A-Z",
  lower: "a-z",
  xdigit: "0-9A-Fa-f",
  space: "\\s",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`{-~",
  print: " -~",
  graph: "!-~",
  cntrl: "\\x00-\\x1f\\x7f",
};

const partOf = remembered((part): RegExp => {
  const like = [...part.matchAll(PART)].map(([, escaped, any, one, not, set, other]) => {
    if (any !== undefined) return ".*";
    if (one !== undefined) return ".";
    if (set !== undefined) return `[${not === "" ? "" : "^"}${setOf(set)}]`;
    return (escaped ?? other ?? "").replace(/[.*+?^${}()|[\]\\/-]/, "\\$&");
  });
  const dot = /^\\?\./.test(part) ? "" : "(?!\\.)";
  try {
    return new RegExp(`^${dot}${like.join("")}$`, "s");
  } catch {
    // A range that ends before it begins, for example: it matches nothing.
    return /(?!)/;
  }
});

/** What stands in brackets, for a regular expression. */
function setOf(set: string): string {
  return [...set.matchAll(/\[:(\w+):\]|\\(.)|(.)/gs)]
    .map(([, name, escaped, other]) => {
      if (name !== undefined) return classes[name] ?? "";
      const character = escaped ?? other ?? "";
      return character === "-" && escaped === undefined ? "-" : character.replace(/[\]\\^[-]/, "\\$&");
    })
    .join("");
}
