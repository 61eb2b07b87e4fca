import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** @pulumi/command's own connection arguments: one object serves both. */
export type ConnectionArgs = types.input.remote.ConnectionArgs;

const secretKeys = ["password", "privateKey", "privateKeyPassword"] as const;

/** The same connection with its keys and passwords marked as secrets, so that Pulumi keeps them encrypted. */
export function withSecrets(connection: pulumi.Input<ConnectionArgs>): pulumi.Input<ConnectionArgs> {
  // One output: what it holds is known late, and marking parts of it marks the whole. Secret is the safe side.
  if (!isPlain(connection)) return pulumi.secret(connection);
  const { proxy } = connection;
  if (proxy === undefined) return mark(connection);
  return { ...mark(connection), proxy: isPlain(proxy) ? mark(proxy) : pulumi.secret(proxy) };
}

function mark<T extends object>(endpoint: T): T {
  const marked = secretKeys.flatMap((key) => {
    const value = (endpoint as Record<string, pulumi.Input<string> | undefined>)[key];
    return value === undefined ? [] : [[key, pulumi.secret(value)] as const];
  });
  return { ...endpoint, ...Object.fromEntries(marked) };
}

function isPlain<T extends object>(value: pulumi.Input<T>): value is T {
  return !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}
