/** That the page of what shows each rule and each loss is whole, true, and written. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Entry, type Way, ways } from "./entry";
import { losses, renderPage, rules } from "./page";

const tests = join(__dirname, "..");
const page = join(tests, "safety.md");

const numbers = (entries: readonly Entry[]) => entries.map(({ number }) => number);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("every rule of docs/rules.md and every one of the thirty losses has its entry", () => {
  const told = readFileSync(join(tests, "../docs/rules.md"), "utf8");
  expect(numbers(rules)).toEqual(told.match(/^\d+(?=\.)/gm)?.map(Number));
  expect(numbers(rules)).toEqual(upTo(10));
  expect(numbers(losses)).toEqual(upTo(30));
});

const folders: Readonly<Record<Way, RegExp>> = {
  row: /^core\//,
  law: /^(simulation|hostile)\/|^core\/.*\/(plan-laws|plan-data-laws|never-emitted|plan-resource-teardown|render-configuration)\./,
  lab: /^e2e\//,
};

/** Where a title stands as a string of its own; a template may go on behind it. */
const standsIn = (text: string, title: string): boolean =>
  ['"', "'", "`"].some((quote) =>
    text
      .split(quote + title)
      .slice(1)
      .some((rest) => rest.startsWith(quote) || rest.startsWith(" (SEED=")),
  );

const named = (
  [
    ["rule", rules],
    ["loss", losses],
  ] as const
).flatMap(([kind, entries]) => entries.map((entry) => [`${kind} ${entry.number}`, entry] as const));

test.each(named)("%s: each test that is named is there, and a way without one has its reason", (_name, entry) => {
  for (const way of ways) {
    const proof = entry[way];
    if (typeof proof === "string") {
      expect(proof.length).toBeGreaterThan(20);
      continue;
    }
    expect(proof.length).toBeGreaterThan(0);
    for (const { file, title } of proof) {
      expect(file).toMatch(folders[way]);
      const path = join(tests, file);
      const found = existsSync(path) && standsIn(readFileSync(path, "utf8"), title);
      expect([file, title, found]).toEqual([file, title, true]);
    }
  }
});

test("a title that is not there is missed, and so is one that is only a part of another", () => {
  const text = 'test("held by nobody", () => {});\n';
  expect(standsIn(text, "held by nobody")).toBe(true);
  expect(standsIn(text, "held")).toBe(false);
  expect(standsIn(text, "nobody")).toBe(false);
});

test("the page is what `npm run safety` writes", () => {
  const wanted = renderPage();
  if (process.env["UPDATE"] === "1") writeFileSync(page, wanted);
  expect(readFileSync(page, "utf8")).toBe(wanted);
});
