/** What a fault does to a run that waits at its point, and to the machines. */
import type { Lab } from "../../../lab/lab";
import type { MachineName } from "../../../lab/machines";
import { letGo } from "../checkpoint";
import type { Fault } from "./first-up";

/** The machine that loses its power, if one does. */
function deadBy({ kind }: Fault): MachineName | undefined {
  return kind === "provider killed" ? undefined : kind === "power of alpha cut" ? "alpha" : "bravo";
}

/** Stopped as it stands at the point; what it started elsewhere goes on. Answers the machine that lost its power. */
export async function befall(
  lab: Lab,
  fault: Fault,
  run: { killProvider(): Promise<void> },
): Promise<MachineName | undefined> {
  const dead = deadBy(fault);
  if (dead === undefined) await run.killProvider();
  else await lab.powerOff(dead);
  if (dead !== fault.machine) await letGo(lab, fault.machine);
  return dead;
}

export async function powerOn(lab: Lab, fault: Fault): Promise<void> {
  const dead = deadBy(fault);
  if (dead !== undefined) await lab.powerOn(dead);
}
