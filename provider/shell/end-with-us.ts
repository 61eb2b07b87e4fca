import { spawn } from "node:child_process";

/**
 * Ends another process as soon as this one has ended, in whatever way: also by `kill -9`, after which nothing of ours runs.
 * A shell waits for the end of a pipe that only this process holds open. Returns what takes that back.
 */
export function endWithThisProcess(pid: number): () => void {
  const script = 'read -r _; kill "$0"';
  // Detached: what is meant for this process' group (Ctrl-C) is not meant for it.
  const watcher = spawn("sh", ["-c", script, String(pid)], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  watcher.on("error", () => undefined); // Without a shell, it goes as it went before.
  watcher.stdin.on("error", () => undefined);
  watcher.unref();
  return () => watcher.kill("SIGKILL");
}
