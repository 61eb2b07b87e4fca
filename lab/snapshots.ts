import { removeUnusedDisks } from "./disks";
import { type LabState, writeLabState } from "./lab-state";
import { joinLink } from "./link/emulator";
import { stopRelay } from "./link/relay-process";
import { type Disk, MACHINES, type MachineName, diskId, machineFiles } from "./machines";
import { type Monitor, withMonitor } from "./monitor";
import { isRunning, startMachine, stopMachine } from "./power";
import { closeConnection, runOverSsh } from "./ssh-access";

/** The block nodes a snapshot is of; the memory goes into the root disk's. */
function nodes(disks: readonly Disk[]): string[] {
  return ["root", ...disks.map((disk) => diskId(disk.serial))];
}

function onBothMonitors(
  folder: string,
  work: (monitor: Monitor, name: MachineName) => Promise<unknown>,
): Promise<unknown> {
  return Promise.all(
    MACHINES.map((name) => withMonitor(machineFiles(folder, name).monitor, (monitor) => work(monitor, name))),
  );
}

/**
 * Does something while neither machine runs. One that went on before the other stopped would be saved with what the
 * other sends later, and their connections would not survive the loading.
 */
async function halted(folder: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await onBothMonitors(folder, (monitor) => monitor.execute("stop"));
    await work();
  } finally {
    await onBothMonitors(folder, (monitor) => monitor.execute("cont"));
  }
}

/** Both machines, which run, as they are now. */
export async function saveSnapshot(folder: string, state: LabState, tag: string): Promise<void> {
  const replaced = state.snapshots[tag];
  await halted(folder, () =>
    onBothMonitors(folder, async (monitor, name) => {
      const devices = nodes(state.disks[name]);
      if (replaced) await monitor.runJob("snapshot-delete", { tag, devices });
      await monitor.runJob("snapshot-save", { tag, vmstate: "root", devices });
    }),
  );
  state.snapshots[tag] = { alpha: [...state.disks.alpha], bravo: [...state.disks.bravo] };
  if (replaced) await removeUnusedDisks(state, [...replaced.alpha, ...replaced.bravo]);
  await writeLabState(folder, state);
}

export async function deleteSnapshot(folder: string, state: LabState, tag: string): Promise<void> {
  const saved = state.snapshots[tag];
  if (!saved) return;
  await onBothMonitors(folder, (monitor, name) =>
    monitor.runJob("snapshot-delete", { tag, devices: nodes(state.disks[name]) }),
  );
  state.snapshots = Object.fromEntries(Object.entries(state.snapshots).filter(([each]) => each !== tag));
  await removeUnusedDisks(state, [...saved.alpha, ...saved.bravo]);
  await writeLabState(folder, state);
}

/**
 * Both machines, running or not, back to what they were: disks, memory, power
 * and cable. Only the clock is today's, and a link that is set stays.
 */
export async function loadSnapshot(folder: string, state: LabState, tag: string): Promise<void> {
  const saved = state.snapshots[tag];
  if (!saved) throw new Error(`there is no snapshot ${tag}, only ${Object.keys(state.snapshots).join(", ")}`);
  // Stopped together, so that neither sees the other go.
  await Promise.all(MACHINES.map((name) => halt(folder, state, name, saved[name])));
  // What is under way was sent by machines that these no longer are.
  await stopRelay(folder);
  const before = state.disks;
  state.disks = { alpha: [...saved.alpha], bravo: [...saved.bravo] };
  state.linkIsCut = false;
  await Promise.all(
    MACHINES.map(async (name) => {
      if (!(await isRunning(folder, name))) await startMachine(folder, state, name, true);
    }),
  );
  await onBothMonitors(folder, async (monitor, name) => {
    await monitor.runJob("snapshot-load", { tag, vmstate: "root", devices: nodes(state.disks[name]) });
    await monitor.execute("set_link", { name: "eth1", up: true });
  });
  for (const name of MACHINES) await joinLink(folder, state, name);
  await removeUnusedDisks(state, [...before.alpha, ...before.bravo]);
  await writeLabState(folder, state);
  await onBothMonitors(folder, async (monitor) => {
    await monitor.execute("cont");
  });
  await Promise.all(MACHINES.map((name) => setClock(folder, name)));
}

/** A machine whose disks sit as in the snapshot is only stopped; one with others is started anew. */
async function halt(folder: string, state: LabState, name: MachineName, disks: readonly Disk[]): Promise<void> {
  const same = JSON.stringify(state.disks[name]) === JSON.stringify(disks);
  if (same && (await isRunning(folder, name))) {
    await withMonitor(machineFiles(folder, name).monitor, (monitor) => monitor.execute("stop"));
  } else {
    await stopMachine(folder, name);
  }
}

async function setClock(folder: string, name: MachineName): Promise<void> {
  // A connection does not survive the loading of a snapshot.
  await closeConnection(folder, name);
  const set = await runOverSsh(folder, name, `date -s @${(Date.now() / 1000).toFixed(3)}`, { timeout: 60 });
  if (set.exit !== 0) throw new Error(`${name} does not answer after the snapshot was loaded: ${set.stderr}`);
}
