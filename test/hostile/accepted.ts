import { type Path, hostileFor, valueAt, withValue } from "./strings";

/** Words for a shell on the host, and whatever else is text; the rest are numbers, and words of a list. */
const TAKES_ANY = /handlers|^name$|sharedSecret|^nodes\.0\.disk|^filesystem\.(label|mount|mkfs)|resync-after|cpu-mask/;

/** Inputs with an accepted hostile string in each place that takes one, so that each is in some place in some round. */
export function accepted<T>(
  rounds: number,
  paths: readonly Path[],
  good: unknown,
  parse: (inputs: unknown) => { readonly ok: unknown; readonly desired?: T },
): T[] {
  const taken = paths
    .filter((path) => TAKES_ANY.test(path.join(".")))
    .map((path, index) => {
      const right = valueAt(good, path);
      const all = hostileFor(typeof right === "string" ? right : "/bin/true").filter((_, at) => (at + index) % 3 === 0);
      return { path, values: all.filter((value) => parse(withValue(good, path, value)).ok === true) };
    });
  return Array.from({ length: rounds }, (_, round) => {
    const inputs = taken.reduce<unknown>((rest, { path, values }, index) => {
      const value = values[(round + index * rounds) % values.length];
      return value === undefined ? rest : withValue(rest, path, value);
    }, good);
    const parsed = parse(inputs);
    if (parsed.ok !== true || parsed.desired === undefined) throw new Error(JSON.stringify(parsed));
    return parsed.desired;
  });
}
