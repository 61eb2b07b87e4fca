import * as fc from "fast-check";
import { dataBlocks } from "./disk";
import { type Beginning, beginnings, diskWork, type Event, type HandCommand, handCommands, oddities } from "./events";
import type { Deed, History, Interruption } from "./history";
import { plainProgram, type Program } from "./pulumi";
import { chosenVersions } from "./drbd";
import type { Fault } from "./remote";

const drbd = fc.constantFrom(...chosenVersions());
const machine = fc.constantFrom<0 | 1>(0, 1);
const block = fc.integer({ min: 1, max: dataBlocks - 1 });

const hand = fc.constant("hand" as const);
const onBoth = fc.constant("hand on both" as const);

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("time" as const), turns: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("cut link" as const, "restore link" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("cut power" as const, "boot" as const, "reboot" as const),
      on: machine,
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: hand, on: machine, command: fc.constantFrom(...handCommands) }) },
  { weight: 3, arbitrary: fc.record({ kind: hand, on: machine, command: fc.constantFrom(...diskWork) }) },
  { weight: 1, arbitrary: fc.record({ kind: hand, on: machine, command: fc.constantFrom(...oddities) }) },
  { weight: 1, arbitrary: fc.record({ kind: onBoth, command: fc.constantFrom(...handCommands, ...diskWork) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), on: machine, block }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("torn write" as const),
      on: machine,
      block,
      where: fc.constantFrom("here" as const, "there" as const),
    }),
  },
);

const faults: readonly Fault[] = [
  "fails",
  "fails after it took effect",
  "dropped before",
  "dropped after",
  "dropped while it runs",
];

const interruption: fc.Arbitrary<Interruption> = fc.record({
  at: fc.integer({ min: 0, max: 80 }),
  what: fc.oneof(
    { weight: 5, arbitrary: event },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("fault" as const), fault: fc.constantFrom(...faults) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("the process dies" as const) }) },
  ),
});

/** A move has some thirty moments. */
const interruptionsOfMove = fc.array(
  interruption.map((one) => ({ ...one, at: one.at % 32 })),
  { minLength: 1, maxLength: 3 },
);
const interruptions = fc.array(interruption, { maxLength: 4 });
const quiet = fc.constant([] as Interruption[]);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("event" as const), event }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("up" as const), interruptions }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("preview" as const, "the state is lost" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("discard" as const), on: machine }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("give up" as const), on: machine }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("refresh" as const, "destroy" as const), interruptions }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("program" as const),
      change: fc.oneof(
        fc.record({ protocol: fc.constantFrom<Program["protocol"]>("A", "C") }),
        fc.record({ syncSource: fc.constantFrom<Program["syncSource"]>("alpha", "bravo") }),
        { weight: 3, arbitrary: fc.record({ primary: fc.constantFrom(undefined, "alpha", "bravo") }) },
        fc.record({ maxBuffers: fc.constantFrom(2048, 8000) }),
        { weight: 3, arbitrary: fc.record({ formatted: fc.boolean() }) },
        fc.record({ keeps: fc.boolean() }),
        fc.record({ metadataApart: fc.boolean() }),
        fc.constant({ discard: {} }),
      ),
    }),
  },
);

/** Most pairs begin on blank disks: the others end in a refusal soon. */
const beginning: fc.Arbitrary<Beginning> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Beginning>("blank") },
  { weight: 2, arbitrary: fc.constantFrom(...beginnings) },
);

const program: fc.Arbitrary<Program> = fc.record({
  protocol: fc.constantFrom<Program["protocol"]>("C", "C", "A"),
  syncSource: fc.constantFrom<Program["syncSource"]>("alpha", "alpha", "bravo"),
  primary: fc.constantFrom<Program["primary"]>(undefined, undefined, undefined, "alpha", "bravo"),
  formatted: fc.constantFrom(true, true, true, false),
  maxBuffers: fc.constant(2048),
  keeps: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
  fenced: fc.constantFrom(true, true, false),
  discard: fc.constant({}),
  metadataApart: fc.constantFrom(false, false, true),
});

const happens = (...events: readonly Event[]): Deed[] => events.map((one) => ({ kind: "event", event: one }));
const byHand = (on: 0 | 1, command: HandCommand): Event => ({ kind: "hand", on, command });

const splitBrain = happens(
  { kind: "cut link" },
  byHand(1, "primary --force"),
  byHand(1, "mount"),
  { kind: "write", on: 0, block: 1 },
  { kind: "write", on: 1, block: 2 },
  { kind: "restore link" },
  { kind: "time", turns: 2 },
);

