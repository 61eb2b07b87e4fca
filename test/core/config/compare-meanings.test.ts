import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import path from "node:path";
import { compareMeanings, type Difference } from "../../../provider/core/config/compare-meanings";
import { canonicalValue } from "../../../provider/core/config/option-meaning";
import { parseDump } from "../../../provider/core/config/parse-dump";
import { parseStatements, type Statement } from "../../../provider/core/config/parse-statements";
import type { ResourceMeaning } from "../../../provider/core/config/resource-meaning";
import { arbitraryDumps } from "./arbitrary-dumps";

const meaning = (text: string): ResourceMeaning => {
  const [only] = parseDump(text);
  if (only === undefined) throw new Error("no resource");
  return only;
};
const fixture = (name: string): string =>
  readFileSync(path.join(__dirname, "../../fixtures/drbdadm-dump", `${name}.txt`), "utf8");

interface Leaf {
  readonly within: readonly string[];
  readonly keyword: string;
  readonly value: string;
}

/** Every statement without braces, by where it stands: no more is known about the language here. */
function leavesOf(statements: readonly Statement[], within: readonly string[] = []): Leaf[] {
  return statements.flatMap(({ words, body }) =>
    body === undefined
      ? [{ within, keyword: words[0] ?? "", value: words.slice(1).join(" ") }]
      : leavesOf(body, [...within, words.join(" ")]),
  );
}

const placeOf = ({ within, keyword }: Leaf): string => [...within, keyword].join(" > ");

function isNamed({ within, keyword, value }: Leaf, differences: readonly Difference[]): boolean {
  const host = within.map((head) => /^on (.+)$/.exec(head)?.[1]).find((name) => name !== undefined);
  const volume = within.map((head) => /^volume (.+)$/.exec(head)?.[1]).find((one) => one !== undefined);
  const keys: Readonly<Record<string, readonly string[]>> = {
    device: ["minor", "device"],
    host: ["address"],
    address: ["address", "address that no connection uses"],
    thing: ["odd { thing; }"],
    memlimit: ["proxy"],
  };
  return differences.some(
    (one) =>
      (keys[keyword] ?? [keyword]).includes(one.key) &&
      (host === undefined || one.host === host) &&
      (volume === undefined || String(one.volume) === volume) &&
      (keyword !== "handlers" || one.before === value || one.after === value),
  );
}

/** The same for DRBD, or printed where it has no effect. */
function isSame(leaf: Leaf, other: string | undefined): boolean {
  const section = leaf.within.at(-1) ?? "";
  const meant = (value: string): string | undefined => canonicalValue(section, leaf.keyword, value);
  return meant(leaf.value) === (other === undefined ? undefined : meant(other));
}

describe.each(["8.4", "9"] as const)("%s", (grammar) => {
  test("what the comparison does not name is equal in both dumps", () => {
    fc.assert(
      fc.property(arbitraryDumps(grammar), ([before, after]) => {
        const differences = compareMeanings(meaning(before), meaning(after));
        const [old, wanted] = [before, after].map((text) => leavesOf(parseStatements(text))) as [Leaf[], Leaf[]];
        for (const [mine, theirs] of [
          [old, wanted],
          [wanted, old],
        ] as const) {
          for (const leaf of mine) {
            const same = theirs.filter((one) => placeOf(one) === placeOf(leaf));
            if (same.some(({ value }) => isSame(leaf, value)) || (same.length === 0 && isSame(leaf, undefined)))
              continue;
            // Where there is a connection, the path's addresses count.
            if (leaf.keyword === "address" && grammar === "9" && !isNamed(leaf, differences)) {
              expect([before, after].every((text) => text.includes("path {"))).toBe(true);
              continue;
            }
            if (!isNamed(leaf, differences))
              throw new Error(`${placeOf(leaf)} ${leaf.value}: ${JSON.stringify(differences)}`);
          }
        }
      }),
    );
  });

  test("and the other way round, with what was and what comes exchanged", () => {
    fc.assert(
      fc.property(arbitraryDumps(grammar), ([before, after]) => {
        const there = compareMeanings(meaning(before), meaning(after));
        const back = compareMeanings(meaning(after), meaning(before));
        const key = (one: Difference): string => JSON.stringify([one.host, one.volume, one.section, one.key]);
        expect(back.map(key).sort()).toEqual(there.map(key).sort());
        expect(compareMeanings(meaning(before), meaning(before))).toEqual([]);
      }),
    );
  });
});

const r0 = (body: string): ResourceMeaning => meaning(`resource r0 { ${body} }`);

test("units, defaults, small letters and 8.4's place for fencing make no difference", () => {
  expect(
    compareMeanings(
      r0("net { protocol c; timeout 60; sndbuf-size 1024k; } disk { fencing resource-only; }"),
      r0("net { protocol C; sndbuf-size 1M; fencing resource-only; }"),
    ).filter(({ key }) => key !== "fencing"),
  ).toEqual([]);
});

test("each kind of difference, with its place", () => {
  const host = (disk: string): string => `on alpha { volume 3 { device minor 1; disk ${disk}; meta-disk internal; } }`;
  expect(
    compareMeanings(
      r0(`${host("/dev/vdb")} handlers { split-brain /bin/true; }`),
      r0(`${host("/dev/vdc")} startup { wfc-timeout 5; }`),
    ),
  ).toEqual([
    { kind: "changed", host: "alpha", volume: 3, section: "place", key: "disk", before: "/dev/vdb", after: "/dev/vdc" },
    { kind: "new", section: "startup", key: "wfc-timeout", after: "5" },
    { kind: "gone", section: "handlers", key: "split-brain", before: "/bin/true" },
  ]);
});

test("floating hosts are the named ones with their addresses", () => {
  const floating = meaning(fixture("8.4/floating"));
  const named = r0(
    ["1", "2"]
      .map((at) => {
        const name = at === "1" ? "alpha" : "bravo";
        return `on ${name} { device /dev/drbd1 minor 1; disk /dev/vdb; meta-disk internal; address ipv4 10.0.0.${at}:7788; }`;
      })
      .join(" "),
  );
  expect(compareMeanings(floating, named).map(({ host, key, before, after }) => [host, key, before, after])).toEqual([
    ["alpha", "known by", "its address", "alpha"],
    ["bravo", "known by", "its address", "bravo"],
  ]);
});

test("a third host, a second path and a proxy are told", () => {
  const keys = (name: string): string[] => {
    const all = meaning(fixture(name));
    return compareMeanings(all, { ...all, hosts: all.hosts.slice(0, 2), connections: all.connections.slice(0, 1) }).map(
      ({ host, key }) => `${host ?? ""} ${key}`,
    );
  };
  expect(keys("9/hosts-three-connections")).toEqual(expect.arrayContaining(["carol node-id", "carol disk"]));
  const two = meaning(fixture("9/path-two"));
  const one = { ...two, connections: two.connections.map((each) => ({ ...each, paths: each.paths.slice(0, 1) })) };
  expect(compareMeanings(two, one).map(({ key, before }) => [key, before])).toEqual([
    ["path", "10.1.0.1:7788 to 10.1.0.2:7788"],
  ]);
});
