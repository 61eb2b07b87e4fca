import { type ObservedNode, grammarOf } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import type { DesiredResource } from "../../wanted/desired";

/** What a person does so that both sides are in sync when their metadata is converted. */
export function inOrder(name: string, from: "8.4" | "9"): string {
  const to = from === "9" ? "8.4" : "9";
  return (
    `with DRBD ${from} on both hosts, wait until \`drbdadm status ${name}\` shows both UpToDate; unmount it; ` +
    `\`drbdadm secondary ${name}\` on both; then \`drbdadm down ${name}\` on both; then load DRBD ${to} on both`
  );
}

/** The two hosts have different versions: nothing is read, written or converted before that is mended. */
export function differentVersionRefusals(
  { name, hosts }: DesiredResource,
  nodes: readonly [ObservedNode, ObservedNode],
): Refusal[] {
  const [first, second] = nodes;
  if (first.module === null || second.module === null || grammarOf(first) === grammarOf(second)) return [];
  const newer = grammarOf(first) === "9" ? 0 : 1;
  const [at9, at84] = [nodes[newer], nodes[newer === 0 ? 1 : 0]];
  const [host9, host84] = [hosts[newer].hostname, hosts[newer === 0 ? 1 : 0].hostname];
  const is9 = nodes.some((node) => hasMetadata9(node, name));
  const isRunning = at84.kernelResources.has(name);
  const forward = `bring ${host84} to DRBD 9 as well${
    isRunning ? `: there, unmount it, \`drbdadm secondary ${name}\`, \`drbdadm down ${name}\`, and load DRBD 9` : ""
  }`;
  const way = is9
    ? `There is metadata of DRBD 9 already, so ${forward}. \`pulumi up\` then goes on, and says so first if one side is behind.`
    : `Bring DRBD 8.4 back to ${host9} (boot the kernel that has it; \`modinfo drbd\` tells). To go on to DRBD 9, do it in this order, so that no side is behind when its metadata is converted: ${inOrder(name, "8.4")}; run \`pulumi up\`, which writes the file in the new grammar and converts the metadata.`;
  return [
    {
      found: `${host9} has DRBD ${at9.module?.version ?? ""} and ${host84} ${at84.module?.version ?? ""}, which read different configuration grammars and metadata`,
      way,
    },
  ];
}

function hasMetadata9(node: ObservedNode, name: string): boolean {
  const volumes = [...(node.resources.get(name)?.volumes.values() ?? [])];
  return volumes.some(({ metadata }) => metadata.kind === "present" && metadata.version === "v09");
}
