import { type Path, formatPath } from "./failures";

/** What stands for a value that Pulumi does not know yet in a preview: `pulumi.runtime.unknownValue`. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isUnknown = (value: unknown): boolean => typeof value === "string" && value.includes(UNKNOWN);

/** Where values are not known yet: `["sharedSecret", "nodes[0].address"]`. */
export function unknownPaths(value: unknown, path: Path = []): string[] {
  if (isUnknown(value)) return [formatPath(path)];
  if (typeof value !== "object" || value === null) return [];
  const entries: [PropertyKey, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => unknownPaths(inner, [...path, key]));
}
