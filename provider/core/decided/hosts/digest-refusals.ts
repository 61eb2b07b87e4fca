import type { DesiredResource } from "../../wanted/desired";
import { digestsOf } from "../../wanted/digests";
import type { ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";

/** The kernel would refuse the connection, after the files were written. */
export function digestRefusals(desired: DesiredResource, node: ObservedNode, host: string): Refusal[] {
  const missing = node.resources.get(desired.name)?.missingDigests ?? [];
  return digestsOf(desired)
    .filter(({ digest }) => missing.includes(digest))
    .map(({ digest, property }) => ({
      node: host,
      property,
      found: `the running kernel (${node.kernel}) has no ${digest}, and no module for it`,
      way: "Name another digest, which both hosts have: `/proc/crypto` there lists what is loaded.",
    }));
}
