import * as fc from "fast-check";
import { type Option, type SectionName, OPTIONS, findOption } from "../../../provider/core/wanted/option-table";
import { parseOptionValue, refusedByGrammar } from "../../../provider/core/wanted/option-value";
import { arbitraryValue } from "../arbitrary-inputs";

function parse(section: SectionName, name: string, value: unknown): string {
  const parsed = parseOptionValue(findOption(section, name)!, value);
  return parsed.ok ? parsed.value : `refused: ${parsed.reason}`;
}

test.each<[SectionName, string, unknown, string]>([
  ["net", "max-buffers", 8000, "8000"],
  ["net", "max-buffers", "8000", "8000"],
  ["net", "max-buffers", "36k", "36K"],
  ["net", "sndbuf-size", "10M", "10M"],
  ["net", "sndbuf-size", "10m", "10M"],
  ["net", "congestion-fill", "2G", "2G"],
  ["net", "congestion-fill", "20971520s", "20971520s"],
  ["disk", "c-max-rate", "4G", "4G"],
  ["disk", "resync-rate", 4194304, "4194304"],
  ["net", "allow-two-primaries", true, "yes"],
  ["net", "allow-two-primaries", "false", "no"],
  ["net", "tcp-cork", "no", "no"],
  ["net", "verify-alg", "crc32c", "crc32c"],
  ["net", "verify-alg", "", ""],
  ["net", "verify-alg", "crct10dif", "crct10dif"],
  ["net", "verify-alg", "crct10dif-pclmul", "crct10dif-pclmul"],
  ["net", "csums-alg", "crc32c-intel", "crc32c-intel"],
  ["net", "data-integrity-alg", "sha1-ssse3", "sha1-ssse3"],
  ["net", "verify-alg", "sha3-256-generic", "sha3-256-generic"],
  ["options", "quorum", "majority", "majority"],
  ["options", "quorum", 2, "2"],
  ["options", "cpu-mask", 3, "3"],
  ["options", "max-io-depth", 4294967295, "4294967295"],
  ["disk", "resync-after", "r1/0", "r1/0"],
  ["handlers", "fence-peer", '/bin/sh -c "exit 7"', '/bin/sh -c "exit 7"'],
  ["global", "usage-count", false, "no"],
  ["global", "usage-count", "ask", "ask"],
])("%s %s: %j becomes %s", (section, name, value, wanted) => {
  expect(parse(section, name, value)).toBe(wanted);
});

