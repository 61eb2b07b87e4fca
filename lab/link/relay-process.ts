import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cloneFolder } from "../folders";
import { killOrphan, runningProcess, waitForEnd } from "../processes";
import { READY, type RelaySettings } from "./relay";

const START_SECONDS = 30;

function pidFile(folder: string): string {
  return join(folder, "link.pid");
}

export async function relayRuns(folder: string): Promise<boolean> {
  return (await runningProcess(pidFile(folder))) !== undefined;
}

/** The compiled one, since it runs by itself in plain Node, beside tests that are not compiled. */
export function relayProgram(): string {
  const program = join(cloneFolder(), "dist", "lab", "link", "relay.js");
  if (!existsSync(program)) throw new Error("the link's relay is not compiled: run `npm run build`, then try again");
  return program;
}

/** A relay that carries frames when this returns, and outlives this process. */
export async function startRelay(folder: string, settings: RelaySettings): Promise<void> {
  await stopRelay(folder);
  const argv = [relayProgram(), "-pidfile", pidFile(folder), JSON.stringify(settings)];
  const child = spawn(process.execPath, argv, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (what: string) => {
        reject(new Error(`the link's relay ${what}; try again. ${said.trim()}`.trim()));
      };
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        fail(`was not ready within ${START_SECONDS} s`);
      }, START_SECONDS * 1000);
      child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.stdout.on("data", (chunk: Buffer) => {
        if (!chunk.toString().includes(READY)) return;
        clearTimeout(timer);
        resolve();
      });
      child.once("error", reject);
      child.once("close", (exit) => {
        clearTimeout(timer);
        fail(`ended with exit ${exit}`);
      });
    });
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

/** Ends it, with every frame that is under way. */
export async function stopRelay(folder: string): Promise<void> {
  const file = pidFile(folder);
  const pid = await runningProcess(file);
  if (pid === undefined) await killOrphan(file);
  else process.kill(pid, "SIGTERM");
  await waitForEnd(file, 5);
  await rm(file, { force: true });
}
