import { readFile, readdir } from "node:fs/promises";
import { pause } from "./report";

/**
 * Whether a process's arguments (as in /proc/PID/cmdline) are those of the lab's process, a machine or the link's relay,
 * that writes this pid file.
 */
export function isLabCommandLine(commandLine: string, pidFile: string): boolean {
  const argv = commandLine.split("\0");
  const [program = "", script = ""] = argv;
  const isOurs = program.includes("qemu-system") || script.endsWith("/lab/link/relay.js");
  return argv[argv.indexOf("-pidfile") + 1] === pidFile && isOurs;
}

/**
 * The pid of the running process that wrote the file; undefined where it is gone. Numbers are used again, so a pid
 * file counts only where the process is that very one: nobody else's process is ever signalled.
 */
export async function runningProcess(pidFile: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return (await isOfPidFile(pid, pidFile)) ? pid : undefined;
}

async function isOfPidFile(pid: number, pidFile: string): Promise<boolean> {
  return isLabCommandLine(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""), pidFile);
}

/** Ends a process that still runs although its lab's folder, and with it the pid file, was removed. */
export async function killOrphan(pidFile: string): Promise<void> {
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await isOfPidFile(pid, pidFile))) process.kill(pid, "SIGKILL");
  }
}

/** Waits for a process to be gone; after `seconds` it is killed. */
export async function waitForEnd(pidFile: string, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const pid = await runningProcess(pidFile);
    if (pid === undefined) return;
    if (performance.now() > deadline) process.kill(pid, "SIGKILL");
    await pause(20);
  }
}
