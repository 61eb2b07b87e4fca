/** What is worth knowing of a resource's virtual machines, though it stops nothing. */
import type { DesiredResource } from "../../wanted/desired";
import { remarksOn } from "../../wanted/virtual-machine";
import { machineOn, type Nodes } from "./machine-definitions";

export function virtualMachineWarnings({ virtualMachines = [] }: DesiredResource, nodes: Nodes): string[] {
  return virtualMachines.flatMap(({ name, xml }) => {
    const definitions = xml === undefined ? nodes.flatMap((node) => machineOn(node, name)?.definition ?? []) : [xml];
    const remarks = new Set(definitions.flatMap(remarksOn));
    return [...remarks].map((remark) => `the virtual machine ${name}: ${remark}`);
  });
}
