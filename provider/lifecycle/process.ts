import type { Claim } from "../core/decided/hosts/claims";
import { preview } from "./phase";
import { forgetWarnings } from "./reporter";
import { operation } from "../shell/operation";
import { forgetHosts, type Host } from "../shell/host";

/** What a provider process knows beside Pulumi's state. One process serves one phase of one run. */
export const known = {
  /** What the resources that were checked before in this process take up, by URN. */
  claims: new Map<string, readonly Claim[]>(),
  /** What the resources that the program declared take up, whether they were checked or not. */
  declaredClaims: [] as Claim[],
  /** What the program declared was heard of (expected.ts). */
  announced: false,
  /** Host → the names of the resources that the program declared on it. */
  described: new Map<string, Set<string>>(),
  /** The hosts that the program declared, or that were checked before in this process. */
  hostnames: new Set<string>(),
  /** Host → the resources that were taken down there in this process: what a user had before them came back. */
  takenDown: new Map<string, Set<string>>(),
  /** What a refresh found to be another state than the one that was stored, by URN. */
  moved: new Set<string>(),
  /** The hosts that a `peerIsOff` of the program names. */
  off: new Set<string>(),
  /** The resources with a `primary`, and the hosts that they would move from. */
  primaries: [] as { readonly name: string; readonly from: readonly string[] }[],
  /** The hosts of each resource that the program declared. */
  pairs: [] as (readonly Host[])[],
};

/** Begins anew, for who runs many phases in one process; with other hosts than those behind SSH, if given. */
export function beginProcess(...reach: Parameters<typeof forgetHosts>): void {
  known.claims.clear();
  known.declaredClaims = [];
  known.announced = false;
  known.described.clear();
  known.hostnames.clear();
  known.takenDown.clear();
  known.off.clear();
  known.primaries = [];
  known.moved.clear();
  forgetWarnings();
  operation.command = undefined;
  known.pairs = [];
  preview.now = false;
  forgetHosts(...reach);
}
