import { ProbeError } from "./probe-error";

/** One of the probe's questions with its answer. */
export interface Section {
  readonly name: string;
  readonly words: readonly string[];
  readonly text: string;
  readonly exit: number;
}

export type Sections = ReadonlyMap<string, Section>;

/** What the probe asks of a host, of a resource, of each of its volumes, and of drbdadm about a wanted configuration and about files to give back. */
const QUESTIONS = {
  host: [
    "turn",
    "includes",
    "files",
    "given",
    "boottime",
    "blocks",
    "events",
    "modinfo",
    "links",
    "names",
    "needs",
    "commands",
    "services",
    "machines",
    "room",
    "utils",
    "adjust",
    "tables",
    "version",
    "dump",
    "common",
    "commonnow",
    "commonthen",
    "mkfs",
  ],
  resource: ["digests", "status", "port", "change", "past", "snapshots"],
  volume: ["folder", "lvm", "disk", "metadisk", "gi", "kernelgi", "device", "users", "written"],
  candidate: ["parsed", "change", "means", "meant"],
  back: ["common", "file", "change"],
} as const;

export interface Group {
  readonly about: keyof typeof QUESTIONS;
  /** The resource's name; empty for the host itself. */
  readonly name: string;
  /** Of a volume: its number; of files to give back: which of the questions about them; else 0. */
  readonly volume: number;
  readonly sections: Sections;
}

/**
 * The probe's answers by what they are about, the host itself first. Every one has come whole, once, and where it
 * belongs, or nothing of it is believed: a lost line must not put one resource's disk in the place of another's.
 */
export function parseSections(nonce: string, output: string): Group[] {
  const lines = wholeAnswer(nonce, output);
  const groups: (Group & { readonly sections: Map<string, Section> })[] = [];
  let open: { name: string; words: string[]; text: string[] } | undefined;
  for (const { marker, line } of lines) {
    const [name = "", ...words] = line.split(" ");
    const group = groups.at(-1);
    if (!marker) open?.text.push(line);
    else if (open !== undefined) {
      if (name !== "exit") throw new ProbeError(`the answer about "${open.name}" was cut short`);
      // Closed by a newline of the marker's own.
      const text = open.text
        .map((each) => `${each}\n`)
        .join("")
        .replace(/\n$/, "");
      group?.sections.set(open.name, { name: open.name, words: open.words, text, exit: exitOf(words) });
      open = undefined;
    } else if (name === "format") {
      if (group !== undefined) throw new ProbeError("the answer began twice");
      groups.push({ about: "host", name: "", volume: 0, sections: new Map() });
    } else if (group === undefined) throw new ProbeError("the beginning of the answer was lost");
    else if (name === "resource" || name === "volume" || name === "candidate" || name === "back") {
      const [subject = "", number = "0"] = words;
      const volume = Number(number);
      if (!/^\d{1,5}$/.test(number))
        throw new ProbeError(`a volume that is none: ${JSON.stringify(number.slice(0, 40))}`);
      if (groups.some((one) => one.about === name && one.name === subject && one.volume === volume)) {
        throw new ProbeError(`the answer has the ${name} "${words.join(" ")}" twice`);
      }
      groups.push({ about: name, name: subject, volume, sections: new Map() });
    } else {
      if (!QUESTIONS[group.about].some((one) => one === name) || group.sections.has(name)) {
        throw new ProbeError(`the answer has "${name}" where it was not asked for`);
      }
      open = { name, words, text: [] };
    }
  }
  return groups;
}

/** The lines from the first marker to the last. What a login shell prints before its first command is passed over. */
function wholeAnswer(nonce: string, output: string): { readonly marker: boolean; readonly line: string }[] {
  const mark = `@${nonce} `;
  const all = output.split("\n");
  const begin = all.findIndex((line) => line.startsWith(mark));
  if (begin < 0) throw new ProbeError("nothing of what was asked came back");
  const end = all.indexOf(`${mark}end`);
  if (end < 0) throw new ProbeError("the answer was cut short");
  if (all.findLastIndex((line) => line.startsWith(mark)) !== end)
    throw new ProbeError("the answer went on after its end");
  return all
    .slice(begin, end)
    .map((line) => (line.startsWith(mark) ? { marker: true, line: line.slice(mark.length) } : { marker: false, line }));
}

function exitOf(words: readonly string[]): number {
  const [code = ""] = words;
  if (!/^\d{1,3}$/.test(code)) throw new ProbeError(`an exit that is none: ${JSON.stringify(code.slice(0, 40))}`);
  return Number(code);
}
