/** A host's `global` and `common` as DrbdNode's inputs: other resources live by them, and what they say must stay. */
import { dumpedOption } from "../config/option-meaning";
import { parseStatements, type Statement } from "../config/parse-statements";
import { SECRET_PLACEHOLDER } from "../config/shared-secret";
import { filesRead } from "../installed/includes";
import type { ObservedNode } from "../seen/observed";
import { findOption, OPTIONS, type SectionName } from "../wanted/option-table";
import type { AdoptedNode, LeftOut } from "./adopted-inputs";
import { optionFault, optionInputs } from "./option-inputs";

interface SharedInputs {
  readonly inputs: Pick<AdoptedNode, "global" | "common">;
  readonly leftOut: readonly LeftOut[];
}

/** `dump` is what drbdadm prints of its whole configuration: names of DRBD 8.3 are today's in it. */
export function sharedInputs(host: string, node: ObservedNode, dump: string): SharedInputs {
  const said = [...commonOptions(dump), ...globalOptions(node)];
  const isInput = (one: Said) => faultOf(one) === undefined;
  const taken = said.filter(isInput);
  const section = (name: SectionName) =>
    optionInputs(
      name,
      Object.fromEntries(taken.flatMap((one) => (one.section === name ? [[one.name, one.value]] : []))),
    );
  const protocol = taken.find((one) => one.section === "protocol")?.value.toUpperCase();
  const common = {
    ...(protocol === undefined ? {} : { protocol }),
    ...given({
      net: section("net"),
      disk: section("disk"),
      options: section("options"),
      startup: section("startup"),
      handlers: section("handlers"),
    }),
  };
  return {
    inputs: given({ global: section("global"), common: Object.keys(common).length === 0 ? undefined : common }),
    leftOut: said.filter((one) => !isInput(one)).map((one) => leftOutOf(host, one)),
  };
}

interface Said {
  /** As drbd.conf calls it, which may be nothing that we know; `protocol` has a place of its own. */
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

const isSection = (section: string): section is SectionName => Object.hasOwn(OPTIONS, section);

function faultOf({ section, name, value }: Said): string | undefined {
  if (section === "protocol") return undefined;
  return isSection(section) ? optionFault(section, name, value) : `no input says what a section \`${section}\` does`;
}

const given = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

const valueOf = ({ words: [, ...values] }: Statement): string => (values.length === 0 ? "yes" : values.join(" "));

function commonOptions(dump: string): Said[] {
  const sections = parseStatements(dump).flatMap(({ words, body }) =>
    words[0] === "common" && body !== undefined ? body : [],
  );
  return sections.flatMap(({ words: [section = ""], body = [] }) =>
    body.map((one) => {
      const name = one.words[0] ?? "";
      if (section === "net" && name === "protocol") return { section: "protocol", name, value: valueOf(one) };
      return { section: sectionOf(section, name), name, value: valueOf(one) };
    }),
  );
}

/** Where an input has it: 8.4 writes `fencing` under `disk`. */
function sectionOf(here: string, name: string): string {
  if (!isSection(here) || findOption(here, name) !== undefined || dumpedOption(here, name) === undefined) return here;
  const all: readonly SectionName[] = ["net", "disk", "options", "startup", "handlers"];
  return all.find((one) => findOption(one, name)?.sectionOf84 === here) ?? here;
}

/** As the files say it: a dump adds the defaults. */
function globalOptions(node: ObservedNode): Said[] {
  const all = [...filesRead(node).values()].flatMap(parseStatements);
  return all.flatMap(({ words, body }) =>
    words[0] === "global" && body !== undefined
      ? body.map((one) => ({ section: "global", name: one.words[0] ?? "", value: valueOf(one) }))
      : [],
  );
}

function leftOutOf(host: string, one: Said): LeftOut {
  const { section, name, value } = one;
  const isSecret = name === "shared-secret";
  const where = section === "global" ? "global" : `common { ${section} }`;
  return {
    subject: host,
    line: `${where}: ${name} ${isSecret ? SECRET_PLACEHOLDER : value}`,
    why:
      isSecret || name === "cram-hmac-alg"
        ? "each resource that is described has it itself, and a node's `common` has no place for it"
        : (faultOf(one) ?? ""),
    way: "Nothing, where no other resource lives by it: the preview refuses if one does.",
  };
}
