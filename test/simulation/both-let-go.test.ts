import { type History, live } from "./history";
import { plainProgram } from "./pulumi";

/** Found by chance (SEED=443213858): the law took the file of the run that was cut for a sign of whose the disks are. */
const history: History = {
  drbd: "8.4",
  beginnings: ["blank", "blank"],
  program: plainProgram,
  restless: false,
  deeds: [
    { kind: "up", interruptions: [] },
    { kind: "event", event: { kind: "time", turns: 8 } },
    { kind: "event", event: { kind: "write", on: 0, block: 1 } },
    { kind: "event", event: { kind: "hand", on: 0, command: "umount" } },
    { kind: "event", event: { kind: "hand on both", command: "down" } },
    { kind: "program", change: { metadataApart: true } },
    { kind: "the state is lost" },
    { kind: "discard", on: 0 },
    { kind: "discard", on: 1 },
    { kind: "up", interruptions: [] },
    { kind: "event", event: { kind: "hand on both", command: "remove the file" } },
    { kind: "up", interruptions: [{ at: 6, what: { kind: "fault", fault: "dropped after" } }] },
  ],
};

test("who names both copies, where nobody knows any more whose they are, has let go of both: also if the run is cut between them", async () => {
  expect(await live(history)).toMatchObject({ broken: [], end: { kind: "done" } });
});

test("as long as the files say whose they are, the same two names are refused", async () => {
  const { deeds } = history;
  const asFound = deeds.filter(
    (deed) =>
      !(deed.kind === "event" && deed.event.kind === "hand on both" && deed.event.command === "remove the file"),
  );
  expect(await live({ ...history, deeds: asFound })).toMatchObject({ broken: [], end: { kind: "refused" } });
});
