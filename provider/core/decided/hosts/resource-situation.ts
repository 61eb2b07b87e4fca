import type { DesiredResource } from "../../wanted/desired";
import type { MemoryOfVolumes } from "../../seen/memory";
import type { ObservedNode } from "../../seen/observed";

export interface ResourceSituation {
  readonly desired: DesiredResource;
  /** The text of the resource's file, secret included. */
  readonly configuration: string;
  /** The text of global_common.conf that each node is about to have, where it is known, in the same order. */
  readonly globalCommon?: readonly (string | undefined)[];
  /** In the order of `desired.hosts`. */
  readonly nodes: readonly [ObservedNode, ObservedNode];
  readonly memory: MemoryOfVolumes;
  /** The host that `primary` names, where no `up` has carried that out yet. */
  readonly switchTo?: string;
  /** A move failed, and it goes back: whoever uses it there is told by the step that fails. */
  readonly isWayBack?: boolean;
  /** drbd-utils and the module may still be missing: the nodes' own plans bring them. */
  readonly preview: boolean;
}
