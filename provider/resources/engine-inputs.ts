import * as pulumi from "@pulumi/pulumi";

import { whatIsAnnounced } from "./announce";
import type { HiddenInputs } from "../core/told/engine-inputs";

const packageName = "drbd";

/** What the provider's process is not told by Pulumi: the resource's URN, for its messages, and whether this is a preview. */
export function hidden(
  kind: "DrbdNode" | "DrbdResource",
  name: string,
  opts: pulumi.CustomResourceOptions | undefined,
): { [key in keyof HiddenInputs]: pulumi.Input<HiddenInputs[key]> } {
  const urn = pulumi.createUrn(name, `pulumi-nodejs:dynamic/${packageName}:${kind}`, opts?.parent);
  return {
    // As a promise: an output of the parent's would make the resource wait for its parent's children, itself among them.
    __urn: new Promise<string>((resolve) => {
      urn.apply(resolve);
    }),
    __preview: pulumi.runtime.isDryRun(),
    __announced: whatIsAnnounced(),
  };
}
