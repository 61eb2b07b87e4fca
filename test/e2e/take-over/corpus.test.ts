/**
 * The definitions of test/corpus, held by the real drbdadm of both grammars: what a take-over keeps, what it changes,
 * and what it refuses is what the definition's verdict says, no more and no less.
 */
import * as fc from "fast-check";
import { Lab } from "../../../lab/lab";
import { arbitraryResource } from "../../core/arbitrary-inputs";
import { renderResource } from "../../../provider/core/config/render-configuration";
import type { DesiredResource } from "../../../provider/core/wanted/desired";
import type { Grammar } from "../../../provider/core/wanted/option-table";
import { parseResource } from "../../../provider/core/wanted/parse-inputs";
import { corpus } from "./corpus";
import { changed, GRAMMARS, hold, type Held } from "./held";

const lab = Lab.at();
const run = async (script: string): Promise<string> =>
  (await lab.run("alpha", "sh -s", { stdin: script, timeout: 900 })).stdout;

let held: Held[];

beforeAll(async () => {
  await lab.up();
  const there = await lab.run("alpha", "command -v drbdadm", { check: false });
  if (there.exit !== 0) await lab.reset("utils");
  held = await hold(run, corpus);
}, 1_800_000);

test("there are at least 80 definitions that drbdadm reads, and most are taken over exactly", () => {
  const read = held.filter(({ verdict }) => verdict[0] !== "unread");
  expect(new Set(read.map(({ definition }) => definition.name)).size).toBeGreaterThanOrEqual(80);
  expect(read.filter(({ verdict }) => verdict[0] === "exact").length).toBeGreaterThan(read.length / 2);
});

test.each(GRAMMARS.flatMap((grammar) => corpus.map((definition) => ({ grammar, ...definition }))))(
  "$grammar $name: $about",
  ({ grammar, name, verdicts }) => {
    const one = held.find(({ definition, grammar: read }) => definition.name === name && read === grammar);
    expect(one?.verdict).toEqual(verdicts.get(grammar));
  },
);

/** Two resources of the same hosts, of which the second has some options of another one. */
function arbitraryPair(grammar: Grammar): fc.Arbitrary<readonly [DesiredResource, DesiredResource]> {
  return fc
    .tuple(
      arbitraryResource(grammar),
      arbitraryResource(grammar),
      fc.constantFrom(...(["net", "disk", "options", "handlers"] as const)),
    )
    .map(([one, two, from]): readonly [DesiredResource, DesiredResource] => {
      const [before, other] = [one, two].map((inputs) => {
        const parsed = parseResource(inputs);
        if (parsed.ok !== true) throw new Error(JSON.stringify(parsed));
        return parsed.desired;
      }) as [DesiredResource, DesiredResource];
      const sections = { ...before.sections };
      const section = from;
      return [before, { ...before, sections: { ...sections, [section]: other.sections[section] } }];
    });
}

test.each(GRAMMARS)(
  "for random definitions, drbdadm changes nothing that the comparison does not name: %s",
  async (grammar) => {
    const pairs = fc.sample(arbitraryPair(grammar), 40).map(([before, after]) => ({
      name: before.name,
      host: before.hosts[0].hostname,
      texts: [renderResource(before, grammar), renderResource(after, grammar)] as const,
    }));
    // drbdadm-84 detaches and attaches a disk for `max-bio-bvecs 0`, the default, at each adjust, changed or not.
    const asked = pairs.filter(({ texts }) => !texts.some((text) => /max-bio-bvecs 0/.test(text)));
    const answers = await changed(run, grammar, asked);
    expect(answers.some(({ commands }) => commands.length > 0)).toBe(true);
    for (const { differences, commands } of answers) {
      const named = differences.filter(
        ({ section }) => section === "net" || section === "disk" || section === "options",
      );
      // A command repeats every option, so it cannot be told which one it is about.
      if (named.length === 0) expect(commands).toEqual([]);
      else expect(commands).not.toEqual([]);
    }
  },
  900_000,
);
