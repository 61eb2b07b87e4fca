/**
 * What drbd.conf text means for one resource, as a list of options: whoever wrote it, however it is laid out, and with
 * `common` and DRBD 8.3's ways understood. Two texts are compared by this, never by their lines.
 */
import { parseStatements, type Statement } from "./parse-statements";
import { findOption, OPTIONS, type Option, type SectionName } from "../wanted/option-table";
import { numberOf } from "../wanted/option-value";

/** Where an option stands and its name, such as `net max-buffers` or `alpha: disk`, and its value. */
export type OptionsByKey = ReadonlyMap<string, string>;

const SECTIONS = ["net", "disk", "options", "startup", "handlers"] as const;
const isSection = (word: string | undefined): word is SectionName => SECTIONS.some((section) => section === word);

/** 8.3's `syncer` section and old names of handlers: what they are called now. */
const renamed: Readonly<Record<string, string>> = {
  "syncer rate": "resync-rate",
  "syncer after": "resync-after",
  "handlers outdate-peer": "fence-peer",
};

/** The section that an option belongs to by DRBD 9's grammar: `fencing` stands in `disk` in 8.4, and all of `syncer` elsewhere. */
function homeOf(section: string, name: string): string {
  if (isSection(section) && findOption(section, name) !== undefined) return section;
  const home = SECTIONS.find((one) => {
    const option = findOption(one, name);
    return option !== undefined && (section === "syncer" || option.sectionOf84 === section);
  });
  return home ?? section;
}

/** One statement of a section: `no-disk-flushes` of 8.3 is `disk-flushes no`, and a switch without a value is on. */
function optionOf(section: string, words: readonly string[]): readonly [key: string, value: string] {
  const [word = "", ...values] = words;
  const name = renamed[`${section} ${word}`] ?? word;
  const positive = name.replace(/^no-/, "");
  const isNegated = positive !== name && values.length === 0 && isSwitch(homeOf(section, positive), positive);
  if (isNegated) return [`${homeOf(section, positive)} ${positive}`, "no"];
  const home = homeOf(section, name);
  return [`${home} ${name}`, values.length === 0 && isSwitch(home, name) ? "yes" : values.join(" ")];
}

function isSwitch(section: string, name: string): boolean {
  const type = isSection(section) ? findOption(section, name)?.type : undefined;
  return type === "boolean" || type === "flag";
}

/** The options of `net { … }`, `syncer { … }` and so on, and `protocol` as 8.3 has it, outside of them. */
function sectionOptions(statements: readonly Statement[]): [string, string][] {
  return statements.flatMap(({ words, body }): [string, string][] => {
    const [word = ""] = words;
    if (word === "protocol" && body === undefined) return [["net protocol", words.slice(1).join(" ")]];
    if (body === undefined || !(isSection(word) || word === "syncer")) return [];
    return body.map((one): [string, string] =>
      one.body === undefined ? [...optionOf(word, one.words)] : [`${word} ${one.words.join(" ")}`, "{…}"],
    );
  });
}

const isOptions = ({ words: [word = ""], body }: Statement): boolean =>
  word === "protocol" ? body === undefined : body !== undefined && (isSection(word) || word === "syncer");

/** device, disk, meta-disk and address of a host, in one spelling each. */
function placeOf(words: readonly string[]): readonly [name: string, value: string] {
  const [name = "", ...values] = words;
  switch (name) {
    case "device": {
      const at = values.indexOf("minor");
      const minor = at >= 0 ? values[at + 1] : /^(?:\/dev\/)?drbd([0-9]+)$/.exec(values[0] ?? "")?.[1];
      const isUsual = at === 0 || values[0] === `/dev/drbd${minor ?? ""}` || values[0] === `drbd${minor ?? ""}`;
      return [name, isUsual ? `/dev/drbd${minor ?? ""}` : values.join(" ")];
    }
    case "flexible-meta-disk":
    case "meta-disk":
      return ["meta-disk", values.join("")];
    case "address":
      return [name, values.join("").replace(/^ipv[46]/, "")];
    default:
      return [name, values.join(" ")];
  }
}

