/** `floating 10.0.0.1:7789 { … }` calls a host by its address. Compared with a text that has names, it has those. */
import type { OptionsByKey } from "./compare-options";

const place = /^(volume [0-9]+ )?(device|disk|meta-disk)$/;

/** The options with the hosts' names that `known` has for their addresses. */
export function withHostNames(options: OptionsByKey, known: OptionsByKey): OptionsByKey {
  const names = new Map(
    [...known].flatMap(([key, address]) => (key.endsWith(": address") ? [[address, key.replace(/: .*/, "")]] : [])),
  ) as ReadonlyMap<string, string>;
  const nameOf = (key: string): readonly [name: string | undefined, address: string, rest: string] => {
    const [, address = "", rest = ""] = /^floating (?:ipv[46] )?([^ ]+)(?: (.*))?$/.exec(key) ?? [];
    return [names.get(address), address, rest];
  };
  const floating = [...options.keys()].flatMap((key) => nameOf(key)[0] ?? []);
  if (floating.length === 0) return options;
  return new Map(
    [...options].flatMap(([key, value]): [string, string][] => {
      const [name, address, rest] = nameOf(key);
      if (name !== undefined) return [rest === "" ? [`${name}: address`, address] : [`${name}: ${rest}`, value]];
      return place.test(key) ? [...new Set(floating)].map((one) => [`${one}: ${key}`, value]) : [[key, value]];
    }),
  );
}
