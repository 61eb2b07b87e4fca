import type { Sections } from "../wanted/desired";
import { isBareWord } from "../wanted/names";
import { type SectionName, findOption, type Grammar } from "../wanted/option-table";

/** A string as drbd.conf quotes it: backslash stands only before itself and before a quote. */
export const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

export const word = (text: string): string => (isBareWord(text) ? text : quote(text));

export function optionLine(section: SectionName, name: string, value: string): string[] {
  const type = findOption(section, name)?.type;
  if (type === "flag") return value === "yes" ? [name] : [];
  const quoted = type === "command" || type === "digest" || type === "cpu-mask";
  const text = quoted ? quote(value) : type === "resource" ? word(value) : value;
  return [`${name} ${text}`];
}

/** The options of one section of the file, sorted by name; for 8.4, those that stand in another section there moved. */
export function optionLines(sections: Sections, section: keyof Sections, grammar: Grammar): string[] {
  const home = (from: keyof Sections, name: string): string =>
    grammar === "8.4" ? (findOption(from, name)?.sectionOf84 ?? from) : from;
  return (Object.keys(sections) as (keyof Sections)[])
    .flatMap((from) => Object.entries(sections[from]).map(([name, value]) => ({ from, name, value })))
    .filter(({ from, name }) => home(from, name) === section)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ from, name, value }) => optionLine(from, name, value));
}
