/** libvirt's machines on a simulated host, whose disks are files below the mount point. */
import type { ObservedNode, ServiceSeen, VirtualMachineSeen } from "../../provider/core/seen/observed";
import { virtualMachineOf } from "../../provider/core/wanted/virtual-machine";
import { done, failed, type Result } from "./commands";
import type { Machine } from "./machine";

export interface SimulatedGuest {
  definition: string;
  isUp: boolean;
  /** It ignores the power button. */
  hangs: boolean;
}

export const definitionOf = (name: string): string =>
  `<domain type='kvm'><name>${name}</name><uuid>7393600d-6337-41ef-bc49-ddf8b4032522</uuid><devices><disk type='file' device='disk'><source file='/srv/data/${name}.img'/><target dev='vda'/></disk></devices></domain>`;

export function observedGuests(
  { guests, service: { isActive } }: Machine,
  asked: readonly { readonly name: string }[],
  services: readonly string[],
): Pick<ObservedNode, "virtualMachines" | "services"> {
  const machines = asked.map(({ name }): [string, VirtualMachineSeen] => {
    const guest = guests.get(name);
    return [
      name,
      {
        isDefined: guest !== undefined,
        state: guest?.isUp === true ? "running" : "shut off",
        isPersistent: true,
        startsItself: false,
        hasManagedSave: false,
        definition: guest?.definition ?? "",
        digest: "0",
        hasSecrets: false,
        places: new Map(),
        behind: new Map(),
        unread: new Map(),
      },
    ];
  });
  const seen = services.map((service): [string, ServiceSeen] => {
    const name = virtualMachineOf(service);
    const isUp = name === undefined ? isActive : guests.get(name)?.isUp === true;
    return [service, { load: "loaded", active: isUp ? "active" : "inactive", ends: false }];
  });
  return {
    ...(asked.length === 0 ? {} : { virtualMachines: { machines: new Map(machines) } }),
    ...(services.length === 0 ? {} : { services: new Map(seen) }),
  };
}

/** Its unit is skipped where nothing is mounted. */
export function startGuest(machine: Machine, unit: string): Result | undefined {
  const name = virtualMachineOf(unit);
  if (name === undefined) return undefined;
  const guest = machine.guests.get(name);
  if (guest === undefined) return failed(1, `Job for ${unit} failed.`);
  guest.isUp = machine.volumes.some(({ mountedAt }) => mountedAt !== undefined);
  return done;
}

/** As `shut_down` does it. */
export function shutDownGuest(machine: Machine, name: string): Result {
  const guest = machine.guests.get(name);
  if (guest?.isUp !== true) return done;
  if (guest.hangs)
    return failed(1, `The virtual machine ${name} did not shut down in 120 s, and goes on running here.`);
  guest.isUp = false;
  return done;
}
