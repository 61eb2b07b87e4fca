/** What a person should know before our file takes the place of theirs. The plan's rows name every option besides. */
import { describeChanges, type OptionChange } from "../../config/compare-options";
import type { DesiredResource } from "../../wanted/desired";

export function takeOverWarnings(changes: readonly OptionChange[]): string[] {
  const found: string[] = [];
  const handlers = changes.filter(({ key, to }) => key.startsWith("handlers ") && to === undefined);
  if (handlers.length > 0) {
    const names = handlers.map(({ key }) => key.replace("handlers ", "")).join(", ");
    found.push(`the handlers that your files name (${names}) go: to keep them, set \`handlers\` on the resource`);
  }
  const fencing = changes.filter(({ key, from }) => key === "net fencing" && from !== undefined);
  if (fencing.length > 0) {
    found.push(
      `fencing changes (${describeChanges(fencing)}): to keep what your files say, set \`net: { fencing: ${fencing[0]?.from ?? ""} }\` on the resource`,
    );
  }
  const protocol = changes.find(({ key }) => key === "net protocol");
  if (protocol?.from !== undefined) {
    found.push(
      `${describeChanges([protocol])}, which says when a write counts as done: to keep it, set \`protocol: ${protocol.from}\` on the resource`,
    );
  }
  const primary = changes.find(({ key }) => key === "startup become-primary-on");
  if (primary !== undefined) {
    found.push(
      `become-primary-on ${primary.from ?? ""} goes: after a boot of both hosts nobody is Primary before something asks for it, as a \`filesystem\` with a mount point does`,
    );
  }
  return found;
}

/** A pair that goes on without what new pairs have by default. */
export function recommendations({ name, asFound = [], auth }: DesiredResource): string[] {
  const lacks = asFound.flatMap((one) => {
    if (one === "fencing") return [{ what: "fencing", input: '`net: { fencing: "resource-only" }`' }];
    const isOn = auth !== null && auth.algorithm !== "" && auth.secret !== "";
    return isOn ? [] : [{ what: "authentication", input: "`auth: true`" }];
  });
  if (lacks.length === 0) return [];
  const [whats, inputs] = [lacks.map(({ what }) => what), lacks.map(({ input }) => input)];
  return [
    `${name} goes on without ${whats.join(" and ")}, as it was set up. Recommended: ${inputs.join(" and ")} on the resource, once it is taken over`,
  ];
}
