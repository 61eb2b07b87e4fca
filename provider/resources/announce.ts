import * as pulumi from "@pulumi/pulumi";

import type { Announced } from "../core/told/engine-inputs";

/**
 * Pulumi's engine checks and diffs one resource after the other. The provider would so look at one host after the
 * other, and at each disk by itself. So the classes announce what a program has declared, and the provider looks at all
 * hosts at once, and once. What depends on other resources is not waited for: only values that are known at once, such as
 * a secret from the config, are announced.
 */
const announced: { nodes: unknown[]; looks: unknown[]; pairs: string[][]; moves: unknown[] } = {
  nodes: [],
  looks: [],
  pairs: [],
  moves: [],
};

const hostnames = new WeakMap<object, string>();

export function announceNode(
  resource: object,
  node: { readonly hostname: unknown; readonly [key: string]: unknown },
): void {
  if (typeof node.hostname === "string") hostnames.set(resource, node.hostname);
  whenKnown(node, (known) => announced.nodes.push(known));
}

/** The hostname that a node announced. */
export function announcedName(node: object): string | undefined {
  return hostnames.get(node);
}

export function announceLook(node: object, look: object): void {
  const hostname = hostnames.get(node);
  if (hostname !== undefined) whenKnown(look, (known) => announced.looks.push({ ...known, hostname }));
}

/** Which hosts belong together: nothing is written on one before the other was seen too. */
export function announcePair(nodes: readonly object[]): void {
  const pair = nodes.flatMap((node) => hostnames.get(node) ?? []);
  if (pair.length === nodes.length) announced.pairs.push(pair);
}

/** Where a resource is to run, and whether a person says that its other host is off. */
export function announceMove(
  nodes: readonly object[],
  move: { readonly primary?: unknown; readonly [key: string]: unknown },
): void {
  if (move.primary === undefined) return;
  const hosts = nodes.flatMap((node) => hostnames.get(node) ?? []);
  whenKnown(move, (known) => announced.moves.push({ ...known, hosts }));
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
