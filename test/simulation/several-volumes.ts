/** Histories of one volume, lived through by a resource with one to three, which come and go. */
import * as fc from "fast-check";
import type { Event, HandCommand } from "./events";
import type { Deed, History, Interruption } from "./history";
import { mostVolumes } from "./volume";

/** What a person does to one volume, where the rest of what is typed is for the whole resource. */
const ofOneVolume: readonly HandCommand[] = [
  "mount",
  "umount",
  "mkfs",
  "lose the size file",
  "mount the disk itself",
  "unmount the disk itself",
  "convert the metadata",
  "read the device",
  "stop reading the device",
  "create-md --force",
  "create-md, and yes",
  "wipe-md --force",
  "wipe the disk",
  "a blank disk",
  "a disk with ext4",
  "a disk with data",
  "another pair's disk",
  "grow the disk",
  "a blank disk for the metadata",
];
/** Of DRBD 8.4 each volume has a role, so that they can be named alone. */
const ofOneOrAll: readonly HandCommand[] = ["primary", "primary --force", "secondary"];

function inVolume(event: Event, volume: number): Event {
  switch (event.kind) {
    case "write":
    case "torn write":
      return { ...event, volume };
    case "hand":
    case "hand on both":
      if (ofOneVolume.includes(event.command)) return { ...event, volume };
      return ofOneOrAll.includes(event.command) && volume > 0 ? { ...event, volume } : event;
    default:
      return event;
  }
}

const isEvent = (what: Interruption["what"]): what is Event =>
  what.kind !== "fault" && what.kind !== "the process dies";

/** Each event befalls the next of the volumes that were drawn. */
function spread(deeds: readonly Deed[], volumes: readonly number[]): Deed[] {
  let count = 0;
  const next = (event: Event): Event => inVolume(event, volumes[count++ % volumes.length] ?? 0);
  return deeds.map((deed): Deed => {
    if (deed.kind === "event") return { ...deed, event: next(deed.event) };
    if (!("interruptions" in deed)) return deed;
    const interruptions = deed.interruptions.map(({ at, what }) => ({ at, what: isEvent(what) ? next(what) : what }));
    return { ...deed, interruptions };
  });
}

const all = Array.from({ length: mostVolumes }, (_, number) => number);
const some = fc.subarray(all, { minLength: 1 });
const several = fc.subarray(all, { minLength: 2 });
const each = fc.array(fc.constantFrom(...all), { minLength: 8, maxLength: 8 });

/** `come and go`: the program gets and loses volumes on the way. */
export function withVolumes(histories: fc.Arbitrary<History>, how: "stay" | "come and go"): fc.Arbitrary<History> {
  const changes = fc.array(fc.record({ at: fc.nat({ max: 6 }), volumes: some }), {
    maxLength: how === "stay" ? 0 : 3,
  });
  return fc
    .record({
      history: histories,
      volumes: how === "stay" ? several : some,
      changes,
      each,
      begun: fc.constantFrom(...all),
    })
    .map(({ history, volumes, changes: changed, each: picks, begun }): History => {
      const deeds = spread(history.deeds, picks);
      for (const { at, volumes: to } of changed)
        deeds.splice(1 + at, 0, { kind: "program", change: { volumes: to } }, { kind: "up", interruptions: [] });
      const program = { ...history.program, volumes };
      return { ...history, program, deeds, volumes: mostVolumes, begun };
    });
}
