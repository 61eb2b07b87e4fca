import { redactSecrets } from "../config/shared-secret";

/** What `drbdadm -d adjust` would do to the kernel (drbd-utils 9.22.0, 8.4 and 9), sorted by what it means for data. */
export interface Adjustment {
  /** Options that change while the device runs. */
  readonly options: readonly string[];
  /** The connection is made, or ended and made anew, with the peer that it had. */
  readonly connection: readonly string[];
  /** The resource is brought up, wholly or in part. */
  readonly start: readonly string[];
  /** A peer or a path goes, and does not come back: another host, or other node ids. Never ours to run. */
  readonly parting: readonly string[];
  /** A running device would lose its disk, be removed or change its size. Never ours to run. */
  readonly dangerous: readonly string[];
  /** The endpoints that a connection has and gets, where they change: `ipv4:10.0.0.1:7789 ipv4:10.0.0.2:7789`. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
}

type Kind = "options" | "connection" | "start";

const kinds: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    "net-options": "options",
    "disk-options": "options",
    "peer-device-options": "options",
    "resource-options": "options",
    connect: "connection",
    disconnect: "connection",
    "new-peer": "connection",
    "del-peer": "connection",
    "new-path": "connection",
    "del-path": "connection",
    "new-resource": "start",
    "new-minor": "start",
    attach: "start",
    "apply-al": "start",
  }),
);

interface Command {
  readonly line: string;
  readonly verb: string;
  /** Behind the verb, without options. */
  readonly words: readonly string[];
}

/** Without what drbdadm would do to the volumes with these minors, where a file no longer has them. */
export function withoutLeaving(output: string, minors: readonly number[]): string {
  const isOfLeaving = (line: string): boolean => {
    // On DRBD 9: `detach --diskless 2`.
    const [, minor] = /^\S*drbdsetup\S* (?:detach|del-minor)(?: --\S+)* (\d+)$/.exec(line.trim()) ?? [];
    return minor !== undefined && minors.includes(Number(minor));
  };
  return output
    .split("\n")
    .filter((line) => !isOfLeaving(line))
    .join("\n");
}

/** A verb that is not known counts as dangerous. */
export function parseAdjustment(output: string): Adjustment {
  const commands = output.split("\n").flatMap((raw): Command[] => {
    const line = redactSecrets(raw.trim());
    const [path = "", ...words] = line.split(/\s+/);
    const program = path.replace(/^.*\//, "");
    if (!/^drbd(setup|meta|-proxy-ctl)/.test(program)) return [];
    const verb = program.startsWith("drbdmeta") ? words.find((word) => word === "apply-al") : words[0];
    const known = program.startsWith("drbdmeta") || program.startsWith("drbdsetup");
    return [{ line, verb: known ? (verb ?? "") : "", words: words.slice(1).filter((word) => !word.startsWith("--")) }];
  });
  const lines = (kind: Kind | undefined, isParting: boolean) =>
    commands
      .filter((one) => kinds.get(one.verb) === kind && parts(one, commands) === isParting)
      .map(({ line }) => line);
  return {
    options: lines("options", false),
    connection: lines("connection", false),
    start: lines("start", false),
    parting: commands.filter((one) => parts(one, commands)).map(({ line }) => line),
    dangerous: lines(undefined, false),
    moves: movesIn(commands),
  };
}

/**
 * Whether a command ends what no other one of the same adjustment makes again. On 9, peers are known by their node ids: a
 * changed address is `disconnect`, `del-path`, `new-path` and `connect` of one id, a changed transport `del-peer` and
 * `new-peer`. On 8.4 a changed address is `disconnect` with the old and `connect` with the new one.
 */
function parts({ verb, words }: Command, commands: readonly Command[]): boolean {
  const of = (name: string) => commands.filter((one) => one.verb === name);
  const [resource, id] = words;
  const again = (name: string) => of(name).filter(({ words: [its, its2] }) => its === resource && its2 === id);
  const isBy8 = !/^\d+$/.test(id ?? "");
  switch (verb) {
    case "disconnect":
      return isBy8 ? of("connect").length < of("disconnect").length : again("connect").length === 0;
    case "del-path":
      return again("del-path").length !== again("new-path").length || again("connect").length === 0;
    case "del-peer":
      return again("new-peer").length === 0 || again("connect").length === 0;
    // A second peer: one that is removed under another id, or one that nobody knew.
    case "new-peer":
      return of("del-peer").some(({ words: [its, its2] }) => its === resource && its2 !== id);
    default:
      return false;
  }
}

function movesIn(commands: readonly Command[]): Adjustment["moves"] {
  const of = (name: string) => commands.filter(({ verb }) => verb === name);
  const moved = of("del-path").flatMap(({ words: [resource, id, ...from] }) =>
    of("new-path")
      .filter(({ words: [its, its2] }) => its === resource && its2 === id)
      .map(({ words: [, , ...to] }) => ({ from: from.join(" "), to: to.join(" ") })),
  );
  const isBy8 = ({ words }: Command) => words.length > 0 && words.every((word, at) => at === 0 || word.includes(":"));
  const ended = of("disconnect").filter(isBy8);
  const made = of("connect").filter(isBy8);
  const endpoints = ({ words }: Command) => words.filter((word) => word.includes(":")).join(" ");
  const reconnected = ended.flatMap((one, at) => {
    const next = made[at];
    return next === undefined ? [] : [{ from: endpoints(one), to: endpoints(next) }];
  });
  return [...moved, ...reconnected].filter(({ from, to }) => from !== to);
}

/** What changes, in few words: the options without the addresses. A secret is named, as it may be all that differs. */
export function describeAdjustment(adjustment: Adjustment): string {
  const words = [...adjustment.options, ...adjustment.connection, ...adjustment.start].map((line) => {
    const [, verb = "", ...rest] = line.split(/\s+/);
    const options = rest.map((word) => (/^["']?--shared-secret\b/.test(word) ? "--shared-secret=…" : word));
    return [verb, ...options.filter((word) => word.startsWith("--") && word !== "--set-defaults")].join(" ");
  });
  return [...new Set(words)].join("; ");
}
