import { drbdmetaPlace } from "../../wanted/metadata-place";
import type { VolumePair, DesiredSide } from "../../wanted/desired";
import { type Metadata, grammarOf, ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import type { Side } from "./side";
import { inOrder } from "../hosts/different-versions";

/** Metadata of DRBD 9 under a module of 8.4. */
export function refuseMetadata9({ name }: VolumePair, side: Side["desired"], node: ObservedNode): Refusal {
  const [holder, place] = drbdmetaPlace(side);
  return {
    node: side.hostname,
    found: `${holder} holds DRBD metadata of version v09, and the module there (${node.module?.version ?? ""}) reads v08`,
    way:
      `Load DRBD 9 there again: boot the kernel that has it (\`modinfo drbd\` tells). To go back to 8.4 for good, do it in this order, or the newer of the two can't be told any more: ${inOrder(name, "9")}; ` +
      `on each host, at a terminal, \`drbdmeta ${side.minor} v08 ${holder} ${place} create-md\`, and answer yes to "convert to v08?" and to "Do you want to proceed?", but no if it asks to replace the meta-data with newly initialized; then \`pulumi up\`.`,
  };
}

/** Metadata of a version that the module there neither reads nor can be given: it looks empty to that one. */
export function refuseVersion(
  desired: VolumePair,
  side: DesiredSide,
  node: ObservedNode,
  metadata: Metadata & { kind: "present" | "moved" },
): Refusal[] | undefined {
  const wanted = grammarOf(node) === "8.4" ? "v08" : "v09";
  if (node.module === null || metadata.version === wanted) return undefined;
  if (metadata.kind === "moved") {
    return [
      {
        node: side.hostname,
        found: `${side.disk} grew while it was down, and where it ended when it had ${metadata.bytes} bytes lies DRBD metadata of version ${metadata.version}, while the module there (${node.module.version}) reads ${wanted}`,
        way: `Boot the kernel with the module that wrote it and run \`pulumi up\` with it: the metadata moves to the disk's new end. Only then change the module.`,
      },
    ];
  }
  // metadata-conversion.ts: converted where that loses nothing.
  return wanted === "v09" ? undefined : [refuseMetadata9(desired, side, node)];
}
