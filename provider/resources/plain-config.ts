import * as pulumi from "@pulumi/pulumi";

import { placesOf, secretKeys } from "../core/wanted/secret-keys";

/** Pulumi keeps plain config in plain state: among the inputs of the provider, in each checkpoint and its history. */
export function warnOfPlainConfig(path: string, isPath: boolean): void {
  void pulumi.log.warn(
    `Pulumi.${pulumi.getStack()}.yaml: ${path} is not a secret there, so it stands in the clear in that file, in the stack's state and in its history. ` +
      `Encrypt it: \`pulumi config set --secret ${isPath ? "--path " : ""}'${path}'\`, with the value on standard input. Where others could read the file or the state, change it.`,
  );
}

/** Both hosts may have one password. */
const told = new Set<string>();

/**
 * The same for a program that reads its config by itself and hands a secret on: found by its value among the config that is
 * plain. What only an output knows is not looked for, and siteConfig has told its own places.
 */
export function warnOfSecretsFromPlainConfig(args: object, given: object): void {
  if ("__source" in args) return;
  const secrets = new Set(secretsIn(given));
  if (secrets.size === 0) return;
  for (const [key, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (isConfigSecret(key)) continue;
    for (const path of placesOf(secrets, structureOf(text), key)) {
      if (!told.has(path)) warnOfPlainConfig(path, path !== key);
      told.add(path);
    }
  }
}

function secretsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value) || value instanceof Promise)
    return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    secretKeys.has(key) && typeof item === "string" && item !== "" ? [item] : secretsIn(item),
  );
}

/** Pulumi hands lists and groups of the config on as JSON. */
function structureOf(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" ? parsed : text;
  } catch {
    return text;
  }
}

/** The SDK knows which keys of the stack's config are secrets, and its types do not say so. */
export function isConfigSecret(key: string): boolean {
  const runtime = pulumi.runtime as unknown as { readonly isConfigSecret: (key: string) => boolean };
  return runtime.isConfigSecret(key);
}
