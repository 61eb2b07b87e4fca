/** How many single-character edits (with swaps of neighbours) lead from one word to the other. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      next.push(cost);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}

/** Case, dashes and underscores do not count: maxBuffers, max_buffers and max-buffers are one name. */
const fold = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");

/** The known name that was probably meant, if one is near enough. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const folded = fold(name);
  if (folded.length > 64) return undefined;
  let best: { name: string; far: number } | undefined;
  for (const candidate of known) {
    const far = distance(folded, fold(candidate));
    if (far <= Math.max(1, Math.floor(folded.length / 4)) && (best === undefined || far < best.far)) {
      best = { name: candidate, far };
    }
  }
  return best?.name;
}
