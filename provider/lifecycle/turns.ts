import { BusyError } from "../shell/error-classes";
import type { Host } from "../shell/host";
import type { Reporter } from "./reporter";

/** Seconds for which a run that wants to change something waits for another one. */
const patience = 300;

/**
 * Has the turn on all hosts while something is looked at and changed there. All or none: a run that has to wait for one
 * host keeps no other, so that two runs cannot wait for each other.
 */
export async function inTurn<T>(hosts: readonly Host[], reporter: Reporter, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const answers = await Promise.allSettled(hosts.map((host) => host.tryTurn()));
    const refused = hosts.flatMap((host, index) => {
      const answer = answers[index];
      return answer?.status === "fulfilled" && answer.value !== undefined ? [{ host, holder: answer.value }] : [];
    });
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed === undefined && refused.length === 0) break;
    hosts.forEach((host, index) => {
      const answer = answers[index];
      if (answer?.status === "fulfilled" && answer.value === undefined) host.giveTurn();
    });
    if (failed !== undefined) throw failed.reason;
    const [{ host, holder } = { host: hosts[0], holder: "" }] = refused;
    if (host === undefined) throw new Error("no hosts");
    if (Date.now() > deadline) throw new BusyError(host.name, holder, patience);
    reporter.progress(`waits for another run on ${host.name}: ${holder}`);
    // Not all at the same moment again.
    await pause(500 + Math.random() * 1000);
  }
  try {
    return await work();
  } finally {
    hosts.forEach((host) => {
      host.giveTurn();
    });
  }
}

/**
 * A look from which something is decided or remembered, though nothing is changed: not one that goes through the middle of
 * another run's steps. What that run is about to finish is waited for.
 */
export async function undisturbed<T>(hosts: readonly Host[], seconds: number, look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    const busy = hosts.find((host) => host.otherRun !== undefined);
    if (busy === undefined) return seen;
    if (Date.now() > deadline) throw new BusyError(busy.name, busy.otherRun ?? "", seconds);
    busy.forget();
    await pause(1000);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, milliseconds));
}