/** Another place for the metadata is named for a pair that is down and that nobody knows, and all that is there may go. */
const newPlace = (metadataApart: boolean): Deed[] => [
  ...happens({ kind: "time", turns: 8 }, { kind: "write", on: 0, block: 1 }, byHand(0, "umount")),
  ...happens({ kind: "hand on both", command: "down" }),
  { kind: "program", change: { metadataApart } },
  { kind: "the state is lost" },
  { kind: "discard", on: 0 },
  { kind: "discard", on: 1 },
  { kind: "up", interruptions: [] },
];

/** What chance alone would seldom bring about. */
const stories: readonly Deed[][] = [
  // Both sides are written to, neither sees the other, and then they meet.
  splitBrain,
  [...splitBrain, ...happens(byHand(1, "give up what is here"), { kind: "time", turns: 2 })],
  // A person decides in the program.
  ...([0, 1] as const).map((on): Deed[] => [
    ...splitBrain,
    { kind: "give up", on },
    ...happens(byHand(on, "umount"), byHand(on, "secondary")),
    { kind: "up", interruptions: [] },
  ]),
  // A failover, and the old Primary comes back.
  happens(
    { kind: "write", on: 0, block: 1 },
    { kind: "cut power", on: 0 },
    byHand(1, "primary --force"),
    byHand(1, "mount"),
    { kind: "write", on: 1, block: 1 },
    { kind: "boot", on: 0 },
  ),
  // A sync that is not finished when its source goes.
  happens(
    { kind: "cut link" },
    { kind: "write", on: 0, block: 1 },
    { kind: "write", on: 0, block: 2 },
    { kind: "restore link" },
    { kind: "time", turns: 1 },
    { kind: "cut power", on: 0 },
  ),
  // Both hosts get DRBD 9, in the order that we tell.
  happens(
    { kind: "time", turns: 8 },
    { kind: "write", on: 0, block: 1 },
    { kind: "hand on both", command: "umount" },
    { kind: "hand on both", command: "secondary" },
    { kind: "both get DRBD 9" },
  ),
  newPlace(true),
  newPlace(false),
];
const story = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Deed[]>([]) },
  { weight: 1, arbitrary: fc.constantFrom(...stories) },
);

export const arbitraryHistory: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.tuple(beginning, beginning),
  program,
  restless: fc.boolean(),
  deeds: fc
    .tuple(
      fc.record({ kind: fc.constant("up" as const), interruptions: fc.oneof(quiet, interruptions) }),
      story,
      fc.array(deed, { maxLength: 10, size: "max" }),
    )
    .map(([first, told, more]) => [first, ...told, ...more]),
});

/** A first up during which somebody works on a disk: what was seen is not what is there. */
export const arbitraryRace: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.tuple(beginning, beginning),
  program,
  restless: fc.boolean(),
  deeds: fc
    .tuple(
      fc.constantFrom<Deed[]>([], [{ kind: "discard", on: 0 }], [{ kind: "discard", on: 1 }]),
      fc.record({
        at: fc.integer({ min: 5, max: 100 }),
        what: fc.record({ kind: hand, on: machine, command: fc.constantFrom(...diskWork) }),
      }),
    )
    .map(([before, work]) => [...before, { kind: "up", interruptions: [work] }]),
});

/** An up dies half-way, and somebody goes on from there on the other host, by force, with data of his own. */
export const arbitraryTakeover: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, syncSource: "alpha" as const, formatted: true, keeps: false })),
  restless: fc.boolean(),
  deeds: fc
    // Around the step between `primary --force` and mkfs, counted from the beginning of a first up.
    .tuple(fc.integer({ min: 70, max: 105 }), fc.integer({ min: 1, max: 8 }))
    .map(([at, turns]) => [
      { kind: "up", interruptions: [{ at, what: { kind: "the process dies" } }] },
      ...happens(
        { kind: "time", turns },
        { kind: "cut link" },
        byHand(1, "primary --force"),
        { kind: "write", on: 1, block: 1 },
        byHand(0, "give up what is here"),
        { kind: "restore link" },
        { kind: "time", turns: 8 },
        byHand(0, "move here"),
      ),
    ]),
});

