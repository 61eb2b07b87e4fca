import * as pulumi from "@pulumi/pulumi";

import type { Announced } from "../core/told/engine-inputs";

/**
 * Pulumi's engine checks and diffs one resource after the other. The provider would so look at one host after the
 * other, and at each disk by itself. So the classes announce what a program has declared, and the provider looks at all
 * hosts at once, and once. What depends on other resources is not waited for: only values that are known at once, such as
 * a secret from the config, are announced.
 */
const announced: { nodes: unknown[]; pairs: unknown[]; moves: unknown[]; resources: unknown[] } = {
  nodes: [],
  pairs: [],
  moves: [],
  resources: [],
};

const hostnames = new WeakMap<object, string>();

export function announceNode(
  resource: object,
  node: { readonly hostname: unknown; readonly [key: string]: unknown },
): void {
  if (typeof node.hostname === "string") hostnames.set(resource, node.hostname);
  whenKnown(node, (known) => announced.nodes.push(known));
}

/**
 * A resource on nodes that announced themselves: that they are its hosts; where it is to run, and whether a person says that
 * its other host is off; and, once all of it is known, what it is to be. The first two wait for nothing else of it.
 */
export function announceResource(
  nodes: readonly object[],
  {
    nodes: sides,
    ...resource
  }: { readonly name: unknown; readonly nodes: readonly object[]; readonly [key: string]: unknown },
): void {
  const { name, primary, peerIsOff } = resource;
  const hosts = nodes.flatMap((node) => hostnames.get(node) ?? []);
  whenKnown({ name, hosts }, (known) => announced.pairs.push(known));
  if (primary !== undefined) {
    whenKnown({ name, hosts, primary, peerIsOff }, (known) => announced.moves.push(known));
  }
  if (hosts.length === nodes.length) {
    const placed = sides.map((side, place) => ({ ...side, hostname: hosts[place] }));
    whenKnown({ ...resource, nodes: placed }, (known) => announced.resources.push(known));
  }
}

function whenKnown(value: object, then: (known: object) => void): void {
  if (isPlain(value)) then(value);
  else pulumi.output(value).apply(then);
}

/** All that the program declared, once it has declared it; secret, since connections hold keys. */
export function whatIsAnnounced(): pulumi.Output<Announced> {
  const later = new Promise<Announced>((resolve) => {
    setImmediate(() => {
      resolve(announced as unknown as Announced);
    });
  });
  return pulumi.secret(later);
}

function isPlain(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return false;
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isPlain);
}
