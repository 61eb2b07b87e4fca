import * as fc from "fast-check";
import {
  type GenerationIdentifiers,
  type Relation,
  isJustCreated,
  parseGi,
  relate,
} from "../../../provider/core/seen/generation-identifiers";
import { captures, gi } from "../fixtures";

const of = (current: number, bitmap = 0, ...history: number[]): GenerationIdentifiers => ({
  current: BigInt(current),
  bitmap: BigInt(bitmap),
  history: [history[0] ?? 0, history[1] ?? 0].map(BigInt),
});

describe("parseGi", () => {
  test("masks the Primary bit", () => {
    expect(parseGi("05F0D9A5779FD667:0000000000000000:AC926152A9E50C01:AC916152A9E50C01:1:1:1:1:0:0:0")).toEqual({
      current: 0x05f0d9a5779fd666n,
      bitmap: 0n,
      history: [0xac926152a9e50c00n, 0xac916152a9e50c00n],
      flags: { consistent: true, upToDate: true },
    });
  });

  test.each([
    "",
    "none",
    "0000000000000004",
    "0000000000000004:0000000000000000:0000000000000000",
    "0000000000000004:0000000000000000:0000000000000000:",
    "000000000000004:0000000000000000:0000000000000000:0000000000000000:0",
    "00000000000000004:0000000000000000:0000000000000000:0000000000000000:0",
    "000000000000000G:0000000000000000:0000000000000000:0000000000000000:0",
    " 0000000000000004:0000000000000000:0000000000000000:0000000000000000",
  ])("%j is none", (text) => {
    expect(parseGi(text)).toBeUndefined();
  });

  test.each([
    ["0000000000000004:0000000000000000:0000000000000000:0000000000000000:0:0:0", true],
    ["0000000000000005:0000000000000000:0000000000000000:0000000000000000:1:1:1", true],
    ["0000000000000006:0000000000000000:0000000000000000:0000000000000000:0:0:0", false],
    ["0000000000000000:0000000000000000:0000000000000000:0000000000000000:0:0:0", false],
    ["0000000000000004:0000000000000002:0000000000000000:0000000000000000:0:0:0", false],
    ["0000000000000004:0000000000000000:0000000000000002:0000000000000000:0:0:0", false],
    ["0000000000000004:0000000000000000:0000000000000000:0000000000000002:0:0:0", false],
  ])("%s: just created is %s", (text, expected) => {
    expect(isJustCreated(parseGi(text)!)).toBe(expected);
  });
});

describe("how a real pair's two sides relate", () => {
  const relations: Record<string, Relation> = {
    "alpha-down": "first-newer",
    "both-down": "first-newer",
    "connected-uptodate": "same",
    "peer-diskless": "first-newer",
    "resync-running": "first-newer",
    "split-brain-recovered": "same",
    "split-brain-standalone": "split-brain",
    "standalone-after-link-loss": "first-newer",
  };

  test("every capture is in the table", () => {
    expect([...new Set(captures.map((name) => name.replace(/\.(alpha|bravo)$/, "")))]).toEqual(Object.keys(relations));
  });

  test.each(Object.entries(relations))("%s: %s", (state, expected) => {
    const [alpha, bravo] = [gi(`${state}.alpha`), gi(`${state}.bravo`)].map(parseGi);
    expect(relate(alpha!, bravo!)).toBe(expected);
  });
});

/** drbd_uuid_compare, rule by rule: drbd-reference.md, section 3. */
describe("who is newer", () => {
  test.each<[string, GenerationIdentifiers, GenerationIdentifiers, Relation]>([
    ["10: both just created", of(4), of(4), "both-new"],
    ["20: this one just created", of(4), of(10), "second-newer"],
    ["20: this one never initialised", of(0), of(10), "second-newer"],
    ["30: the other just created", of(10), of(4), "first-newer"],
    ["30: the other never initialised", of(10), of(0), "first-newer"],
    ["34, 35: interrupted, this one was the source", of(10, 20), of(10), "first-newer"],
    ["36, 37: interrupted, this one was the target", of(10), of(10, 20), "second-newer"],
    ["40: equal", of(10), of(10), "same"],
    ["40: equal, whatever stands in the history", of(10, 0, 30), of(10, 0, 40), "same"],
    ["50: the other began where this one is", of(10), of(12, 10), "second-newer"],
    ["60: this one is in the other's past", of(10), of(12, 0, 10), "second-newer"],
    ["60: further back", of(10), of(12, 0, 14, 10), "second-newer"],
    ["70: this one began where the other is", of(12, 10), of(10), "first-newer"],
    ["80: the other is in this one's past", of(12, 0, 10), of(10), "first-newer"],
    ["80: further back", of(12, 0, 14, 10), of(10), "first-newer"],
    ["90: both began at the same point", of(10, 20), of(12, 20), "split-brain"],
    ["100: a common past", of(10, 0, 20), of(12, 0, 22, 20), "split-brain"],
    ["100: nothing in common", of(10, 0, 20), of(12, 0, 22), "unrelated"],
    ["nothing in common: no bitmaps are no common bitmap", of(10), of(12), "unrelated"],
    // Cannot come about; whoever were made the target would lose what the other has not.
    ["each in the other's past", of(12, 10), of(10, 12), "split-brain"],
    ["each in the other's past, once by its history", of(12, 10), of(10, 0, 12), "split-brain"],
  ])("%s", (_rule, first, second, expected) => {
    expect(relate(first, second)).toBe(expected);
  });

  // From few values, so that all relations come about.
  const identifier = fc.constantFrom(0n, 4n, 10n, 12n, 14n, 16n);
  const identifiers = fc.record({
    current: identifier,
    bitmap: identifier,
    history: fc.tuple(identifier, identifier),
  });
  const turned: Partial<Record<Relation, Relation>> = { "first-newer": "second-newer", "second-newer": "first-newer" };

  test("seen from the other side it is the same, turned round", () => {
    const seen = new Set<Relation>();
    fc.assert(
      fc.property(identifiers, identifiers, (first, second) => {
        const relation = relate(first, second);
        seen.add(relation);
        expect(relate(second, first)).toBe(turned[relation] ?? relation);
      }),
      { numRuns: 3000 },
    );
    expect(seen.size).toBe(6);
  });

  test("a disk relates to itself as the same, or both new", () => {
    fc.assert(
      fc.property(identifiers, (one) => {
        expect(["same", "both-new"]).toContain(relate(one, one));
      }),
    );
  });

  test("neither side is newer where neither knows the other's present", () => {
    fc.assert(
      fc.property(identifiers, identifiers, (first, second) => {
        const knows = (one: GenerationIdentifiers, other: GenerationIdentifiers) =>
          one.current === other.current || one.bitmap === other.current || one.history.includes(other.current);
        const used = [first, second].every(({ current }) => current !== 0n && current !== 4n);
        fc.pre(used && !knows(first, second) && !knows(second, first));
        expect(["split-brain", "unrelated"]).toContain(relate(first, second));
      }),
    );
  });
});
