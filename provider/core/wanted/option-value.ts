import type { Grammar, NumberOption, Option, Unit } from "./option-table";

/** A value in drbd.conf's spelling, or why it is none. */
export type OptionValue =
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

/**
 * Names in the kernel's crypto API that DRBD 8.4.11 took on a Linux 6.12, as cram-hmac-alg and as any other digest.
 * drbdadm takes any word, and a kernel without the one that is given refuses it later.
 */
export const HMAC_DIGESTS = [
  ...["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-224", "sha3-256", "sha3-384", "sha3-512"],
  ...["rmd160", "sm3", "wp512", "streebog256", "streebog512", "blake2b-256", "blake2b-384", "blake2b-512"],
];
export const DIGESTS = [...HMAC_DIGESTS, "crc32", "crc32c", "crct10dif", "xxhash64"];

/** What is wrong with the name of a digest. One driver's is the digest's own and a suffix: crc32c-intel, sha1-ssse3. */
export function digestFault(name: string, digests: readonly string[]): string | undefined {
  const isDriver = digests.some((digest) => name.startsWith(`${digest}-`)) && /^[a-z0-9]+(-[a-z0-9]+)+$/.test(name);
  if (name.length <= 63 && (digests.includes(name) || isDriver)) return undefined;
  return `must be one of ${digests.join(", ")}, or the name of a kernel's driver for one, such as ${digests[1] ?? ""}-generic`;
}

const yes = (value: string): OptionValue => ({ ok: true, value });
const no = (reason: string): OptionValue => ({ ok: false, reason });

const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  bytes: "bytes",
  sectors: "sectors of 512 bytes",
  "KiB/s": "KiB/s",
  s: "seconds",
  "0.1 s": "tenths of a second",
  ms: "milliseconds",
  pages: "pages of 4 KiB",
  requests: "requests",
  extents: "extents of 4 MiB",
};

/** What a K, M, G or s behind the number means, in the option's own unit; undefined where it may not stand. */
function factor(suffix: string, unit: Unit | undefined): number | undefined {
  if (suffix === "") return 1;
  if (unit === "s" || unit === "0.1 s" || unit === "ms") return undefined;
  if (suffix === "s") return unit === "sectors" ? 1 : undefined;
  const bytes = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[suffix];
  if (bytes === undefined) return undefined;
  return unit === "KiB/s" ? bytes / 1024 : unit === "sectors" ? bytes / 512 : bytes;
}

/** `32..131072 pages of 4 KiB, default 2048, for example 8000`. */
export function describeNumber(option: NumberOption): string {
  const unit = option.unit === undefined ? "" : ` ${UNIT_NAMES[option.unit]}`;
  const sizes = option.unit === "bytes" || option.unit === "sectors" || option.unit === "KiB/s";
  const fallback = option.unit === "0.1 s" ? `${option.default} (${option.default / 10} s)` : String(option.default);
  const example = sizes ? sizeExample(option) : String(option.default === option.min ? middle(option) : option.default);
  const suffixes = sizes ? ", or with K, M or G behind it" : "";
  return `a whole number ${option.min}..${option.max}${unit}${suffixes}, default ${fallback}, for example ${example}`;
}

function sizeExample(option: NumberOption): string {
  for (const example of ["10M", "1M", "512K"]) {
    const scale = factor(example.slice(-1), option.unit);
    if (scale !== undefined && parseInt(example, 10) * scale <= option.max) return example;
  }
  return String(option.max);
}

const middle = (option: NumberOption): number => Math.min(option.max, Math.max(option.min + 1, 10));

/** A number with its suffix, in the option's own unit; undefined for what is no such number. */
export function numberOf(option: NumberOption, text: string): number | undefined {
  const match = /^(0|[1-9][0-9]{0,14})([KMGs]?)$/.exec(text);
  const scale = match === null ? undefined : factor(match[2] ?? "", option.unit);
  return scale === undefined ? undefined : Math.ceil(Number(match?.[1]) * scale);
}

function parseNumber(option: NumberOption, given: unknown): OptionValue {
  const wants = `must be ${describeNumber(option)}`;
  if (typeof given !== "number" && typeof given !== "string") return no(wants);
  const text = String(given).replace(/[kmg]$/, (suffix) => suffix.toUpperCase());
  const number = numberOf(option, text);
  if (number === undefined) {
    const wrongUnit = /^[0-9]+ *[A-Za-z]+$/.test(text) ? "the unit is wrong; " : "";
    return no(`${show(given)}: ${wrongUnit}${wants}`);
  }
  if (number < option.min) return no(`${show(given)} is too small; ${wants}`);
  if (number > option.max) return no(`${show(given)} is too large; ${wants}`);
  return yes(text);
}