/** What stands in a volume, a host or a connection, under a prefix that says where. */
function placed(statements: readonly Statement[], prefix: string): [string, string][] {
  return [
    ...sectionOptions(statements).map(([key, value]): [string, string] => [`${prefix}${key}`, value]),
    ...statements
      .filter((one) => !isOptions(one))
      .flatMap(({ words, body }): [string, string][] => {
        if (body === undefined) {
          const [name, value] = placeOf(words);
          return [[`${prefix}${name}`, value]];
        }
        if (words[0] === "volume")
          return placed(body, words[1] === "0" ? prefix : `${prefix}volume ${words[1] ?? ""} `);
        return [[`${prefix}${words.join(" ")}`, ""], ...placed(body, `${prefix}${words.join(" ")} `)];
      }),
  ];
}

const PLACES = ["device", "disk", "meta-disk", "flexible-meta-disk"];

/** What a resource says itself. A place that stands outside of the hosts is each host's own. */
function resourceOptions(body: readonly Statement[]): [string, string][] {
  const hosts = body.filter((one) => one.words[0] === "on" && one.body !== undefined);
  const names = hosts.flatMap(({ words }) => words.slice(1));
  const isShared = ({ words: [word = ""], body: own }: Statement): boolean =>
    (PLACES.includes(word) && own === undefined) || (word === "volume" && own !== undefined);
  const rest = body.filter((one) => !hosts.includes(one) && !isShared(one) && !isOptions(one));
  const connections = rest.filter(({ words: [word], body: own }) => word === "connection" && own !== undefined);
  return [
    ...sectionOptions(body),
    ...placed(body.filter(isShared), "").flatMap(([key, value]): [string, string][] => {
      const isPlace = PLACES.some((place) => key === place || key.endsWith(` ${place}`)) && value !== "";
      return isPlace && names.length > 0
        ? names.map((name): [string, string] => [`${name}: ${key}`, value])
        : [[key, value]];
    }),
    ...hosts.flatMap(({ words, body: own = [] }) => words.slice(1).flatMap((name) => placed(own, `${name}: `))),
    ...rest.flatMap((one): [string, string][] => {
      if (!connections.includes(one)) return placed([one], "");
      return connectionOptions(one.body ?? [], connections.length > 1);
    }),
  ];
}

/** DRBD 9's `connection`: of the only one there is, the options are the resource's, and the addresses the hosts'. */
function connectionOptions(body: readonly Statement[], isOneOfMany: boolean): [string, string][] {
  if (isOneOfMany) {
    const ends = body.filter(({ words }) => words[0] === "host").map(({ words }) => words[1] ?? "");
    return placed(body, `connection ${ends.join(" ")} `);
  }
  return body.flatMap((one): [string, string][] => {
    const { words } = one;
    if (words[0] === "host" && words[2] === "address") {
      const [name, value] = placeOf(words.slice(2));
      return [[`${words[1] ?? ""}: ${name}`, value]];
    }
    return isOptions(one) ? sectionOptions([one]) : placed([one], "");
  });
}

const named = (statements: readonly Statement[], keyword: string, name?: string): Statement[] =>
  statements.filter(
    ({ words, body }) => words[0] === keyword && body !== undefined && (name === undefined || words[1] === name),
  );

/** The options of a resource by all that drbdadm reads on a host: its own, and of `common` those that it does not set. */
export function effectiveOptions(texts: readonly string[], resource: string): OptionsByKey {
  const statements = texts.flatMap(parseStatements);
  return new Map([
    ...named(statements, "common").flatMap(({ body = [] }) => sectionOptions(body)),
    ...named(statements, "resource", resource).flatMap(({ body = [] }) => resourceOptions(body)),
  ]);
}

