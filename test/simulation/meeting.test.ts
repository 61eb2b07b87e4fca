import { type History, live } from "./history";
import { plainProgram } from "./pulumi";

/** Found by chance (SEED=564628274): `up` was done before the two had met, and they parted right after it. */
const history: History = {
  drbd: "9",
  beginnings: ["blank", "blank"],
  program: { ...plainProgram, primary: "bravo" },
  restless: false,
  deeds: [
    { kind: "up", interruptions: [] },
    { kind: "event", event: { kind: "hand", on: 1, command: "reinstall the host" } },
    { kind: "event", event: { kind: "hand", on: 0, command: "primary --force" } },
  ],
};

test("what an up brings up meets its peer before it is done: a pair that parts then is refused, and not told to be well", async () => {
  expect(await live(history)).toMatchObject({ broken: [], end: { kind: "refused" } });
});
