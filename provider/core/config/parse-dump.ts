/**
 * Reads what `drbdadm --verbose dump` prints, in both grammars. With --verbose drbdadm resolves everything first:
 * each host has all its volumes, each volume and connection all its options. Without it the text is as it was written,
 * and `dump-xml` leaves out node ids, stacking, meshes and half of `global` (test/fixtures/drbdadm-dump).
 */
import { parseStatements, type Statement } from "./parse-statements";
import { SECRET_PLACEHOLDER } from "./shared-secret";
import type {
  ConnectionMeaning,
  EndpointMeaning,
  HostMeaning,
  OptionsByName,
  PathEnd,
  ResourceMeaning,
  VolumeMeaning,
} from "./resource-meaning";

/** All resources of a dump. */
export function parseDump(text: string): ResourceMeaning[] {
  const comments = commentsIn(text);
  return parseStatements(text).flatMap(({ words: [keyword, name], body }) => {
    if (keyword !== "resource" || name === undefined || body === undefined) return [];
    return [{ ...resourceMeaning(name, body), isIgnored: false, ...comments.get(name) }];
  });
}

/** `# resource r0 on alpha: not ignored, not stacked` and `# defined at FILE:LINE`, one below the other. */
function commentsIn(text: string): ReadonlyMap<string, Pick<ResourceMeaning, "definedAt" | "isIgnored">> {
  const all = text.matchAll(/^# resource (\S+) on [^\n]*?: ((?:not )?ignored), [^\n]*\n# defined at ([^\n]+)$/gm);
  return new Map(
    [...all].map(([, name = "", ignored, definedAt = ""]) => [
      name.replace(/^"(.*)"$/, "$1"),
      { definedAt, isIgnored: ignored === "ignored" },
    ]),
  );
}

/** A statement in one line again, for what is told as it is: without a secret. */
function textOf({ words, body }: Statement): string {
  const head = words[0] === "shared-secret" ? `${words[0]} ${SECRET_PLACEHOLDER}` : words.join(" ");
  return body === undefined ? `${head};` : `${head} { ${body.map(textOf).join(" ")} }`;
}

/** Statements by how they begin; `rest` is what nobody asked for. */
class Taken {
  private readonly left: Set<Statement>;

  constructor(private readonly all: readonly Statement[]) {
    this.left = new Set(all);
  }

  /** All with this keyword that have braces, or that have none. */
  take(keyword: string, braces: boolean): Statement[] {
    const found = this.all.filter(({ words, body }) => words[0] === keyword && (body !== undefined) === braces);
    for (const one of found) this.left.delete(one);
    return found;
  }

  rest(): string[] {
    return [...this.left].map(textOf);
  }
}

interface Options {
  readonly options: OptionsByName;
  /** Said twice with different values, or with a section in it: which of them counts, drbdadm alone knows. */
  readonly unknown: readonly string[];
}

function optionsOf(statements: readonly Statement[]): Options {
  const options = new Map<string, string>();
  const unknown: string[] = [];
  for (const statement of statements) {
    const section = statement.words.join(" ");
    for (const one of statement.body ?? []) {
      const [name = "", ...values] = one.words;
      const value = values.length === 0 ? "yes" : values.join(" ");
      const isTwice = options.has(name) && options.get(name) !== value;
      if (one.body !== undefined || isTwice) unknown.push(`${section} { ${textOf(one)} }`);
      else options.set(name, value);
    }
  }
  return { options, unknown };
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;

/** `ipv4 10.0.0.1:7788`, `ipv6 [fd00::1]:7788`. */
function endpointOf(words: readonly string[]): EndpointMeaning | undefined {
  const [, family, address, port] = /^([a-z0-9]+) \[?([^\]]+)\]?:([0-9]{1,5})$/.exec(joined(words)) ?? [];
  if (family === undefined || address === undefined) return undefined;
  return { family, address, port: Number(port) };
}

const joined = ([family = "", ...address]: readonly string[]): string => `${family} ${address.join("")}`;

function resourceMeaning(name: string, body: readonly Statement[]): Omit<ResourceMeaning, "isIgnored"> {
  const taken = new Taken(body);
  const sections = ["net", "disk", "options", "startup", "handlers"] as const;
  const [net, disk, options, startup, handlers] = sections.map((section) => optionsOf(taken.take(section, true)));
  const hosts = (["on", "floating", "stacked-on-top-of"] as const).flatMap((keyword) =>
    taken.take(keyword, true).map(hostMeaning),
  );
  const connections = taken.take("connection", true).map(connectionMeaning);
  // drbdadm has taken what it says.
  taken.take("template-file", false);
  const proxy = taken.take("proxy", true).map(textOf).join(" ");
  const none: Options = { options: new Map(), unknown: [] };
  const all = [net, disk, options, startup, handlers].map((one) => one ?? none);
  return {
    name,
    hosts,
    connections,
    net: net?.options ?? none.options,
    disk: disk?.options ?? none.options,
    options: options?.options ?? none.options,
    startup: startup?.options ?? none.options,
    handlers: handlers?.options ?? none.options,
    ...(proxy === "" ? {} : { proxy }),
    unknown: [...taken.rest(), ...all.flatMap((one) => one.unknown)],
  };
}

function hostMeaning({ words: [keyword, ...names], body = [] }: Statement): HostMeaning {
  const taken = new Taken(body);
  const nodeId = numberIn(taken.take("node-id", false)[0]?.words[1]);
  const written = taken.take("address", false)[0]?.words.slice(1);
  const endpoint = endpointOf(keyword === "floating" ? names : (written ?? []));
  const isRead = endpoint !== undefined || written === undefined;
  const options = optionsOf(taken.take("options", true));
  const numbered = taken.take("volume", true);
  const implicit = [...placeKeywords.flatMap((one) => taken.take(one, false)), ...taken.take("disk", true)];
  const volumes = [
    ...(implicit.length > 0 ? [volumeMeaning(0, implicit)] : []),
    ...numbered.map((one) => volumeMeaning(numberIn(one.words[1]) ?? -1, one.body ?? [])),
  ];
  return {
    names: keyword === "on" ? names : [],
    isFloating: keyword === "floating",
    ...(keyword === "stacked-on-top-of" ? { stackedOn: names.join(" ") } : {}),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(endpoint === undefined ? {} : { endpoint }),
    volumes: volumes.map(({ volume }) => volume),
    options: options.options,
    unknown: [
      ...taken.rest(),
      ...(isRead ? [] : [`address ${written.join(" ")};`]),
      ...options.unknown,
      ...volumes.flatMap(({ unknown }) => unknown),
    ],
  };
}

const placeKeywords = ["device", "disk", "meta-disk"] as const;

function volumeMeaning(
  number: number,
  body: readonly Statement[],
): { readonly volume: VolumeMeaning; readonly unknown: readonly string[] } {
  const taken = new Taken(body);
  const [device = [], disk = [], meta = []] = placeKeywords.map((one) => taken.take(one, false)[0]?.words.slice(1));
  const at = device.indexOf("minor");
  const minor = numberIn(device[at + 1]);
  const index = meta[1] === "[" ? numberIn(meta[2]) : undefined;
  const options = optionsOf(taken.take("disk", true));
  return {
    volume: {
      number,
      ...(at >= 0 && minor !== undefined ? { minor } : {}),
      ...(at > 0 && device[0] !== undefined ? { device: device[0] } : {}),
      ...(disk[0] === undefined ? {} : { disk: disk[0] }),
      ...(meta[0] === undefined ? {} : { metaDisk: meta[0] }),
      ...(index === undefined ? {} : { metaIndex: index }),
      options: options.options,
    },
    unknown: [...taken.rest(), ...options.unknown].map((text) => `volume ${number} { ${text} }`),
  };
}

function connectionMeaning({ body = [] }: Statement): ConnectionMeaning {
  const taken = new Taken(body);
  const own = ["host", "address"].flatMap((one) => [...taken.take(one, false), ...taken.take(one, true)]);
  const written = taken.take("path", true).map((one) => one.body ?? []);
  const paths = [...(own.length > 0 ? [own] : []), ...written].map((ends) => ends.map(pathEnd));
  const [net, disk] = ["net", "disk"].map((section) => optionsOf(taken.take(section, true)));
  const volumes = taken.take("volume", true).map((one) => {
    const inside = new Taken(one.body ?? []);
    const options = optionsOf(inside.take("disk", true));
    const unknown = [...inside.rest(), ...options.unknown].map((text) => `${one.words.join(" ")} { ${text} }`);
    return { number: numberIn(one.words[1]) ?? -1, options: options.options, unknown };
  });
  return {
    paths,
    net: net?.options ?? new Map(),
    disk: disk?.options ?? new Map(),
    volumes: new Map(volumes.map(({ number, options }) => [number, options])),
    unknown: [
      ...taken.rest(),
      ...(net?.unknown ?? []),
      ...(disk?.unknown ?? []),
      ...volumes.flatMap(({ unknown }) => unknown),
    ],
  };
}

/** `host alpha address ipv4 10.0.0.1:7788 via proxy on alpha { … }`; the address alone where there is no name. */
function pathEnd({ words, body }: Statement): PathEnd {
  const via = words.indexOf("via");
  const until = via >= 0 ? via : words.length;
  const at = words.indexOf("address");
  const host = words.slice(1, at >= 0 ? at : until).join(" ");
  const endpoint = at >= 0 ? endpointOf(words.slice(at + 1, until)) : undefined;
  return {
    ...(words[0] === "host" ? { host } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(via >= 0 ? { proxy: textOf({ words: words.slice(via + 1), body: body ?? [] }) } : {}),
  };
}
