/** Services that a host does not have: a switch to it would leave them out. */
import type { ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import type { DesiredResource } from "../../wanted/desired";
import { virtualMachineOf } from "../../wanted/virtual-machine";

export function serviceRefusals({ services, name }: DesiredResource, node: ObservedNode, host: string): Refusal[] {
  return services.flatMap((service) => {
    const seen = node.services?.get(service);
    if (seen === undefined || seen.load === "loaded") return [];
    // Ours is written by the plan.
    if (virtualMachineOf(service) !== undefined && seen.load === "not-found") return [];
    const { found, way } = describe(service, seen.load);
    return [
      {
        node: host,
        property: "services",
        found,
        way: `${way}; or take it out of \`services\`. It must be there on both hosts, or it would not run where ${name} is switched to.`,
      },
    ];
  });
}

function describe(service: string, load: string): { found: string; way: string } {
  switch (load) {
    case "not-found":
      return {
        found: `systemd has no unit ${service}`,
        way: `Install it there first (\`systemctl cat ${service}\` shows it then)`,
      };
    case "masked":
      return { found: `${service} is masked, so that nothing can start it`, way: `\`systemctl unmask ${service}\`` };
    default:
      return {
        found: `systemd cannot use ${service} (${load})`,
        way: `\`systemctl status ${service}\` says why: mend it`,
      };
  }
}
