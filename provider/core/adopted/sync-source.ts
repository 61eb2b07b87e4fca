/** Which host a pair's `syncSource` is: where it is Primary, else where its data is whole. */
import type { ObservedNode } from "../seen/observed";

export interface FoundSource {
  readonly hostname: string;
  readonly remarks: readonly string[];
}

interface HostOf {
  readonly hostname: string;
  readonly node: ObservedNode;
}

export function syncSourceOf(name: string, hosts: readonly [HostOf, HostOf]): FoundSource {
  const primaries = hosts.filter((host) => isPrimary(name, host));
  const running = hosts.filter(({ node }) => node.kernelResources.has(name));
  const down = hosts.filter((host) => !running.includes(host)).map(({ hostname }) => hostname);
  const isDown =
    down.length === 0 ? [] : [`${name}: it is down on ${down.join(" and on ")}, and \`pulumi up\` brings it up there`];
  const [primary, second] = primaries;
  if (primary !== undefined && second === undefined) return { hostname: primary.hostname, remarks: isDown };
  if (primary !== undefined)
    return {
      hostname: primary.hostname,
      remarks: [`${name}: both hosts are Primary, and \`syncSource\` is ${primary.hostname}, the first of them`],
    };
  const whole = running.filter((host) => isWhole(name, host));
  const chosen = whole[0] ?? running[0] ?? hosts[0];
  const why =
    whole.length === 1 ? ", whose data is UpToDate" : ": make it the other one if the filesystem belongs there";
  return {
    hostname: chosen.hostname,
    remarks: [...isDown, `${name}: it is Primary on neither host, and \`syncSource\` is ${chosen.hostname}${why}`],
  };
}

function isPrimary(name: string, { node }: HostOf): boolean {
  const kernel = node.kernelResources.get(name);
  return kernel !== undefined && (kernel.role === "Primary" || kernel.devices.some(({ role }) => role === "Primary"));
}

function isWhole(name: string, { node }: HostOf): boolean {
  const devices = node.kernelResources.get(name)?.devices ?? [];
  return devices.length > 0 && devices.every(({ disk }) => disk === "UpToDate");
}