/** It moves from side to side by `up`, with a service that may hang in its stop, while somebody else is at work on the hosts. */
export const arbitrarySwitch: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, formatted: true, keeps: false, metadataApart: false, served: true })),
  restless: fc.boolean(),
  deeds: fc
    .array(
      fc.tuple(
        fc.record({
          kind: fc.constant("program" as const),
          change: fc.record({ primary: fc.constantFrom<Program["primary"]>("alpha", "bravo") }),
        }),
        fc.oneof(
          fc.constant<Deed[]>([]),
          fc
            .record({ kind: fc.constantFrom("the service hangs" as const, "the service stops" as const), on: machine })
            .map((one) => happens(one)),
          event.map((one) => happens(one)),
        ),
        fc.oneof(
          {
            weight: 3,
            arbitrary: fc.record({
              kind: fc.constant("up" as const),
              interruptions: fc.oneof(quiet, interruptionsOfMove),
            }),
          },
          {
            weight: 1,
            arbitrary: fc.record({
              kind: fc.constant("two ups" as const),
              other: fc.record({ primary: fc.constantFrom<Program["primary"]>("alpha", "bravo") }),
              interruptions: fc.oneof(quiet, interruptionsOfMove),
              ofOther: fc.oneof(quiet, interruptionsOfMove),
            }),
          },
        ),
        fc
          .record({ on: machine, written: block })
          .map(({ on, written }) => happens({ kind: "write", on, block: written }, { kind: "time", turns: 6 })),
      ),
      { minLength: 1, maxLength: 4, size: "max" },
    )
    .map((moves): Deed[] => [
      { kind: "up", interruptions: [] },
      ...happens({ kind: "time", turns: 8 }),
      ...moves.flatMap(([change, before, up, after]): Deed[] => [change, ...before, up, ...after]),
    ]),
});

/** A disk with somebody's data stands in for the one whose metadata is elsewhere, and its peer goes on being written to. */
export const arbitrarySwap: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, syncSource: "alpha" as const, keeps: false, metadataApart: true })),
  restless: fc.boolean(),
  deeds: fc
    .record({
      command: fc.constantFrom<HandCommand>("another pair's disk", "a disk with data", "a disk with ext4"),
      block,
    })
    .map(({ command, block: written }) => [
      { kind: "up", interruptions: [] },
      ...happens({ kind: "time", turns: 8 }, byHand(1, command)),
      { kind: "up", interruptions: [] },
      ...happens({ kind: "write", on: 0, block: written }, { kind: "time", turns: 8 }),
    ]),
});

/** Somebody mounts the disk itself while the pair is down. */
export const arbitraryMount: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, formatted: true, keeps: false })),
  restless: fc.boolean(),
  deeds: machine.map((on) => [
    { kind: "up", interruptions: [] },
    ...happens({ kind: "time", turns: 8 }, { kind: "hand on both", command: "umount" }),
    ...happens({ kind: "hand on both", command: "down" }, byHand(on, "mount the disk itself")),
  ]),
});

/** A pair that somebody made by hand is taken over, running or down. Its node ids are none that we would choose. */
export const arbitraryAdoption: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, keeps: false, metadataApart: false, syncSource: "alpha" as const })),
  restless: fc.boolean(),
  deeds: fc
    .record({
      ids: fc.constantFrom<readonly [number, number]>([0, 1], [1, 0], [1, 2], [3, 0]),
      down: fc.constantFrom<readonly (0 | 1)[]>([], [], [1], [0, 1]),
      interruptions: fc.oneof(quiet, interruptions),
      more: fc.array(deed, { maxLength: 4, size: "max" }),
    })
    .map(({ ids, down, interruptions: between, more }): Deed[] => [
      { kind: "a pair is made by hand", ids },
      ...happens({ kind: "write", on: 0, block: 1 }),
      ...happens(...down.flatMap((on) => [byHand(on, "umount"), byHand(on, "secondary"), byHand(on, "down")])),
      { kind: "up", interruptions: between },
      ...happens({ kind: "write", on: 0, block: 2 }),
      ...more,
    ]),
});

const picks = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 7, maxLength: 7 });
const maybe = (deeds: readonly Deed[]): fc.Arbitrary<readonly Deed[]> => fc.constantFrom<readonly Deed[]>([], deeds);

