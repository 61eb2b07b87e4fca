/** Disks of two blank hosts that hold something already, and what a plan says of them. */
import type { Contents, ObservedNode } from "../../provider/core/seen/observed";
import { type Plan, stepsOf } from "../../provider/core/steps/plan";
import { blank, blankNode, diskBytes, withLook } from "./observed-builder";

export const alpha = blankNode("alpha");
export const bravo = blankNode("bravo");
export const uuid = "5eb1f5ac-0a63-4ad7-8d1c-dbd8bcb8ab7d";
export const usable = diskBytes - 49152;

export const filesystemOn = (type: string, taken: number | undefined): Contents => ({
  kind: "signature",
  real: "/dev/vdb",
  size: diskBytes,
  type,
  uuid,
  taken,
});
export const holding = (node: ObservedNode, disk: Contents): ObservedNode => withLook(node, { disk });
/** With room for all that the other disk can hold. */
export const roomy = withLook(bravo, { disk: { ...blank, size: 2 * diskBytes } as Contents });
export const data = {
  kind: "data",
  real: "/dev/vdb",
  size: diskBytes,
  offset: 4096,
  hash: "0123456789abcdef",
} as const satisfies Contents;
export const ways = (plan: Plan): string => plan.refusals.map(({ way }) => way).join("\n");
export const stepLike = (plan: Plan, command: string) =>
  stepsOf(plan).filter(({ argv }) => argv.join(" ").includes(command));
