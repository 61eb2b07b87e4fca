import * as pulumi from "@pulumi/pulumi";

import type { HiddenInputs } from "./core/hidden-inputs";

const module = "drbd";

/** What the provider's process is not told by Pulumi: the resource's URN, for its messages, and whether this is a preview. */
export function hidden(
  kind: "DrbdNode" | "DrbdResource",
  name: string,
  opts: pulumi.CustomResourceOptions | undefined,
): { [key in keyof HiddenInputs]: pulumi.Input<HiddenInputs[key]> } {
  return {
    __urn: pulumi.createUrn(name, `pulumi-nodejs:dynamic/${module}:${kind}`, opts?.parent),
    __preview: pulumi.runtime.isDryRun(),
  };
}
