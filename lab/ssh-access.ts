import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { execute, type CommandOptions, type Outcome } from "./command";
import { MACHINES, type MachineName, type Ports, machineFiles } from "./machines";
import { pause } from "./report";

export function accessFiles(folder: string) {
  return { key: join(folder, "key"), knownHosts: join(folder, "known_hosts"), config: join(folder, "ssh_config") };
}

/** `ssh -F <folder>/ssh_config alpha` is then all that a person, scp or Ansible needs. */
export async function writeAccessFiles(folder: string, ports: Record<MachineName, Ports>): Promise<void> {
  const { key, knownHosts, config } = accessFiles(folder);
  const known: string[] = [];
  const entries: string[] = [];
  for (const name of MACHINES) {
    const hostKey = await readHostKey(folder, name);
    known.push(`[127.0.0.1]:${ports[name].ssh} ${hostKey}\n`);
    entries.push(
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports[name].ssh}\n  User root\n` +
        `  IdentityFile "${key}"\n  IdentitiesOnly yes\n  IdentityAgent none\n` +
        `  UserKnownHostsFile "${knownHosts}"\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n` +
        // The default key exchange is slow on an emulated processor.
        `  KexAlgorithms curve25519-sha256\n  LogLevel ERROR\n  ConnectTimeout 20\n` +
        `  ServerAliveInterval 5\n  ServerAliveCountMax 6\n`,
    );
  }
  await writeFile(knownHosts, known.join(""));
  await writeFile(config, entries.join("\n"));
}

/** Key type and key, as in a known_hosts line. */
export async function readHostKey(folder: string, name: MachineName): Promise<string> {
  const text = await readFile(`${machineFiles(folder, name).hostKey}.pub`, "utf8");
  return text.split(" ").slice(0, 2).join(" ").trim();
}

/** Waits until the machine's sshd greets. The port itself is qemu's and open all the time. */
export async function waitForSsh(port: number, seconds: number, isAlive: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await greets(port))) {
    if (!(await isAlive())) throw new Error("the machine has stopped while it booted");
    if (performance.now() > deadline) throw new Error(`the machine does not answer on ssh after ${seconds} s`);
    await pause(100);
  }
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => {
      finish(false);
    });
    socket.once("data", (chunk) => {
      finish(chunk.toString().startsWith("SSH-"));
    });
    socket.once("error", () => {
      finish(false);
    });
    socket.once("close", () => {
      finish(false);
    });
  });
}

/**
 * Runs a shell script on a machine over a connection that is kept: ssh's own control master, which serves every
 * process of this lab's user and ends by itself.
 */
export async function runOverSsh(
  folder: string,
  name: MachineName,
  script: string,
  options: CommandOptions,
): Promise<Outcome> {
  return execute([...(await keptConnection(folder, name)), script], options);
}

/** The ssh command line for a machine, up to the remote command, over the kept connection. */
export async function keptConnection(folder: string, name: MachineName): Promise<string[]> {
  await openConnection(folder, name);
  const { control } = machineFiles(folder, name);
  return ["ssh", "-F", accessFiles(folder).config, "-o", `ControlPath=${control}`, name];
}

const opening = new Map<string, Promise<void>>();

async function openConnection(folder: string, name: MachineName): Promise<void> {
  const { control } = machineFiles(folder, name);
  if (existsSync(control)) return;
  const already = opening.get(control);
  if (already) return already;
  const opened = new Promise<void>((resolve, reject) => {
    const options = ["-F", accessFiles(folder).config, "-o", `ControlPath=${control}`, "-o", "ControlPersist=600"];
    // Without our pipes: the process that stays behind would hold them open.
    const child = spawn("ssh", [...options, "-M", "-f", "-N", name], { stdio: "ignore" });
    child.once("error", reject);
    // A failure shows in the command that comes next, with its message.
    child.once("exit", () => {
      resolve();
    });
  }).finally(() => opening.delete(control));
  opening.set(control, opened);
  return opened;
}

/** Ends the kept connection: it does not survive a power-off or the loading of a snapshot. */
export async function closeConnection(folder: string, name: MachineName): Promise<void> {
  const { control } = machineFiles(folder, name);
  if (existsSync(control)) {
    await execute(["ssh", "-F", accessFiles(folder).config, "-o", `ControlPath=${control}`, "-O", "exit", name], {
      timeout: 5,
    });
  }
  await rm(control, { force: true });
}
