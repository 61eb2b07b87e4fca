import { rm } from "node:fs/promises";
import { undoneOnFailure } from "./cleanup";
import { executeOrThrow } from "./command";
import type { LabState } from "./lab-state";
import { MACHINES, type MachineName, machineFiles, otherMachine, renderMachineArgv } from "./machines";
import { joinLink } from "./link/emulator";
import { stopRelay } from "./link/relay-process";
import { withMonitor } from "./monitor";
import { killOrphan, runningProcess, waitForEnd } from "./processes";
import { closeConnection, runOverSsh, waitForSsh } from "./ssh-access";

const BOOT_SECONDS = 180;

// ssh is there early; the boot goes on, and may end with a unit that failed.
const WAIT_FOR_BOOT = `while :; do
  case $(systemctl is-system-running) in initializing | starting | "") sleep 0.3 ;; *) exit 0 ;; esac
done`;

export async function isRunning(folder: string, name: MachineName): Promise<boolean> {
  return (await runningProcess(machineFiles(folder, name).pid)) !== undefined;
}

/** Starts a machine's process: it boots from its disk, or waits for a snapshot to be loaded. */
export async function startMachine(folder: string, state: LabState, name: MachineName, paused: boolean): Promise<void> {
  const { images, accelerator, ports, disks } = state;
  const peerLink = ports[otherMachine(name)].link;
  await closeConnection(folder, name);
  await rm(machineFiles(folder, name).monitor, { force: true });
  await executeOrThrow(
    renderMachineArgv({
      name,
      folder,
      image: images[name],
      accelerator,
      ports: ports[name],
      peerLink,
      disks: disks[name],
      paused,
    }),
    { timeout: 60 },
  );
}

/** Starts a machine and waits until it has booted. */
export async function bootMachine(folder: string, state: LabState, name: MachineName): Promise<void> {
  await startMachine(folder, state, name, false);
  if (state.linkIsCut) await plugLink(folder, name, false);
  // One that is not behind the link would make it slow one way only.
  await undoneOnFailure(
    () => stopMachine(folder, name),
    () => joinLink(folder, state, name),
  );
  await waitForSsh(state.ports[name].ssh, BOOT_SECONDS, () => isRunning(folder, name));
  await runOverSsh(folder, name, WAIT_FOR_BOOT, { timeout: BOOT_SECONDS });
}

/** Pulls the plug, and removes what a machine that is gone has left. */
export async function stopMachine(folder: string, name: MachineName): Promise<void> {
  const files = machineFiles(folder, name);
  if (await isRunning(folder, name)) {
    // The monitor goes away before it answers.
    await withMonitor(files.monitor, (monitor) => monitor.execute("quit")).catch(() => undefined);
    // Killed, it would lose what it holds of the disk's tables (no-flush in machines.ts), and with them what the machine had flushed.
    await waitForEnd(files.pid, 60);
  } else {
    await killOrphan(files.pid);
  }
  await closeConnection(folder, name);
  await rm(files.pid, { force: true });
  await rm(files.monitor, { force: true });
}

/** Both machines, and the relay between them. */
export async function stopBoth(folder: string): Promise<void> {
  await Promise.all([...MACHINES.map((name) => stopMachine(folder, name)), stopRelay(folder)]);
}

/** Puts the replication cable into a machine, or takes it out. */
export async function plugLink(folder: string, name: MachineName, up: boolean): Promise<void> {
  await withMonitor(machineFiles(folder, name).monitor, (monitor) => monitor.execute("set_link", { name: "eth1", up }));
}
