/** Pairs of dumps of one resource, as `drbdadm --verbose dump` prints them: much is the same in both, anything may differ. */
import * as fc from "fast-check";
import type { Grammar, SectionName } from "../../../provider/core/wanted/option-table";
import { arbitrarySection } from "../arbitrary-inputs";

/** One value for each of the two dumps. */
export type Both<T> = readonly [T, T];

const both = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Both<T>> =>
  fc.oneof(
    { weight: 3, arbitrary: value.map((one): Both<T> => [one, one]) },
    { weight: 1, arbitrary: fc.tuple(value, value) },
  );

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const section = (name: SectionName, grammar: Grammar): fc.Arbitrary<Both<string>> =>
  both(
    arbitrarySection(name, grammar).map((options) => {
      const lines = Object.entries(options)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `${key} ${quoted(spelled(value))};`);
      return lines.length === 0 ? "" : `${name} { ${lines.join(" ")} }`;
    }),
  );

const spelled = (value: unknown): string =>
  value === true || value === "true" ? "yes" : value === false || value === "false" ? "no" : String(value);

/** Puts texts for both dumps together. */
const joined = (parts: readonly Both<string>[]): Both<string> => [
  parts.map(([one]) => one).join("\n"),
  parts.map(([, two]) => two).join("\n"),
];

const block = (head: string, [one, two]: Both<string>): Both<string> => [
  `${head} {\n${one}\n}`,
  `${head} {\n${two}\n}`,
];

const number = (max: number): fc.Arbitrary<string> => fc.nat(max).map(String);
const disk = fc.constantFrom("/dev/vdb", "/dev/vg/r0", "none");
const metaDisk = fc.constantFrom("internal", "/dev/vdc", "/dev/vdc [1]", "/dev/vdc [2]");
const device = fc.constantFrom("/dev/drbd1 minor 1", "/dev/drbd_data minor 1", "/dev/drbd2 minor 2", "minor 1");

const volume = (head: number | undefined, grammar: Grammar): fc.Arbitrary<Both<string>> =>
  fc.tuple(both(device), both(disk), both(metaDisk), section("disk", grammar)).map(([dev, backing, meta, options]) => {
    const places = ([0, 1] as const).map(
      (at) =>
        `device ${dev[at]};\ndisk ${backing[at]};\nmeta-disk ${meta[at]};\n${grammar === "8.4" ? options[at] : ""}`,
    );
    const text: Both<string> = [places[0]!, places[1]!];
    return head === undefined ? text : block(`volume ${head}`, text);
  });

const host = (name: string, address: string, grammar: Grammar): fc.Arbitrary<Both<string>> =>
  fc
    .tuple(
      fc.oneof(volume(undefined, grammar), fc.tuple(volume(0, grammar), volume(1, grammar)).map(joined)),
      both(number(2)),
      both(fc.constantFrom(`${address}:7788`, `${address}:7789`)),
    )
    .map(([volumes, id, endpoint]) => {
      const [one, two] = ([0, 1] as const).map(
        (at) => `${grammar === "9" ? `node-id ${id[at]};\n` : ""}address ipv4 ${endpoint[at]};\n`,
      );
      return block(`on ${name}`, joined([[one!, two!], volumes]));
    });

const connection = (grammar: Grammar): fc.Arbitrary<Both<string>> =>
  fc
    .tuple(section("net", grammar), section("disk", grammar), both(fc.constantFrom("7788", "7790")))
    .map(([net, options, port]) =>
      block(
        "connection",
        joined([
          [0, 1].map(
            (at) => `path { host alpha address ipv4 10.0.0.1:${port[at]!}; host bravo address ipv4 10.0.0.2:7788; }`,
          ) as unknown as Both<string>,
          net,
          block("volume 0", options),
        ]),
      ),
    );

export const arbitraryDumps = (grammar: Grammar): fc.Arbitrary<Both<string>> =>
  fc
    .tuple(
      host("alpha", "10.0.0.1", grammar),
      host("bravo", "10.0.0.2", grammar),
      grammar === "9" ? connection(grammar) : section("net", grammar),
      section("options", grammar),
      section("startup", grammar),
      section("handlers", grammar),
      both(fc.constantFrom("", "startup { become-primary-on alpha; }", "proxy { memlimit 1M; }", "odd { thing; }")),
    )
    .map((parts) => block("resource r0", joined(parts)));
