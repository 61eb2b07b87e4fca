/**
 * The same function, which keeps its last results: one plan reads a host's files some twenty times. What it gives is shared
 * by all who ask, so it must be read only.
 */
export function remembered<T>(read: (text: string) => T, most = 256): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const made = read(text);
    // All of them go at once: the oldest alone would need a list of its own.
    if (results.size >= most) results.clear();
    results.set(text, made);
    return made;
  };
}
