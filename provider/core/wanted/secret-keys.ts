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

/** Where one of these texts stands in a structure, spelled likewise. */
export function placesOf(texts: ReadonlySet<string>, value: unknown, at: string): string[] {
  if (typeof value === "string") return texts.has(value) ? [at] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => placesOf(texts, item, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => placesOf(texts, item, `${at}.${key}`));
}
