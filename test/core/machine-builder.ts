/** A pair whose resource has a virtual machine, in each state that libvirt has. */
import type { ObservedNode, VirtualMachineSeen } from "../../provider/core/seen/observed";
import { activeLink, virtualMachineUnits } from "../../provider/core/steps/boot-units";
import type { OneVolume } from "./one-volume";
import { healthyPair, r0, withFile, type Pair } from "./observed-builder";

export const machineUnit = "drbd-vm@web.service";
export const withMachine = (primary?: string): OneVolume => ({
  ...r0,
  ...(primary === undefined ? {} : { primary }),
  services: [machineUnit],
  virtualMachines: [{ name: "web", shutdownTimeout: 60 }],
});

/** What `virsh domstate` says; `undefined` where libvirt has none of that name. */
export const machineStates = [
  "undefined",
  "shut off",
  "running",
  "idle",
  "no state",
  "paused",
  "pmsuspended",
  "in shutdown",
  "crashed",
] as const;
export type MachineState = (typeof machineStates)[number];

const seenAs = (state: MachineState): VirtualMachineSeen => ({
  isDefined: state !== "undefined",
  state: state === "undefined" ? "" : state,
  isPersistent: true,
  startsItself: false,
  hasManagedSave: false,
  definition: state === "undefined" ? "" : "<domain type='kvm'><name>web</name><uuid>u</uuid><devices/></domain>",
  digest: "0",
  hasSecrets: false,
  places: new Map(),
  behind: new Map(),
  unread: new Map(),
});

const having = (node: ObservedNode, state: MachineState, active: string): ObservedNode => ({
  ...virtualMachineUnits.reduce((known, { path, text }) => withFile(known, path, text), node),
  links: [...node.links, activeLink("drbd-vm-starts@r0.service")],
  services: new Map([[machineUnit, { load: "loaded", active, ends: false }]]),
  virtualMachines: { machines: new Map([["web", seenAs(state)]]) },
});

/** alpha serves, where the machine's unit is `active`. */
export function machinePair(
  here: MachineState,
  active = "active",
  there: MachineState = "shut off",
  of = withMachine(),
): Pair {
  const [alpha, bravo] = healthyPair(of);
  return [having(alpha, here, active), having(bravo, there, "inactive")];
}