const show = (given: string | number): string => {
  const text = typeof given === "string" ? JSON.stringify(given) : String(given);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

function parseBoolean(given: unknown): OptionValue {
  if (given === true || given === "yes" || given === "true") return yes("yes");
  if (given === false || given === "no" || given === "false") return yes("no");
  return no("must be true or false (or yes or no)");
}

function parseDigest(given: unknown): OptionValue {
  if (given === "") return yes(given);
  const fault = digestFault(typeof given === "string" ? given : "", DIGESTS);
  return typeof given === "string" && fault === undefined ? yes(given) : no(`${fault ?? ""}, or empty for none`);
}

/** A shell command for the node: printable ASCII, at most 255 characters (drbdadm's longest string). */
function parseCommand(given: unknown): OptionValue {
  if (typeof given !== "string" || given.trim() === "") return no("must be a shell command");
  if (!/^[\x20-\x7e]*$/.test(given)) return no("must be one line of printable ASCII characters");
  if (given.length > 255) return no(`must be at most 255 characters long, not ${given.length}: put it into a script`);
  return yes(given);
}

function parseText(type: "transport" | "cpu-mask" | "resource", given: unknown): OptionValue {
  const [pattern, wants] = {
    transport: [/^(tcp|rdma|lb-tcp)$/, "must be tcp, rdma or lb-tcp"],
    "cpu-mask": [
      /^([0-9a-fA-F]{1,8}(,[0-9a-fA-F]{1,8}){0,31})?$/,
      "must be a hexadecimal mask of CPUs, for example 3 for the first two",
    ],
    resource: [
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}(\/[0-9]{1,5})?$/,
      "must be the name of another resource, with /VOLUME behind it where that is not 0",
    ],
  }[type] as [RegExp, string];
  const text = typeof given === "number" ? String(given) : given;
  return typeof text === "string" && pattern.test(text) ? yes(text) : no(wants);
}

/** Brings a user's value into drbd.conf's spelling: 8000 and "8000" become `8000`, true becomes `yes`, "10m" `10M`. */
export function parseOptionValue(option: Option, given: unknown): OptionValue {
  switch (option.type) {
    case "number":
      return parseNumber(option, given);
    case "boolean":
    case "flag":
      return parseBoolean(given);
    case "enum": {
      const text = typeof given === "boolean" && option.values.includes("yes") ? (given ? "yes" : "no") : given;
      if (typeof text === "string" && option.values.includes(text)) return yes(text);
      return no(`must be one of ${option.values.join(", ")}; the default is ${option.default}`);
    }
    case "number-or-symbol": {
      const text = typeof given === "number" ? String(given) : given;
      if (typeof text === "string") {
        if (option.symbols.includes(text)) return yes(text);
        if (/^[1-9][0-9]?$/.test(text) && Number(text) >= option.min && Number(text) <= option.max) return yes(text);
      }
      return no(
        `must be ${option.symbols.join(", ")} or a number ${option.min}..${option.max}; the default is ${option.default}`,
      );
    }
    case "digest":
      return parseDigest(given);
    case "command":
      return parseCommand(given);
    default:
      return parseText(option.type, given);
  }
}

/** Why a value that was parsed above can't be used with one of the two grammars; undefined when it can. */
export function refusedByGrammar(option: Option, value: string, grammar: Grammar): string | undefined {
  if (option.only !== undefined && option.only !== grammar) {
    return `DRBD ${grammar === "9" ? "9" : "8.4"} has no such option`;
  }
  if (option.type === "enum" && grammar === "8.4" && option.valuesOf84?.includes(value) === false) {
    return `DRBD 8.4 does not know ${value}; it has ${option.valuesOf84.join(", ")}`;
  }
  const limits = option.type === "number" ? option.limits?.[grammar] : undefined;
  if (option.type === "number" && limits !== undefined) {
    const number = numberOf(option, value);
    if (number !== undefined && (number < limits.min || number > limits.max)) {
      return `DRBD ${grammar} takes ${limits.min}..${limits.max} here`;
    }
  }
  return undefined;
}
