/**
 * Long tests run in turns. FAULTS says which: unset for none (`npm test`), `all` (`npm run faults`), or 1 to 8 for one
 * turn in eight, so that eight turns together run each of them once. jest.config.js shares out whole files alike.
 */
export const TURNS = 8;

export function inTurn<T>(cases: readonly T[], faults = process.env["FAULTS"]): readonly T[] {
  return faults === "all" ? cases : cases.filter((_, index) => faults === String((index % TURNS) + 1));
}
