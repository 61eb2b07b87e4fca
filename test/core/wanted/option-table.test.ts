/**
 * The table of options against the tools' own account of them: `drbdsetup xml-help CMD` (grammar 9) and
 * `drbdsetup-84 xml-help CMD`, drbd-utils 9.22.0-1 of Debian 12, captured in test/fixtures/xml-help.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Grammar,
  type Option,
  type SectionName,
  OPTIONS,
  optionElsewhere,
} from "../../../provider/core/wanted/option-table";

/** Which command's options make up which section of the file. */
const COMMANDS: Record<Grammar, Partial<Record<SectionName, string[]>>> = {
  "8.4": { net: ["net-options"], disk: ["attach", "disk-options"], options: ["resource-options"] },
  "9": { net: ["net-options", "new-peer"], disk: ["attach", "peer-device-options"], options: ["resource-options"] },
};

/** In the XML, but no option of the file, or one that has a place of its own (tried with both parsers). */
const ARGUMENTS = new Set(["set-defaults", "_name", "size", "protocol", "cram-hmac-alg", "shared-secret"]);

interface XmlOption {
  readonly type: string;
  readonly values: string[];
  readonly symbols: string[];
  readonly tags: Record<string, string>;
}

function readXml(grammar: Grammar, command: string): [string, XmlOption][] {
  const text = readFileSync(join(__dirname, `../../fixtures/xml-help/${grammar}/${command}.xml`), "utf8");
  return [...text.matchAll(/<option name="([^"]+)" type="([^"]+)">(.*?)<\/option>/gs)].map(([, name, type, body]) => {
    const all = (tag: string): string[] =>
      [...body!.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "g"))].map((match) => match[1]!);
    const tags = Object.fromEntries([...body!.matchAll(/<(\w+)>(.*?)<\/\1>/g)].map((match) => [match[1]!, match[2]!]));
    return [name!, { type: type!, values: all("handler"), symbols: all("symbol"), tags }];
  });
}

/** section → option → grammar → what the XML says. */
function readAll(): Map<string, Partial<Record<Grammar, XmlOption>>> {
  const found = new Map<string, Partial<Record<Grammar, XmlOption>>>();
  for (const grammar of ["8.4", "9"] as const) {
    for (const [section, commands] of Object.entries(COMMANDS[grammar])) {
      for (const [name, option] of commands.flatMap((command) => readXml(grammar, command))) {
        if (ARGUMENTS.has(name)) continue;
        const home = section === "disk" && name === "fencing" ? "net" : section;
        found.set(`${home} ${name}`, { ...found.get(`${home} ${name}`), [grammar]: option });
      }
    }
  }
  return found;
}

/** The XML's unit and unit_prefix, in our words. */
function unitOf(tags: Record<string, string>): string | undefined {
  if (tags["unit_prefix"] === "k") return "KiB/s";
  if (tags["unit_prefix"] === "s") return "sectors";
  return { bytes: "bytes", "1/10 seconds": "0.1 s", seconds: "s", milliseconds: "ms" }[tags["unit"] ?? ""];
}

const fromXml = readAll();
const ours = new Map<string, Option>(
  (["net", "disk", "options"] as const).flatMap((section) =>
    Object.entries(OPTIONS[section]).map(([name, option]): [string, Option] => [`${section} ${name}`, option]),
  ),
);

test("every option of the XML is in the table, and the table has no others", () => {
  expect([...ours.keys()].sort()).toEqual([...fromXml.keys()].sort());
});

test.each([...fromXml.keys()])("%s is what the XML says", (key) => {
  const option = ours.get(key)!;
  const xml = fromXml.get(key)!;
  const only = xml["8.4"] === undefined ? "9" : xml["9"] === undefined ? "8.4" : undefined;
  expect(option.only).toBe(only);
  for (const grammar of ["8.4", "9"] as const) {
    const described = xml[grammar];
    if (described === undefined) continue;
    const { tags } = described;
    switch (option.type) {
      case "number": {
        const { min, max } = option.limits?.[grammar] ?? option;
        expect({ type: described.type, min, max, default: option.default }).toEqual({
          type: "numeric",
          min: Number(tags["min"]),
          max: Number(tags["max"]),
          default: Number(tags["default"]),
        });
        const unit = unitOf(tags);
        // Numbers of things have no unit in the XML, nor has socket-check-timeout there (the man page gives it one).
        if (unit !== undefined) expect(option.unit).toBe(unit);
        else
          expect(["pages", "requests", "extents", undefined]).toContain(
            key.endsWith("socket-check-timeout") || key.endsWith("rs-discard-granularity") ? undefined : option.unit,
          );
        break;
      }
      case "boolean":
        expect([described.type, tags["default"]]).toEqual(["boolean", option.default ? "yes" : "no"]);
        break;
      case "enum":
        expect([described.type, described.values]).toEqual([
          "handler",
          grammar === "8.4" ? (option.valuesOf84 ?? option.values) : option.values,
        ]);
        expect(option.values).toContain(option.default);
        break;
      case "number-or-symbol":
        expect([described.type, described.symbols, tags["min"], tags["max"], tags["default"]]).toEqual([
          "numeric-or-symbol",
          option.symbols,
          String(option.min),
          String(option.max),
          option.default,
        ]);
        break;
      case "resource":
        // drbdsetup takes a minor here, the file a resource's name.
        expect([described.type, tags["max"]]).toEqual(["numeric", "1048575"]);
        break;
      default:
        expect(described.type).toBe("string");
    }
  }
});

test("the wider range is the one of both grammars together", () => {
  for (const option of ours.values()) {
    if (option.type !== "number" || option.limits === undefined) continue;
    const { "8.4": old, "9": now } = option.limits;
    expect([option.min, option.max]).toEqual([Math.min(old.min, now.min), Math.max(old.max, now.max)]);
  }
});

test("only fencing stands in another section in 8.4, and the XML agrees", () => {
  const moved = [...ours].filter(([, option]) => option.sectionOf84 !== undefined).map(([key]) => key);
  expect(moved).toEqual(["net fencing"]);
  expect(readXml("8.4", "attach").map(([name]) => name)).toContain("fencing");
  expect(readXml("9", "net-options").map(([name]) => name)).toContain("fencing");
});

test("no option has two homes, and what belongs elsewhere has none", () => {
  const names = Object.values(OPTIONS).flatMap((options) => Object.keys(options));
  expect(new Set(names).size).toBe(names.length);
  for (const name of ["protocol", "shared-secret", "cram-hmac-alg", "size", "become-primary-on"]) {
    expect(names).not.toContain(name);
    expect(optionElsewhere(name)).toBeDefined();
  }
  expect(optionElsewhere("toString")).toBeUndefined();
});
