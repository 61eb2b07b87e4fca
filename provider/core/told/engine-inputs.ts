import type { ConnectionInputs } from "../wanted/inputs";

/** What a program is about to ask for, as far as it can be known before anything ran: see announce.ts. */
export interface Announced {
  readonly nodes: readonly AnnouncedNode[];
  /** Each resource with its hosts, as far as they are known. */
  readonly pairs: readonly AnnouncedPair[];
  /** Of each resource with a `primary`: its hosts, and those that `peerIsOff` names. */
  readonly moves: readonly AnnouncedMove[];
  /** What each is to be, without the secret: of those of which all is known at once. */
  readonly resources: readonly AnnouncedResource[];
}

export interface AnnouncedPair {
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface AnnouncedMove extends AnnouncedPair {
  readonly primary?: string;
  readonly peerIsOff?: Readonly<Record<string, string>>;
}

/** The inputs of a resource, but for what is announced of its nodes. Nobody has checked them. */
export interface AnnouncedResource {
  readonly name: string;
  readonly nodes: readonly { readonly hostname: string }[];
}

export interface AnnouncedNode {
  readonly hostname: string;
  readonly address: string;
  readonly connection: ConnectionInputs;
  readonly insecureIgnoreHostKey?: boolean;
}

/**
 * Inputs that the classes hand to the provider beside the user's own. Pulumi shows no key that begins with two
 * underscores.
 */
export interface HiddenInputs {
  /** Where messages go. */
  readonly __urn?: string;
  /** Whether the engine is in a preview; the provider itself is not told. */
  readonly __preview?: boolean;
  readonly __announced?: Announced;
  /** Where the inputs come from, for messages: `Pulumi.oslo.yaml: pulumi-drbd:resources[0]`. */
  readonly __source?: string;
  /** For a resource: the text of global_common.conf that its nodes are about to have. */
  readonly __globalCommon?: readonly string[];
}

const passing = ["__preview", "__announced", "__provider"] as const;

/** Inputs without what changes from run to run, so that they can be kept and compared. */
export function lasting<T extends object>(inputs: T): Omit<T, (typeof passing)[number]> {
  const kept = Object.entries(inputs).filter(([key]) => !passing.some((one) => one === key));
  return Object.fromEntries(kept) as Omit<T, (typeof passing)[number]>;
}

/** Only the user's own. */
export function visible(inputs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
}
