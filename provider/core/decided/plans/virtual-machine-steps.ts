/** The definitions of a resource's virtual machines, the same on both hosts, and started by nobody but their units. */
import type { Step } from "../../steps/plan";
import * as stepsMachines from "../../steps/virtual-machine-steps";
import type { ResourceView } from "../data/resource-view";
import { definitionFor, isUp, machineOn } from "../hosts/machine-definitions";

export function virtualMachineSteps({ desired, hosts }: ResourceView, place: 0 | 1): Step[] {
  const { hostname } = hosts[place].host;
  const { node } = hosts[place];
  const nodes = [hosts[0].node, hosts[1].node] as const;
  return (desired.virtualMachines ?? []).flatMap((machine): Step[] => {
    const { name } = machine;
    const seen = machineOn(node, name);
    const wanted = definitionFor(machine, place, nodes);
    const because =
      wanted?.isKept === true
        ? `its \`xml\`${wanted.isAnother ? ", which differs from what is there" : ""}`
        : `as it is on ${hosts[place === 0 ? 1 : 0].host.hostname}`;
    const later = seen !== undefined && isUp(seen) ? "; it runs, and this counts from its next start" : "";
    return [
      ...(wanted === undefined
        ? []
        : [stepsMachines.defineMachine(hostname, name, wanted.text, wanted.isKept, `${because}${later}`)]),
      ...(seen?.startsItself === true
        ? [stepsMachines.disableAutostart(hostname, name, "else libvirt starts it at boot, wherever its disks are")]
        : []),
    ];
  });
}
