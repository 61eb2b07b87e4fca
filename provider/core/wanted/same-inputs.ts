/** Whether two sets of inputs ask for the same, whatever the order of their keys. Keys of our own (`__…`) do not count. */
export function sameInputs(first: unknown, second: unknown): boolean {
  return canonical(first) === canonical(second);
}

/** The keys that do not ask for the same any more; those of our own do not count. */
export function changedKeys(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): string[] {
  const keys = Object.keys({ ...before, ...after }).filter((key) => !key.startsWith("__"));
  return keys.filter((key) => !sameInputs(before[key], after[key]));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key.startsWith("__")) return undefined;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
