/**
 * Inputs that the classes hand to the provider beside the user's own. Pulumi shows no key that begins with two
 * underscores.
 */
export interface HiddenInputs {
  /** Where messages go. */
  readonly __urn?: string;
  /** Whether the engine is in a preview; the provider itself is not told. */
  readonly __preview?: boolean;
  /** Where the inputs come from, for messages: `Pulumi.oslo.yaml: pulumi-drbd:resources[0]`. */
  readonly __source?: string;
  /** For a resource: the text of global_common.conf that its nodes are about to have. */
  readonly __globalCommon?: readonly string[];
}

/** Inputs without what changes from run to run, so that they can be kept and compared. */
export function lasting<T extends object>(inputs: T): Omit<T, "__preview" | "__provider"> {
  const kept = Object.entries(inputs).filter(([key]) => key !== "__preview" && key !== "__provider");
  return Object.fromEntries(kept) as Omit<T, "__preview" | "__provider">;
}

/** Only the user's own. */
export function visible(inputs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
}
