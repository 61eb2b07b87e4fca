import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isLabCommandLine, killOrphan, runningProcess } from "../../lab/processes";

const line = (...argv: string[]) => `${argv.join("\0")}\0`;

describe("whether a process is a lab's", () => {
  test("it is by its program and its pid file, not by its number", () => {
    const pidFile = "/lab/alpha.pid";
    expect(isLabCommandLine(line("qemu-system-x86_64", "-pidfile", pidFile, "-S"), pidFile)).toBe(true);
    expect(isLabCommandLine(line("qemu-system-x86_64", "-pidfile", "/other/alpha.pid"), pidFile)).toBe(false);
    expect(isLabCommandLine(line("vi", "-pidfile", pidFile), pidFile)).toBe(false);
    expect(isLabCommandLine(line("/bin/node", "/x/dist/lab/link/relay.js", "-pidfile", pidFile), pidFile)).toBe(true);
    expect(isLabCommandLine(line("/bin/node", "/x/dist/lab/link/other.js", "-pidfile", pidFile), pidFile)).toBe(false);
    expect(isLabCommandLine("", pidFile)).toBe(false);
  });

  test("a stale pid file names nobody, and whoever has the number now is left alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-pid-"));
    const pidFile = join(folder, "alpha.pid");
    const bystander = spawn("sleep", ["60"]);
    try {
      for (const text of ["", "nonsense\n", "-1\n", "1\n", "999999999\n", `${bystander.pid}\n`]) {
        await writeFile(pidFile, text);
        expect(await runningProcess(pidFile)).toBeUndefined();
      }
      await killOrphan(pidFile);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally {
      bystander.kill();
      await rm(folder, { recursive: true });
    }
  });

  test("a machine is found by its pid file, and ended where that is gone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-pid-"));
    const pidFile = join(folder, "alpha.pid");
    // A stand-in that bears a machine's name and arguments.
    const machine = spawn("sh", ["-c", "read line", "-pidfile", pidFile], { argv0: "qemu-system-x86_64" });
    const ended = once(machine, "exit");
    try {
      await once(machine, "spawn");
      await writeFile(pidFile, `${machine.pid}\n`);
      expect(await runningProcess(pidFile)).toBe(machine.pid);
      await rm(pidFile);
      expect(await runningProcess(pidFile)).toBeUndefined();
      await killOrphan(pidFile);
      await ended;
      expect(machine.signalCode).toBe("SIGKILL");
    } finally {
      machine.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });
});
