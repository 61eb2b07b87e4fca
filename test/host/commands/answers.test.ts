/** The program by which drbd-takeover tries an address, on this machine's own network. */
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const program = join(__dirname, "../../../provider/host/commands/parts/answers.pl");
const tried = (...argv: string[]): string => spawnSync("perl", [program, ...argv], { encoding: "utf8" }).stdout;

test("an address of this host's own says nothing of the peer, whatever listens there", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as { port: number };
  const said = ["127.0.0.1", "127.0.0.2"].map((at) => tried(at, String(port)));
  server.close();
  expect(said).toEqual(["127.0.0.1 - own\n", "127.0.0.2 - own\n"]);
});

test("a name without an address", () => {
  expect(tried("nothing.invalid", "22")).toBe("nothing.invalid - unknown\n");
});
