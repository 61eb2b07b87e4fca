/** What the hosts of a resource have of its virtual machines, and which definition each is to have. */
import { isRunning, type ObservedNode, type VirtualMachineSeen } from "../../seen/observed";
import { uuidOf, virtualMachineUnit, withUuid, type DesiredVirtualMachine } from "../../wanted/virtual-machine";
import { definitionNote } from "../../steps/own-folder";

export type Nodes = readonly [ObservedNode, ObservedNode];

/** Where libvirt has it. */
export function machineOn(node: ObservedNode, name: string): VirtualMachineSeen | undefined {
  const seen = node.virtualMachines?.machines.get(name);
  return seen?.isDefined === true ? seen : undefined;
}

/** By libvirt's own word, or by its unit, which is to be stopped then. */
export function runsMachine(node: ObservedNode, name: string): boolean {
  const seen = machineOn(node, name);
  return (seen !== undefined && isUp(seen)) || isRunning(node.services?.get(virtualMachineUnit(name)));
}

/** One that has crashed, and that libvirt keeps as it is, has its disks open. */
export const isUp = ({ state }: VirtualMachineSeen): boolean => !["shut off", ""].includes(state);

/** The definition that it is to have where it has none, or another one; undefined: it stays as it is. */
export function definitionFor(
  { name, xml }: DesiredVirtualMachine,
  place: 0 | 1,
  nodes: Nodes,
): { readonly text: string; readonly isKept: boolean; readonly isAnother: boolean } | undefined {
  const seen = machineOn(nodes[place], name);
  const other = machineOn(nodes[place === 0 ? 1 : 0], name);
  if (xml === undefined) {
    if (seen !== undefined || other === undefined) return undefined;
    return { text: `${other.definition}\n`, isKept: false, isAnother: false };
  }
  const known = [seen, other].flatMap((one) => (one === undefined ? [] : (uuidOf(one.definition) ?? [])));
  const text = `${withUuid(xml, known[0] ?? uuidFor(name, nodes)).trim()}\n`;
  const isThere = seen !== undefined && nodes[place].files.get(definitionNote(name)) === `${seen.digest}\n${text}`;
  return isThere ? undefined : { text, isKept: true, isAnother: seen !== undefined };
}

/** One for both hosts, in every run. */
function uuidFor(name: string, nodes: Nodes): string {
  const words = [...nodes.map(({ hostname }) => hostname)].sort().join("\n");
  const digits = [0, 1, 2, 3]
    .map((round) => digest(`${round}\n${words}\n${name}`).toString(16).padStart(8, "0"))
    .join("");
  // Its version and variant say that it is made in a way of its own (RFC 9562).
  const marked = `${digits.slice(0, 12)}8${digits.slice(13, 16)}8${digits.slice(17)}`;
  return marked.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** FNV-1a, of 32 bits. */
function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
