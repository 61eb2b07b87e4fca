import type { DesiredResource } from "../wanted/desired";

/** In the order of `desired.hosts`. */
export type NodeIds = readonly [number, number];

/** The ids of a pair that has none: they follow from the hostnames, and not from the order of the inputs. */
export const nodeIdsByName = ({ hosts: [first, second] }: Pick<DesiredResource, "hosts">): NodeIds =>
  first.hostname < second.hostname ? [0, 1] : [1, 0];
