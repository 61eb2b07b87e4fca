import { undoneOnFailure } from "../cleanup";
import { freeUdpPort } from "../free-ports";
import { type LabState, writeLabState } from "../lab-state";
import type { MachineName } from "../machines";
import { divertFrames, undivertFrames } from "./divert";
import type { LinkQuality } from "./link-quality";
import { relayProgram, relayRuns, startRelay, stopRelay } from "./relay-process";

/** Between the machines that run there is a line of that quality after it, until `removeLink`. */
export async function setLink(
  folder: string,
  state: LabState,
  running: readonly MachineName[],
  quality: LinkQuality,
): Promise<void> {
  relayProgram();
  await undoneOnFailure(
    () => removeLink(folder, state, running),
    async () => {
      const { alpha = 0, bravo = 0 } = state.link?.relay ?? {};
      await stopRelay(folder);
      state.link = { quality, relay: { alpha: await freeUdpPort(alpha), bravo: await freeUdpPort(bravo) } };
      await writeLabState(folder, state);
      for (const name of running) await joinLink(folder, state, name);
    },
  );
}

/** The plain cable again. */
export async function removeLink(folder: string, state: LabState, running: readonly MachineName[]): Promise<void> {
  for (const name of running) await undivertFrames(folder, name);
  await stopRelay(folder);
  await forgetLink(folder, state);
}

/** For machines that are off. */
export async function forgetLink(folder: string, state: LabState): Promise<void> {
  state.link = undefined;
  await writeLabState(folder, state);
}

/** Puts a machine that was just started, and whose qemu knows of no link, behind the one that is set. */
export async function joinLink(folder: string, state: LabState, name: MachineName): Promise<void> {
  const { link, ports } = state;
  if (!link) return;
  if (!(await relayRuns(folder))) {
    await startRelay(folder, {
      quality: link.quality,
      from: link.relay,
      to: { alpha: ports.alpha.link, bravo: ports.bravo.link },
    });
  }
  await divertFrames(folder, name, link.relay[name]);
}
