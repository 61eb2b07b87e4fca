/** What `drbdadm --verbose dump all` prints, by resource: includes, templates, `common` and inheritance are resolved in it. */
import { changedOptions, effectiveOptions, type OptionChange } from "../config/compare-options";
import { parseStatements, type Statement } from "../config/parse-statements";

export interface DumpedResource {
  readonly resource: string;
  /** The file that defines it. What drbdadm read from its standard input has none. */
  readonly path?: string;
  /** Whether this host is one of its hosts. */
  readonly isHere: boolean;
  readonly text: string;
}

export function dumpedResources(dump: string): DumpedResource[] {
  const heads = [
    ...dump.matchAll(/^# resource (\S+) on [^\n]*: (not ignored|ignored)\b[^\n]*\n(?:# defined at ([^\n]+):\d+\n)?/gm),
  ];
  return heads.map(({ index, 0: head, 1: name = "", 2: state, 3: path }, place) => ({
    resource: name.replace(/^"(.*)"$/, "$1"),
    ...(path === undefined || path === "STDIN" ? {} : { path }),
    isHere: state === "not ignored",
    text: dump.slice(index + head.length, heads[place + 1]?.index),
  }));
}

export interface DumpedChange {
  readonly resource: string;
  readonly changes: readonly OptionChange[];
  /** It is defined no more, or something else changes than options that we know. */
  readonly isMore: boolean;
}

/** What differs between two dumps for each resource of this host that is in the first one. */
export function changedResources(before: string, after: string): DumpedChange[] {
  const there = new Map(dumpedResources(after).map(({ resource, text }) => [resource, text]));
  return dumpedResources(before).flatMap(({ resource, isHere, text }) => {
    const now = there.get(resource);
    if (!isHere || (now !== undefined && meaningOf(text) === meaningOf(now))) return [];
    const changes = once(changedOptions(effectiveOptions([text], resource), effectiveOptions([now ?? ""], resource)));
    return [{ resource, changes: now === undefined ? [] : changes, isMore: now === undefined || changes.length === 0 }];
  });
}

/** Two texts that mean the same are the same in this: the order of statements, quotes and layout mean nothing. */
function meaningOf(text: string): string {
  return parseStatements(text).map(spelled).sort().join("\n");
}

function spelled({ words, body }: Statement): string {
  return JSON.stringify([words, body?.map(spelled).sort()]);
}

/** drbdadm repeats an option of the resource in each of its hosts, volumes and connections. */
function once(changes: readonly OptionChange[]): OptionChange[] {
  const isRepeated = ({ key, from, to }: OptionChange): boolean =>
    changes.some((one) => key !== one.key && key.endsWith(` ${one.key}`) && from === one.from && to === one.to);
  return changes.filter((change) => !isRepeated(change));
}
