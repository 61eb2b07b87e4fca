import { ProbeError } from "./probe-error";
import type { ObservedNode, VirtualMachineSeen } from "./observed";
import type { Section } from "./probe-sections";

/** What host/probe/machines.sh prints. */
export function parseVirtualMachines(section: Section | undefined): Pick<ObservedNode, "virtualMachines"> {
  if (section === undefined) return {};
  const [first = "", ...more] = section.text.split("\n");
  if (first === "missing") return withFault("missing", "");
  if (first.startsWith("silent "))
    return withFault("silent", [first.slice("silent ".length), ...more].join("\n").trim());
  const machines = new Map<string, VirtualMachineSeen>();
  for (const paragraph of section.text.split(/^(?=machine )/m)) {
    if (paragraph.trim() === "") continue;
    const [head = "", ...lines] = paragraph.split("\n").filter((line) => line !== "");
    const [, name] = /^machine ([0-9a-f]+)$/.exec(head) ?? [];
    if (name === undefined) throw new ProbeError(`virsh did not answer as expected: ${head.slice(0, 300)}`);
    machines.set(fromHex(name), machineIn(lines));
  }
  return { virtualMachines: { machines } };
}

const withFault = (kind: "missing" | "silent", said: string): Pick<ObservedNode, "virtualMachines"> => ({
  virtualMachines: { fault: { kind, said }, machines: new Map() },
});

const fromHex = (digits: string): string => Buffer.from(digits, "hex").toString("utf8");

function machineIn(lines: readonly string[]): VirtualMachineSeen {
  const after = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  const info = new Map(after("info").map((line) => [line.split(":")[0] ?? "", line.replace(/^[^:]*:\s*/, "").trim()]));
  const isDefined = !lines.includes("undefined");
  if (isDefined && !info.has("State"))
    throw new ProbeError(`virsh dominfo did not answer as expected: ${after("info").join("; ").slice(0, 300)}`);
  const places = pairsIn(after("place"));
  const behind = new Map<string, string[]>();
  for (const [path, place] of pairsIn(after("behind"))) behind.set(path, [...(behind.get(path) ?? []), place]);
  return {
    isDefined,
    state: info.get("State") ?? "",
    isPersistent: info.get("Persistent") === "yes",
    startsItself: info.get("Autostart") === "enable",
    hasManagedSave: info.get("Managed save") === "yes",
    definition: after("xml").join("\n"),
    digest: (after("digest")[0] ?? "").split(" ")[0] ?? "",
    hasSecrets: lines.includes("secrets"),
    places: new Map(places),
    behind,
    unread: new Map(pairsIn(after("unread"))),
  };
}

function pairsIn(lines: readonly string[]): [string, string][] {
  return lines.map((line) => {
    const [path = "", place = ""] = line.split(" ");
    return [fromHex(path), fromHex(place)];
  });
}
