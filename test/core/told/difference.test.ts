/** What `diff` makes of a look: changes or none, and what is told. */
import { differenceOf, type Look } from "../../../provider/core/told/difference";
import type { ResourceOutputs } from "../../../provider/core/told/outputs";
import { movedStates, movedVersions } from "../../../provider/core/told/moved-states";
import type { Plan } from "../../../provider/core/steps/plan";
import { removeFile } from "../../../provider/core/steps/file-steps";

const nothing: Plan = { subject: "r0", stages: [], refusals: [], warnings: ["clocks differ"], afterwards: [] };
const steps: Plan = { ...nothing, stages: [[removeFile("alpha", "/x", "written by us")]] };
const waits: Plan = { ...nothing, waits: true };
const refused: Plan = { ...nothing, warnings: [], refusals: [{ found: "both are Primary", way: "Stop one." }] };

type During = Look["during"];
type Row = [string, Plan, Partial<Look>, During, string];

/** `changes says|says warns|warns`, each by its first line. */
function differs(plan: Plan, look: Partial<Look>, during: During): string {
  const found = differenceOf({ plan, moved: [], wasMoved: false, during, ...look });
  if (found.refused) return "refused";
  const told = (texts: readonly string[]) => texts.map((text) => text.split("\n")[0]).join("|") || "-";
  return `${found.changes ? "changes" : "same"}; says ${told(found.says)}; warns ${told(found.warns)}`;
}

const moved = ["roles: alpha Primary → Secondary"];
const sync = "resync 6.3 %";
const stored = "r0: what was seen is stored, and nothing is changed on a host";

test.each<Row>([
  ["all is well", nothing, {}, "preview", "same; says -; warns clocks differ"],
  ["all is well", nothing, {}, "up", "same; says -; warns clocks differ"],
  ["steps", steps, {}, "preview", "changes; says r0: 1 step; nothing that holds data is touched; warns -"],
  ["steps: up tells them as they run", steps, {}, "up", "changes; says -; warns -"],
  ["steps, and a state that moved", steps, { moved }, "up", "changes; says -; warns -"],
  ["a sync to wait for", waits, { sync }, "preview", "changes; says r0: nothing to do but to wait; warns -"],
  ["a sync to wait for", waits, { sync }, "up", "changes; says -; warns -"],
  ["a sync that needs nothing", nothing, { sync }, "preview", `same; says r0: ${sync}; warns clocks differ`],
  ["a sync that needs nothing", nothing, { sync }, "up", "same; says -; warns clocks differ"],
  ["a state moved", nothing, { moved }, "preview", `changes; says ${stored}; warns clocks differ`],
  ["a state moved", nothing, { moved }, "up", `changes; says ${stored}; warns clocks differ`],
  [
    "a state moved, and a sync runs",
    nothing,
    { moved, sync },
    "preview",
    `changes; says ${stored}|r0: ${sync}; warns clocks differ`,
  ],
  ["a refresh has stored what moved", nothing, { wasMoved: true }, "refresh", "changes; says -; warns clocks differ"],
  ["refused", refused, {}, "preview", "refused"],
  ["refused, and a state moved", refused, { moved }, "up", "refused"],
  ["refused: a refresh goes on", refused, {}, "refresh", "same; says -; warns r0: refused; nothing was changed"],
  [
    "refused: a refresh shows what moved",
    refused,
    { wasMoved: true },
    "refresh",
    "changes; says -; warns r0: refused; nothing was changed",
  ],
])("%s (%#)", (_what, plan, look, during, expected) => {
  expect(differs(plan, look, during)).toBe(expected);
});

const seen: ResourceOutputs = {
  devicePath: "/dev/drbd1",
  roles: { alpha: "Primary", bravo: "Secondary" },
  connectionState: "Connected",
  diskStates: { alpha: "UpToDate", bravo: "UpToDate" },
  inSync: true,
  filesystemUuid: null,
  disks: {},
};

test.each<[string, Record<string, unknown>, string[]]>([
  ["the same", { ...seen }, []],
  ["the same in another order", { roles: { bravo: "Secondary", alpha: "Primary" } }, []],
  ["nothing was stored", {}, []],
  [
    "roles",
    { roles: { alpha: "Secondary", bravo: "Primary" } },
    ["roles: alpha Secondary → Primary, bravo Primary → Secondary"],
  ],
  [
    "one host's disk",
    { diskStates: { ...seen.diskStates, bravo: "Outdated" } },
    ["diskStates: bravo Outdated → UpToDate"],
  ],
  ["a host that is new", { roles: { alpha: "Primary" } }, ["roles: bravo nothing → Secondary"]],
  ["the connection", { connectionState: "Connecting" }, ["connectionState: Connecting → Connected"]],
  ["whether both are the same", { inSync: false }, ["inSync: false → true"]],
  ["what is no state that is printed as one", { disks: { alpha: {} }, filesystemUuid: "ab", inSyncPercent: 7 }, []],
])("what counts as moved: %s", (_what, before, expected) => {
  expect(movedStates(before, seen)).toEqual(expected);
});

test("of a host, a version that was not asked for is none", () => {
  const before = { kernelVersion: "6.1", moduleVersion: "8.4.11", utilsVersion: "9.22.0", backup: "" };
  const after = { kernelVersion: "6.12", moduleVersion: "unknown", utilsVersion: "9.22.0", backup: "/x" };
  expect(movedVersions(before, after)).toEqual(["kernelVersion: 6.1 → 6.12", "backup: nothing → /x"]);
});