/** The options of `global` and of `common`, which stand beside the resources. */
export function sharedOptions(texts: readonly string[]): OptionsByKey {
  const statements = texts.flatMap(parseStatements);
  const global = named(statements, "global").flatMap(({ body = [] }) =>
    body.map(({ words: [name = "", ...values] }): [string, string] => [
      `global ${name}`,
      values.length === 0 ? "yes" : values.join(" "),
    ]),
  );
  const common = named(statements, "common").flatMap(({ body = [] }) => [
    ...sectionOptions(body),
    ...placed(
      body.filter((one) => !isOptions(one)),
      "",
    ),
  ]);
  return new Map([...global, ...common.map(([key, value]): [string, string] => [`common ${key}`, value])]);
}

export interface OptionChange {
  readonly key: string;
  readonly from?: string;
  readonly to?: string;
}

/** What differs between two sets of options, in the order in which they come in the new one and then in the old one. */
export function changedOptions(before: OptionsByKey, after: OptionsByKey): OptionChange[] {
  return [...new Set([...after.keys(), ...before.keys()])]
    .map((key) => ({ key, from: before.get(key), to: after.get(key) }))
    .filter(({ key, from, to }) => from === undefined || to === undefined || !isSame(key, from, to));
}

/** 33M and 33792K are the same number. */
function isSame(key: string, from: string, to: string): boolean {
  if (from === to) return true;
  const option = optionAt(key);
  if (option?.type !== "number") return false;
  const [old, wanted] = [numberOf(option, from), numberOf(option, to)];
  return old !== undefined && old === wanted;
}

function optionAt(key: string): Option | undefined {
  const [section, name, ...rest] = key.replace(/^common /, "").split(" ");
  if (name === undefined || rest.length > 0 || !(section !== undefined && section in OPTIONS)) return undefined;
  return findOption(section as SectionName, name);
}

/** Whether a value is what DRBD takes where nothing is said. */
function isDefault(key: string, value: string): boolean {
  const option = optionAt(key);
  // Of `global`, what Debian ships is no default of DRBD's.
  if (option === undefined || option.default === undefined || key.startsWith("global ")) return false;
  if (option.type === "boolean" || option.type === "flag") return value === (option.default ? "yes" : "no");
  return option.type === "number" ? numberOf(option, value) === option.default : value === option.default;
}

const isSecret = (key: string): boolean => key.endsWith("shared-secret");

/** `protocol A → protocol C; - max-buffers 8000`, without a secret; empty where nothing changes. */
export function describeChanges(changes: readonly OptionChange[]): string {
  const told = changes.map((change) => ({ host: hostOf(change.key), line: describeOne(change) }));
  // What is the same on both hosts is said once.
  const lines = told.map(({ host, line }) => {
    const hosts = new Set(told.filter((one) => one.line === line).map((one) => one.host));
    return host === undefined || hosts.size > 1 ? line : `${host}: ${line}`;
  });
  return [...new Set(lines)].join("; ");
}

function hostOf(key: string): string | undefined {
  return /^([^ ]+): /.exec(key)?.[1];
}

function describeOne({ key, from, to }: OptionChange): string {
  const words = key.replace(/^[^ ]+: /, "").split(" ");
  const section = words[0] === "common" ? words[1] : words[0];
  const isOption = words.length > 1 && (isSection(section) || section === "global");
  const name = isOption ? words.slice(words.indexOf(section) + 1).join(" ") : words.join(" ");
  const secret = isSecret(key);
  if (secret && from !== undefined && to !== undefined) return "the shared secret changes";
  const shown = (value: string): string => {
    const text = secret ? "(secret)" : /[\s;{}]/.test(value) && !value.includes(" minor ") ? `"${value}"` : value;
    return value === "" ? name : `${name} ${text}`;
  };
  const usual = (value: string): string => (!secret && isDefault(key, value) ? " (DRBD's default)" : "");
  if (to === undefined) return `- ${shown(from ?? "")}${usual(from ?? "")}`;
  if (from === undefined) return `+ ${shown(to)}${usual(to)}`;
  return `${shown(from)} → ${shown(to)}`;
}
