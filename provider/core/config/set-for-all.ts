import type { OptionValues } from "../wanted/desired";
import type { SetOptions } from "../wanted/link-options";
import { sharedOptions } from "./compare-options";

/** What `common` in the texts sets. */
export function setForAll(texts: readonly string[]): SetOptions & { readonly handlers: OptionValues } {
  const shared = sharedOptions(texts);
  const of = (section: string): OptionValues => {
    const prefix = `common ${section} `;
    const found = [...shared].filter(([key]) => key.startsWith(prefix));
    return Object.fromEntries(found.map(([key, value]) => [key.slice(prefix.length), value]));
  };
  return { net: of("net"), disk: of("disk"), handlers: of("handlers") };
}
