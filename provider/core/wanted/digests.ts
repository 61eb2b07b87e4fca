import type { DesiredResource } from "./desired";

export interface WantedDigest {
  readonly digest: string;
  /** The input that names it. */
  readonly property: string;
}

/** The digests of the kernel that a resource uses. */
export function digestsOf({ sections: { net }, auth }: DesiredResource): WantedDigest[] {
  const named = ["verify-alg", "csums-alg", "data-integrity-alg"].map((name) => ({
    digest: net[name] ?? "",
    property: `net["${name}"]`,
  }));
  return [{ digest: auth?.algorithm ?? "", property: "cramHmacAlg" }, ...named].filter(({ digest }) => digest !== "");
}
