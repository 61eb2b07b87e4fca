import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { endWithThisProcess } from "../../provider/shell/end-with-us";

const file = join(__dirname, "..", "..", "provider", "shell", "end-with-us.ts");
let other: ChildProcess;

beforeEach(() => {
  other = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
});
afterEach(() => other.kill("SIGKILL"));

test.each(["SIGKILL", "SIGTERM"] as const)("a process that ends by %s takes the other one with it", async (signal) => {
  const script = `import(${JSON.stringify(file)}).then(({ endWithThisProcess }) => { endWithThisProcess(${other.pid!}); console.log("watched"); setInterval(() => {}, 1000) })`;
  const own = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(own.stdout, "data");
  expect(other.signalCode).toBeNull();
  const ended = once(other, "exit");
  own.kill(signal);
  expect(await ended).toEqual([null, "SIGTERM"]);
});

test("what was taken back ends nothing", async () => {
  const take = endWithThisProcess(other.pid!);
  take();
  await new Promise((wake) => setTimeout(wake, 200));
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
});
