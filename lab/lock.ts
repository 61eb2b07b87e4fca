import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Runs `work` while holding a lock on `file`. The lock is flock(1)'s, held by a child that lives as long as its stdin
 * is open: however this process ends, the kernel gives the lock back, so there are no stale locks.
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    // In its own process group, so that a ^C at the terminal does not take the lock from under our clean-up.
    detached: true,
  });
  const ended = new Promise<void>((resolve) =>
    holder.once("close", () => {
      resolve();
    }),
  );
  const waiting = setTimeout(onWait, 500);
  try {
    await new Promise<void>((resolve, reject) => {
      holder.once("error", reject);
      holder.once("close", () => {
        reject(new Error(`cannot lock ${file}`));
      });
      holder.stdout.once("data", () => {
        resolve();
      });
    });
    clearTimeout(waiting);
    return await work();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    await ended;
  }
}