test.each<[SectionName, string, unknown, string]>([
  [
    "net",
    "sndbuf-size",
    "10MB",
    '"10MB": the unit is wrong; must be a whole number 0..10485760 bytes, or with K, M or G behind it, default 0, for example 10M',
  ],
  ["net", "sndbuf-size", "10 M", '"10 M": the unit is wrong; must be'],
  ["net", "sndbuf-size", "11M", '"11M" is too large; must be'],
  ["net", "sndbuf-size", "1T", '"1T": the unit is wrong; must be'],
  [
    "net",
    "timeout",
    "5s",
    '"5s": the unit is wrong; must be a whole number 1..600 tenths of a second, default 60 (6 s), for example 60',
  ],
  ["net", "timeout", 0, "0 is too small; must be"],
  ["net", "timeout", 6.5, "6.5: must be a whole number"],
  ["net", "timeout", -1, "-1: must be"],
  ["net", "timeout", "0x10", '"0x10": must be'],
  ["net", "timeout", "060", '"060": must be'],
  ["net", "timeout", "", '"": must be'],
  ["net", "timeout", "60\n", '"60\\n": must be'],
  ["net", "timeout", NaN, "NaN: must be"],
  ["net", "timeout", 1e30, "1e+30: must be"],
  ["net", "timeout", [60], "must be a whole number"],
  ["net", "timeout", null, "must be a whole number"],
  ["net", "ping-int", "1K", '"1K": the unit is wrong'],
  [
    "disk",
    "al-extents",
    66,
    "66 is too small; must be a whole number 67..65534 extents of 4 MiB, default 1237, for example 1237",
  ],
  ["disk", "al-extents", 65535, "65535 is too large"],
  [
    "disk",
    "c-fill-target",
    "513M",
    '"513M" is too large; must be a whole number 0..1048576 sectors of 512 bytes, or with K, M or G behind it',
  ],
  ["disk", "c-max-rate", "100s", '"100s": the unit is wrong'],
  ["disk", "on-io-error", "panic", "must be one of pass_on, call-local-io-error, detach; the default is detach"],
  ["net", "after-sb-0pri", "Disconnect", "must be one of disconnect, "],
  ["net", "tcp-cork", "on", "must be true or false (or yes or no)"],
  ["net", "tcp-cork", 1, "must be true or false"],
  ["net", "verify-alg", "sha-1", "must be one of md5, sha1, "],
  ["net", "verify-alg", "crc33-intel", "must be one of md5, sha1, "],
  ["net", "verify-alg", "sha1-", "must be one of md5, sha1, "],
  ["net", "verify-alg", "sha1-a;", "must be one of md5, sha1, "],
  ["net", "verify-alg", `sha1-${"x".repeat(59)}`, "must be one of md5, sha1, "],
  ["net", "csums-alg", "crc32c;", "must be one of md5, sha1, "],
  ["net", "transport", "udp", "must be tcp, rdma or lb-tcp"],
  ["options", "quorum", 33, "must be off, majority, all or a number 1..32; the default is off"],
  ["options", "quorum", true, "must be off, majority, all"],
  ["options", "cpu-mask", "0x3", "must be a hexadecimal mask"],
  ["disk", "resync-after", "r1; }", "must be the name of another resource"],
  ["handlers", "fence-peer", "a\nb", "must be one line of printable ASCII characters"],
  ["handlers", "fence-peer", "é", "must be one line of printable ASCII characters"],
  ["handlers", "fence-peer", " ", "must be a shell command"],
  ["handlers", "fence-peer", "x".repeat(256), "must be at most 255 characters long, not 256: put it into a script"],
  ["global", "usage-count", "maybe", "must be one of yes, no, ask; the default is no"],
  ["global", "minor-count", 256, "256 is too large"],
])("%s %s: %j is refused: %s", (section, name, value, reason) => {
  expect(parse(section, name, value)).toContain(`refused: ${reason}`);
});

test("a reason says the range, the default and an example that is right", () => {
  for (const options of Object.values(OPTIONS)) {
    for (const option of Object.values(options)) {
      if (option.type !== "number") continue;
      const parsed = parseOptionValue(option, "no number");
      const reason = parsed.ok ? "" : parsed.reason;
      expect(reason).toContain(`${option.min}..${option.max}`);
      const example = /for example (\S+)$/.exec(reason)?.[1];
      expect(parseOptionValue(option, example)).toEqual({ ok: true, value: example });
    }
  }
});

test("a long value is not quoted at length", () => {
  expect(parse("net", "timeout", "9".repeat(5000)).length).toBeLessThan(250);
});

const everyOption = Object.values(OPTIONS).flatMap((options) => Object.entries(options));

test.each(everyOption)("%s takes what is right, once and again", (_name, option: Option) => {
  for (const grammar of ["8.4", "9"] as const) {
    if (option.only !== undefined && option.only !== grammar) continue;
    fc.assert(
      fc.property(arbitraryValue(option, grammar), (given) => {
        const first = parseOptionValue(option, given);
        if (!first.ok) throw new Error(`${JSON.stringify(given)}: ${first.reason}`);
        expect(parseOptionValue(option, first.value)).toEqual(first);
        expect(refusedByGrammar(option, first.value, grammar)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  }
});

test.each(everyOption)("%s lets nothing through that would end its line in the file", (_name, option: Option) => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.string(), fc.string({ unit: "binary" })), (given) => {
      const parsed = parseOptionValue(option, given);
      if (!parsed.ok) return;
      expect(parsed.value).toMatch(option.type === "command" ? /^[\x20-\x7e]{1,255}$/ : /^[A-Za-z0-9_.,/-]*$/);
    }),
    { numRuns: 50 },
  );
});
