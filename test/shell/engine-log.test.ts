import { FakeEngine } from "../stub/fake-engine";

type EngineLog = typeof import("../../provider/shell/engine-log");

const urn = "urn:pulumi:oslo::pulumi-drbd::pulumi-nodejs:dynamic/drbd:DrbdResource::r0";
const { argv } = process;
let engine: FakeEngine;

beforeAll(async () => {
  engine = await FakeEngine.start();
});

afterEach(() => {
  process.argv = argv;
  engine.said.length = 0;
});

afterAll(() => {
  engine.stop();
});

/** The module as a provider's process has it that was started with these arguments. */
function startedWith(...given: string[]): EngineLog {
  process.argv = [argv[0]!, argv[1]!, ...given];
  jest.resetModules();
  return jest.requireActual<EngineLog>("../../provider/shell/engine-log");
}

test("what is said arrives on the resource's row, in the order in which it was said", async () => {
  const { tell, told } = startedWith(engine.address);
  tell(urn, "r0: 11 steps");
  for (let percent = 0; percent < 20; percent++) tell(urn, `sync ${percent} %`, { ephemeral: true });
  tell(urn, "the disks differ in size", { severity: "warning" });
  tell(undefined, "for the whole stack");
  await told();
  expect(engine.said).toEqual([
    { urn, message: "r0: 11 steps", severity: "info", ephemeral: false },
    ...Array.from({ length: 20 }, (_, percent) => ({
      urn,
      message: `sync ${percent} %`,
      severity: "info",
      ephemeral: true,
    })),
    { urn, message: "the disks differ in size", severity: "warning", ephemeral: false },
    { urn: "", message: "for the whole stack", severity: "info", ephemeral: false },
  ]);
});

test.each([[[]], [["--watch"]], [["not an address"]]])(
  "without an engine (%j) nothing is said, and nothing fails",
  async (given) => {
    const { tell, told } = startedWith(...given);
    tell(urn, "to nobody");
    await told();
    expect(engine.said).toEqual([]);
  },
);

test("an engine that is gone stops nothing", async () => {
  const gone = await FakeEngine.start();
  gone.stop();
  const { tell, told } = startedWith(gone.address);
  tell(urn, "to nobody");
  tell(urn, "to nobody either");
  await told();
});
