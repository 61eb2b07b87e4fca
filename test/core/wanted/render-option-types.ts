import { type Option, type SectionName, OPTIONS } from "../../../provider/core/wanted/option-table";
import { describeNumber } from "../../../provider/core/wanted/option-value";

const TYPE_NAMES: Record<SectionName, string> = {
  net: "NetOptions",
  disk: "DiskOptions",
  options: "ResourceOptions",
  startup: "StartupOptions",
  handlers: "HandlersOptions",
  global: "GlobalOptions",
};

const ABOUT: Record<SectionName, string> = {
  net: "The connection. A change is applied while it is up (`drbdadm adjust` on each node, files first); a digest that the\nkernel does not have is refused there. `protocol`, authentication and the secret are properties of the resource.",
  disk: "The backing disk and the resync. A change is applied while the disk is attached (`drbdadm adjust`).",
  options: "The resource as a whole. A change is applied while it is up (`drbdadm adjust`).",
  startup: "What drbd.service does at boot. A change alters the file alone.",
  handlers:
    "Shell commands that DRBD's kernel module has run on the node, by root, with DRBD_RESOURCE and more in the environment.\nOne line of printable ASCII, at most 255 characters. A change alters the file alone; the next event uses it.",
  global: "drbdadm's own settings on a node. A change alters the file alone.",
};

function valueType(option: Option): string {
  switch (option.type) {
    case "number":
      return "number | string";
    case "boolean":
    case "flag":
      return 'boolean | "yes" | "no"';
    case "enum":
      return option.values.map((value) => JSON.stringify(value)).join(" | ");
    case "number-or-symbol":
      return [...option.symbols.map((symbol) => JSON.stringify(symbol)), "number"].join(" | ");
    default:
      return "string";
  }
}

function valueText(option: Option): string {
  switch (option.type) {
    case "number":
      return describeNumber(option).replace(/, for example .*$/, "");
    case "boolean":
    case "flag":
      return `default ${option.default ? "yes" : "no"}`;
    case "number-or-symbol":
      return `${option.symbols.join(", ")} or ${option.min}..${option.max}, default ${option.default}`;
    case "enum":
      return `default ${option.default}`;
    case "digest":
      return "a digest of the kernel or one driver's name for it, for example sha256, crc32c or crc32c-intel; default none";
    case "transport":
      return "default tcp";
    case "cpu-mask":
      return "default empty";
    default:
      return "default none";
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function docs(option: Option): string[] {
  const lines = [`${option.about}.`, `${capital(valueText(option))}.`];
  if (option.type === "number" && option.limits !== undefined) {
    const { "8.4": old, "9": now } = option.limits;
    lines.push(`DRBD 8.4 takes ${old.min}..${old.max}, DRBD 9 ${now.min}..${now.max}.`);
  }
  if (option.type === "enum" && option.valuesOf84 !== undefined)
    lines.push(`DRBD 8.4: ${option.valuesOf84.join(", ")}.`);
  if (option.only !== undefined) lines.push(`Only DRBD ${option.only} has it.`);
  return lines;
}

/** provider/core/wanted/option-types.ts, as it follows from the table of options (prettier still has to format it). */
export function renderOptionTypes(): string {
  const out = [
    "// Made from option-table.ts: `UPDATE=1 npx jest --selectProjects unit test/core/wanted/option-types` writes this file.",
    "// Types alone: a user's program imports them, and must not pull in anything at run time.",
    "// Names and meaning: man pages drbd.conf-8.4 and drbd.conf-9.0, drbd-utils 9.22.0.",
  ];
  for (const [section, options] of Object.entries(OPTIONS) as [SectionName, Record<string, Option>][]) {
    out.push("", "/**", ...ABOUT[section].split("\n").map((line) => ` * ${line}`), " */");
    out.push(`export interface ${TYPE_NAMES[section]} {`);
    for (const [name, option] of Object.entries(options)) {
      const lines = docs(option);
      out.push(
        "/**",
        ...lines.map((line) => ` * ${line}`),
        " */",
        `readonly ${JSON.stringify(name)}?: ${valueType(option)};`,
      );
    }
    out.push("}");
  }
  return `${out.join("\n")}\n`;
}
