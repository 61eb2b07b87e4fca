import type { Action } from "./action";
import type { Step } from "./plan";
import { definitionNote } from "./own-folder";
import { patient, serviceStart } from "./time-limits";
import { virtualMachineUnit } from "../wanted/virtual-machine";

/** As `virsh` is called everywhere: one that somebody has set to another place has no say. */
const virsh = ["virsh", "--connect", "qemu:///system"];

/** `isKept`: the definition is the program's own, and a later change of it, or of what libvirt has, is to be known. */
export function defineMachine(node: string, name: string, text: string, isKept: boolean, because: string): Step {
  const kept = isKept ? { keptIn: definitionNote(name) } : {};
  const does: Action[] = [{ kind: "define-machine", name, text, ...kept }];
  return { node, argv: ["virsh", "define", name], because, does, timeoutSeconds: patient };
}

/** libvirt starts it at boot no more: its unit does, where and when its disks are there. */
export function disableAutostart(node: string, name: string, because: string): Step {
  const argv = ["virsh", "autostart", "--disable", "--domain", name];
  const does: Action[] = [{ kind: "run", argv: [...virsh, ...argv.slice(1)] }];
  return { node, argv, because, does, timeoutSeconds: patient };
}

/** Where it goes on running, nothing is taken from it: its unit, too, is stopped only afterwards. */
export function shutDownMachine(node: string, name: string, seconds: number, because: string): Step {
  const does: Action[] = [
    { kind: "shut-down", name, seconds },
    { kind: "run", argv: ["systemctl", "stop", virtualMachineUnit(name)] },
  ];
  return {
    node,
    argv: ["virsh", "shutdown", name],
    because: `${because}; it has ${seconds} s`,
    does,
    timeoutSeconds: seconds + serviceStart,
  };
}
