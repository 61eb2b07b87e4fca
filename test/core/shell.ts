/** Generated scripts in a real sh, as the SSH session hands them over: on standard input. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ShellResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function sh(script: string): ShellResult {
  const { status, stdout, stderr, error } = spawnSync("sh", ["-s"], {
    input: script,
    encoding: "utf8",
    timeout: 20_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  return { exit: status, stdout, stderr };
}

/** A script with its arguments, as a unit of systemd's has it: `sh -c SCRIPT NAME ARGUMENT…`. */
export function shCommand(script: string, [name, ...words]: readonly [string, ...string[]]): ShellResult {
  const { status, stdout, stderr, error } = spawnSync("sh", ["-c", script, name, ...words], {
    encoding: "utf8",
    timeout: 20_000,
  });
  if (error !== undefined) throw error;
  return { exit: status, stdout, stderr };
}

/** A folder that is gone after the tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Another text in the place of each `from`; at least one must be there, so that no test runs the wrong script unnoticed. */
export function replaced(script: string, from: string, to: string): string {
  if (!script.includes(from)) throw new Error(`the script has no ${JSON.stringify(from)}`);
  return script.replaceAll(from, to);
}

/** The lock and the output of steps in a folder of the test's own. */
export const lockedIn = (folder: string, script: string): string => replaced(script, "/run/pulumi-drbd", folder);

/** Plain files pass for block devices. */
export const filesAsDisks = (script: string): string => replaced(script, " -b ", " -f ");

/** Commands of the test's own before all others. Each is the body of a shell script. */
export function withTools(folder: string, script: string, tools: Readonly<Record<string, string>>): string {
  const place = join(folder, "bin");
  mkdirSync(place, { recursive: true });
  for (const [name, body] of Object.entries(tools)) {
    writeFileSync(join(place, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(place, name), 0o755);
  }
  return replaced(script, "PATH=/usr/local/sbin:", `PATH=${place}:/usr/local/sbin:`);
}
