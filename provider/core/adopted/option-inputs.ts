/** Options as drbd.conf spells them → as an input says them: numbers, true and false, words. */
import { findOption, type SectionName } from "../wanted/option-table";
import { parseOptionValue } from "../wanted/option-value";
import type { OptionInput, OptionInputs } from "./adopted-inputs";

export function optionInput(section: SectionName, name: string, value: string): OptionInput {
  const type = findOption(section, name)?.type;
  if (type === "boolean" || type === "flag") return value !== "no";
  return (type === "number" || type === "number-or-symbol") && /^(0|[1-9]\d{0,14})$/.test(value)
    ? Number(value)
    : value;
}

/** Undefined where there are none: an empty section is left out. */
export function optionInputs(section: SectionName, values: Readonly<Record<string, string>>): OptionInputs | undefined {
  const all = Object.entries(values).map(([name, value]) => [name, optionInput(section, name, value)] as const);
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

/** Why a section's input cannot say this; undefined where it can. */
export function optionFault(section: SectionName, name: string, value: string): string | undefined {
  const option = findOption(section, name);
  if (option === undefined) return `${section} has no such option in a program`;
  const parsed = parseOptionValue(option, optionInput(section, name, value));
  return parsed.ok ? undefined : parsed.reason;
}
