/** Histories of what the lab can do too, each after a first up. */
import * as fc from "fast-check";
import type { Event, HandCommand } from "../../simulation/events";
import type { Deed } from "../../simulation/history";

const on = fc.constantFrom<0 | 1>(0, 1);
const commands: readonly HandCommand[] = [
  "up",
  "down",
  "adjust",
  "connect",
  "disconnect",
  "primary",
  "primary --force",
  "secondary",
  "mount",
  "umount",
  "move here",
  "give up what is here",
  "wipe the disk",
];

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constantFrom("cut link" as const, "restore link" as const) }),
  fc.record({ kind: fc.constantFrom("cut power" as const, "boot" as const), on }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("hand" as const), on, command: fc.constantFrom(...commands) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("write" as const), on, block: fc.integer({ min: 1, max: 3 }) }),
  },
);

const run = (kind: "up" | "destroy"): Deed => ({ kind, interruptions: [] });

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: event.map((one) => ({ kind: "event", event: one }) as const) },
  { weight: 3, arbitrary: fc.constant(run("up")) },
  { weight: 1, arbitrary: fc.constant(run("destroy")) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("A" as const, "C" as const)
      .map((protocol) => ({ kind: "program", change: { protocol } }) as const),
  },
);

export const arbitraryDeeds: fc.Arbitrary<readonly Deed[]> = fc
  .array(deed, { minLength: 3, maxLength: 8 })
  .map((deeds) => [run("up"), ...deeds, run("up")]);