/** One side is ahead of the other, which is down or cut off. A person follows every message to the letter. */
export const arbitraryObedience: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, formatted: true, keeps: false, protocol: "C" as const })),
  restless: fc.constant(false),
  deeds: fc
    .record({
      on: machine,
      parted: fc.constantFrom<"down" | "link" | "power" | "takeover">("down", "link", "power", "takeover"),
      down: fc.tuple(fc.boolean(), fc.boolean()),
      grown: fc.constantFrom<readonly (0 | 1)[]>([], [], [0], [1], [0, 1]),
      size: maybe(happens(byHand(0, "lose the size file"), byHand(1, "lose the size file"))),
      gone: fc.constantFrom<readonly Deed[]>(
        [],
        [{ kind: "the state is lost" }],
        [{ kind: "destroy", interruptions: [] }],
        [{ kind: "destroy", interruptions: [] }, { kind: "the state is lost" }],
      ),
      source: fc.constantFrom<Program["syncSource"]>("alpha", "bravo"),
      linked: fc.boolean(),
      upgraded: fc.constantFrom(true, false, false),
      picks,
    })
    .map(({ on: ahead, parted, down, grown, size, gone, source, linked, upgraded, picks: numbers }): Deed[] => {
      const behind = ahead === 0 ? 1 : 0;
      const off = (on: 0 | 1): Event[] => [byHand(on, "umount"), byHand(on, "secondary"), byHand(on, "down")];
      const parting: Readonly<Record<typeof parted, readonly Event[]>> = {
        down: [byHand(ahead, "move here"), byHand(behind, "down")],
        link: [byHand(ahead, "move here"), { kind: "cut link" }],
        power: [byHand(ahead, "move here"), { kind: "cut power", on: behind }],
        takeover: [byHand(behind, "move here"), { kind: "cut power", on: behind }, byHand(ahead, "primary --force")],
      };
      return [
        { kind: "up", interruptions: [] },
        ...happens({ kind: "time", turns: 8 }, { kind: "write", on: 0, block: 1 }, ...parting[parted]),
        ...happens(byHand(ahead, "mount"), { kind: "write", on: ahead, block: 1 }),
        { kind: "the newest copy", on: ahead },
        ...happens(...([0, 1] as const).filter((on) => down[on]).flatMap(off)),
        ...happens({ kind: "boot", on: behind }),
        ...happens(...(upgraded ? [{ kind: "both get DRBD 9" } as const] : [])),
        ...happens(...grown.map((on) => byHand(on, "grow the disk"))),
        ...gone,
        // One note of where the metadata was must be left: DRBD's own, or the stack's state.
        ...(gone.length === 0 ? size : []),
        ...happens(...(linked ? [{ kind: "restore link" } as const] : [])),
        { kind: "program", change: { syncSource: source } },
        { kind: "obey", picks: numbers },
      ];
    }),
});

/** Data to keep, and a peer that comes back from a power cut with another pair's disk, which somebody put in while up ran. */
export const arbitraryKeeping: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["xfs with room behind it", "blank"]),
  program: program.map((one) => ({ ...one, syncSource: "alpha" as const, keeps: true })),
  restless: fc.boolean(),
  deeds: fc
    .integer({ min: 5, max: 70 })
    .map((at) => [
      { kind: "up", interruptions: [{ at, what: byHand(1, "another pair's disk") }] },
      ...happens({ kind: "cut power", on: 1 }, { kind: "boot", on: 1 }, { kind: "time", turns: 8 }),
    ]),
});

/** A pair that somebody made by hand is taken over, changed or not, and destroyed, perhaps by a run that is stopped before. */
export const arbitraryReturn: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: fc.constant<Program>({ ...plainProgram, discard: {} }),
  restless: fc.constant(false),
  deeds: fc
    .record({
      ids: fc.constantFrom<readonly [number, number]>([0, 1], [1, 0], [1, 2], [3, 0]),
      change: fc.constantFrom<Partial<Program>>({}, {}, {}, { protocol: "A" }, { maxBuffers: 4096 }, { fenced: false }),
      meanwhile: fc.array(event, { maxLength: 2 }),
      stopped: fc.oneof(
        fc.constant([]),
        interruptions.map((some): Deed[] => [{ kind: "destroy", interruptions: some }]),
      ),
    })
    .map(({ ids, change, meanwhile, stopped }): Deed[] => [
      { kind: "a pair is made by hand", ids },
      { kind: "up", interruptions: [] },
      ...happens({ kind: "write", on: 0, block: 1 }),
      { kind: "program", change },
      { kind: "up", interruptions: [] },
      ...happens(...meanwhile),
      ...stopped,
      { kind: "destroy", interruptions: [] },
      ...happens({ kind: "write", on: 0, block: 2 }, { kind: "time", turns: 4 }),
    ]),
});

/** Without a first sync. Some disks hold what only a read of all of it meets. */
export const skipping = (histories: fc.Arbitrary<History>): fc.Arbitrary<History> =>
  fc
    .tuple(
      histories,
      fc.tuple(
        ...([0, 1] as const).map(() =>
          fc.option(fc.constant<Beginning>("data that no sample meets"), { freq: 6, nil: undefined }),
        ),
      ),
    )
    .map(([history, [first, second]]) => ({
      ...history,
      program: { ...history.program, skips: true },
      beginnings: [first ?? history.beginnings[0], second ?? history.beginnings[1]],
    }));

/** Two people begin a pair at once, of whom one may be stopped. */
export const arbitraryBeginnings: fc.Arbitrary<History> = fc.record({
  drbd,
  beginnings: fc.constant<History["beginnings"]>(["blank", "blank"]),
  program: program.map((one) => ({ ...one, keeps: false })),
  restless: fc.boolean(),
  deeds: fc
    .tuple(
      fc.oneof(quiet, interruptions),
      fc.oneof(
        quiet,
        fc.integer({ min: 60, max: 115 }).map((at): Interruption[] => [{ at, what: { kind: "the process dies" } }]),
      ),
    )
    .map(([between, ofOther]): Deed[] => [{ kind: "two ups", other: {}, interruptions: between, ofOther }]),
});
