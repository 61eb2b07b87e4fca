/** What comes back from steps: lost, repeated, out of order, in garbage. No step is taken to have ended that did not say so. */
import * as fc from "fast-check";
import { parseOutcomes } from "../../provider/core/steps/apply-script";
import { shownText } from "../../provider/core/told/shown-text";
import type { Step } from "../../provider/core/steps/plan";
import { seed } from "../seed";

const nonce = "0123456789abcdef01";
const steps: readonly Step[] = [0, 1, 2, 3].map((index) => ({
  node: "alpha",
  argv: ["step", String(index)],
  because: "it is a test",
  timeoutSeconds: 1,
}));
const marker = (words: string): string => `@${nonce}-step ${words}`;

test(`an end counts for its own step alone, and only after its beginning: seed ${seed}`, () => {
  const told = steps.flatMap((_, index) => [marker(`begin ${index}`), `says ${index}`, marker(`end ${index} 0`)]);
  const garbage = fc.oneof(
    fc.constantFrom(
      ...told,
      marker("end 9 0"),
      marker("begin 9"),
      marker("end"),
      marker("begin -1"),
      marker("end 0 -1"),
    ),
    fc.constantFrom(
      marker("end 2 137"),
      marker("end 1 99"),
      `@${"f".repeat(18)}-step end 1 0`,
      `\u001b[0m${marker("end 1 0")}`,
    ),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const line = fc.record({ at: fc.nat(told.length), drop: fc.nat(3), put: fc.array(garbage, { maxLength: 2 }) });
  let whole = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 3 }), (edits) => {
      const lines = [...told];
      for (const { at, drop, put } of edits) lines.splice(at, drop, ...put);
      const outcomes = parseOutcomes(nonce, steps, `${lines.join("\n")}\n`);
      const all = lines.join("\n").split("\n");
      outcomes.forEach(({ step, exit }, index) => {
        expect(step).toBe(steps[index]);
        const begin = all.indexOf(marker(`begin ${index}`));
        expect(begin).toBeGreaterThanOrEqual(0);
        if (exit !== null) expect(all.indexOf(marker(`end ${index} ${exit}`), begin)).toBeGreaterThan(begin);
        // None begins before the one in front of it has ended well.
        if (index < outcomes.length - 1) expect(exit).toBe(0);
      });
      if (outcomes.length === steps.length && outcomes.every(({ exit }) => exit === 0)) whole++;
    }),
    { seed, numRuns: 3000, examples: [[[]]] },
  );
  expect(whole).toBeGreaterThan(0);
});

describe("text of a host's, as it is shown", () => {
  test.each([
    ["plain", "two lines\n\tand a tab", "two lines\n\tand a tab"],
    ["another language", "Zugriff verweigert: コマンド \u{1f600}", "Zugriff verweigert: コマンド \u{1f600}"],
    ["colours and titles", "\u001b[31mred\u001b]0;title\u0007", "\\x1b[31mred\\x1b]0;title\\x07"],
    ["eight-bit controls", "\u009b31m\u0085", "\\x9b31m\\x85"],
    ["what comes back over what stood there", "failed\rfine\b\b", "failed\\x0dfine\\x08\\x08"],
    ["what turns the order round", "a\u202eb\u2066c", "a\\u202eb\\u2066c"],
  ])("%s", (_what, text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  test("huge: its beginning and its end, and how much is left out", () => {
    const text = `${"a".repeat(5000)}${"b".repeat(1_000_000)}${"c".repeat(5000)}`;
    const shown = shownText(text);
    expect(shown).toMatch(/^a{1000} \[…1006000 characters left out…\] c{3000}$/);
  });
});
