import { readFile, readdir } from "node:fs/promises";
import { pause } from "./report";

/** Whether a process's arguments (as in /proc/PID/cmdline) are those of the machine that writes this pid file. */
export function isMachineCommandLine(commandLine: string, pidFile: string): boolean {
  const argv = commandLine.split("\0");
  return argv[argv.indexOf("-pidfile") + 1] === pidFile && (argv[0] ?? "").includes("qemu-system");
}

/**
 * The pid of the running machine that wrote the file; undefined where it is gone. Numbers are used again, so a pid
 * file counts only where the process is that very machine: nobody else's process is ever signalled.
 */
export async function runningMachine(pidFile: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return (await isMachine(pid, pidFile)) ? pid : undefined;
}

async function isMachine(pid: number, pidFile: string): Promise<boolean> {
  return isMachineCommandLine(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""), pidFile);
}

/** Ends a machine that still runs although its lab's folder, and with it the pid file, was removed. */
export async function killOrphan(pidFile: string): Promise<void> {
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await isMachine(pid, pidFile))) process.kill(pid, "SIGKILL");
  }
}

/** Waits for a machine's process to be gone; after `seconds` it is killed. */
export async function waitForEnd(pidFile: string, seconds: number): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const pid = await runningMachine(pidFile);
    if (pid === undefined) return;
    if (performance.now() > deadline) process.kill(pid, "SIGKILL");
    await pause(20);
  }
}
