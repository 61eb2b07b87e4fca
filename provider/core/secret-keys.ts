/** Keys of inputs whose values nobody may read; DRBD's own word among them. */
export const secretKeys: ReadonlySet<string> = new Set([
  "password",
  "privateKey",
  "privateKeyPassword",
  "sharedSecret",
  "shared-secret",
]);

/** Where such values stand in a structure, as Pulumi's `--path` spells it: `pulumi-drbd:nodes[0].connection.password`. */
export function secretPaths(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => secretPaths(item, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    secretKeys.has(key) && item !== undefined && item !== null && item !== ""
      ? [`${at}.${key}`]
      : secretPaths(item, `${at}.${key}`),
  );
}
