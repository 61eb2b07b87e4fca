/** When two values of an option are the same for DRBD: 33M and 33792K, `C` and `c`, and the default and nothing at all. */
import { findOption, OPTIONS, type Option, type SectionName } from "../wanted/option-table";
import { numberOf } from "../wanted/option-value";

const isSection = (word: string): word is SectionName => Object.hasOwn(OPTIONS, word);

/** An option by the section where drbdadm dumped it, which for `fencing` is another one in 8.4. */
export function dumpedOption(section: string, name: string): Option | undefined {
  if (!isSection(section)) return undefined;
  const here = findOption(section, name);
  if (here !== undefined) return here;
  return Object.values(OPTIONS)
    .map((options) => (Object.hasOwn(options, name) ? options[name] : undefined))
    .find((option) => option?.sectionOf84 === section);
}

/** What DRBD takes where nothing is said; undefined where we do not know, and where nothing is nothing. */
function defaultOf(section: string, name: string): string | undefined {
  if (section === "net" && name === "protocol") return "C";
  const option = dumpedOption(section, name);
  if (option?.default === undefined) return undefined;
  return typeof option.default === "boolean" ? (option.default ? "yes" : "no") : String(option.default);
}

/** One spelling for all that mean the same; undefined for what DRBD does without the option. */
export function canonicalValue(section: string, name: string, value: string): string | undefined {
  const option = dumpedOption(section, name);
  const spelled = spelling(option, section, name, value);
  // The digests' default is an empty text.
  return spelled === defaultOf(section, name) || (option?.type === "digest" && spelled === "") ? undefined : spelled;
}

function spelling(option: Option | undefined, section: string, name: string, value: string): string {
  if (section === "net" && name === "protocol") return value.toUpperCase();
  if (option?.type === "number") return String(numberOf(option, value.replace(/[kmg]$/, upper)) ?? value);
  return value;
}

const upper = (suffix: string): string => suffix.toUpperCase();
