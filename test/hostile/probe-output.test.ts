/**
 * What a host answers when it is asked how it is: cut short, out of order, in other words, with bytes that are no text.
 * Either it is refused, or the plan made from it does nothing dangerous that the true answer did not call for.
 */
import * as fc from "fast-check";
import { formatPlan } from "../../provider/core/told/plan-text";
import { parseEvents } from "../../provider/core/seen/parse-events";
import { ProbeError, parseProbe } from "../../provider/core/seen/parse-probe";
import { parseSyncProgress } from "../../provider/core/seen/parse-proc-drbd";
import { stepsOf } from "../../provider/core/steps/plan";
import { nonce } from "../core/fake-host";
import { captures, events, procDrbd } from "../core/fixtures";
import { eachMutation, otherWords } from "./mutations";
import { type ProbedPair, dangerousOf, pairs, planFor } from "./pairs";
import { seed } from "../seed";

/** Steps that may be one too many: each reads only, or does again what is done already. */
const HARMLESS = /^(write|ln|systemctl (enable|daemon-reload|start)|drbdadm (up|get-gi|cstate)|mount) /;

/** The complaint, or undefined where all is well. `what` is refused, or comes to no more than the truth does. */
function judged(pair: ProbedPair, side: 0 | 1, output: string): string | undefined {
  let node;
  try {
    node = parseProbe(nonce, output);
  } catch (error) {
    if (!(error instanceof ProbeError)) return `throws ${String(error)}`;
    if (error.message.length > 600) return `an error of ${error.message.length} characters`;
    return error.message.length < 10 ? "an error that says nothing" : undefined;
  }
  const plan = planFor(side === 0 ? [node, pair.nodes[1]] : [pair.nodes[0], node]);
  const called = new Set(dangerousOf(pair.plan));
  const worse = dangerousOf(plan).filter((step) => !called.has(step));
  if (worse.length > 0) return `dangerous: ${worse.join("; ")}`;
  const known = new Set(stepsOf(pair.plan).map((step) => `${step.node} ${step.argv.join(" ")}`));
  const more = stepsOf(plan).filter((step) => !known.has(`${step.node} ${step.argv.join(" ")}`));
  const other = more.find(({ argv }) => !HARMLESS.test(`${argv.join(" ")} `));
  if (other !== undefined) return `not called for: ${other.argv.join(" ")}`;
  const text = formatPlan(plan);

  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text)) return "control characters in what is shown";
  return text.length > 20_000 ? `a plan of ${text.length} characters` : undefined;
}

test("the pairs are worth it: some go all the way, some half of it, and some are refused for each reason", () => {
  const kinds = pairs.map(({ plan }) =>
    plan.refusals.length > 0 ? "refused" : dangerousOf(plan).length > 1 ? "much" : "little",
  );
  for (const [kind, least] of Object.entries({ refused: 10, much: 3, little: 2 })) {
    expect([kind, kinds.filter((one) => one === kind).length >= least]).toEqual([kind, true]);
  }
});

test.each(pairs)("one thing wrong with the answer: $name", (pair) => {
  const wrong: string[] = [];
  let count = 0;
  for (const side of [0, 1] as const) {
    for (const { what, output } of eachMutation(pair.outputs[side], nonce)) {
      count++;
      const complaint = judged(pair, side, output);
      if (complaint !== undefined) wrong.push(`${side === 0 ? "alpha" : "bravo"}: ${what}: ${complaint}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(500);
});

describe("many things wrong at once", () => {
  // Where a single bit or line decides that a disk is taken, nobody can tell that it was another.
  const decidedByOne =
    /^(a port in use|a held disk|a mounted disk|swap|a disk in fstab|another's|a disk of another|a read-only)/;
  const steady = pairs.filter(({ name }) => !decidedByOne.test(name));
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const edit = fc.oneof(
    fc.record({ kind: fc.constant("cut" as const), from: place, to: place }),
    fc.record({
      kind: fc.constant("put" as const),
      from: place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    }),
    fc.record({ kind: fc.constant("flip" as const), from: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant("splice" as const), from: place, with: fc.nat(steady.length - 1) }),
  );
  const edited = (
    text: string,
    edits: readonly (typeof edit extends fc.Arbitrary<infer E> ? E : never)[],
    side: 0 | 1,
  ) => {
    let bytes = Buffer.from(text);
    for (const one of edits) {
      const at = Math.floor(one.from * bytes.length);
      if (one.kind === "cut")
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(one.to * 200))]);
      else if (one.kind === "put") bytes = Buffer.concat([bytes.subarray(0, at), one.bytes, bytes.subarray(at)]);
      else if (one.kind === "flip")
        bytes = Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ (1 << one.bit) : byte)));
      else {
        // The answer to another question: each has a nonce of its own.
        const other = Buffer.from(steady[one.with]!.outputs[side].replaceAll(nonce, "fedcba9876543210fe"));
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(Math.floor(one.from * other.length))]);
      }
    }
    return bytes.toString();
  };

  test(`seed ${seed}`, () => {
    const given = fc.record({
      pair: fc.nat(steady.length - 1),
      side: fc.constantFrom(0, 1),
      edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    });
    let refused = 0;
    fc.assert(
      fc.property(given, ({ pair, side, edits }) => {
        const asked = steady[pair]!;
        const output = edited(asked.outputs[side], edits, side);
        const complaint = judged(asked, side, output);
        if (/^throws|create-md|--force|mkfs/.test(complaint ?? "")) throw new Error(complaint);
        refused++;
      }),
      { seed, numRuns: 3000 },
    );
    expect(refused).toBe(3000);
  });
});

describe("what the tools say", () => {
  test("about what runs: it is understood, or it is no answer", () => {
    for (const capture of captures) {
      const lines = events(capture).split("\n");
      for (const [index, line] of lines.entries()) {
        for (const words of [
          ...otherWords,
          line.slice(0, line.length / 2),
          `${line} role:Primary`,
          line.replace(/:\S*/, ":"),
        ]) {
          try {
            for (const { role, devices } of parseEvents(lines.with(index, words).join("\n")).values()) {
              expect(role).toMatch(/^(Primary|Secondary|Unknown)$/);
              for (const { minor, volume } of devices) expect([minor, volume].every(Number.isInteger)).toBe(true);
            }
          } catch (error) {
            if (!(error instanceof ProbeError)) throw error;
          }
        }
      }
    }
  });

  test("about a sync: numbers, or nothing", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...captures),
        fc.array(fc.tuple(fc.nat(2000), fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 6 }),
        (capture, edits) => {
          let text = procDrbd(capture);
          for (const [at, words] of edits) text = text.slice(0, at) + words + text.slice(at + 1);
          for (const [minor, { percent, speed = 0 }] of parseSyncProgress(text)) {
            expect(Number.isInteger(minor)).toBe(true);
            expect([percent, speed].every((one) => Number.isFinite(one) && one >= 0)).toBe(true);
          }
        },
      ),
      { seed, numRuns: 2000, examples: [["resync-running.alpha", []]] },
    );
    expect(parseSyncProgress(" 1: cs:SyncSource\n\tsync'ed: 1.2.3% (1/2)K\n")).toEqual(new Map());
  });
});
