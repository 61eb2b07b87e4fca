/** Strings that mean something to a shell, to drbd.conf, to fstab or to a terminal, and all places where one may be given. */
import { OPTIONS, type SectionName } from "../../provider/core/wanted/option-table";

/** In each of them, so that it can be told whether it was run. */
export const canary = `/tmp/canary-${process.pid}`;
/** In each of them, so that it can be told whether it is shown. */
export const trace = "Kanarie7";

const pieces: readonly string[] = [
  `$(touch ${canary})`,
  `\`touch ${canary}\``,
  `;touch ${canary};`,
  `&touch ${canary}&`,
  `|touch ${canary}`,
  `\ntouch ${canary}\n`,
  `' ; touch ${canary} ; '`,
  `" ; touch ${canary} ; "`,
  `'$(touch ${canary})'`,
  `$(touch\${IFS}${canary})`,
  `>${canary}`,
  `\\`,
  `"`,
  `'`,
  `\\"; } } resource evil {`,
  `; } } resource evil { `,
  `# `,
  " ",
  "\t",
  "\r",
  "\n",
  "\n/dev/sda / ext4 defaults 0 0\n",
  ",bind",
  "\\040",
  "%i",
  "-",
  "--force",
  "-f",
  "--",
  "../../etc/shadow",
  "/../..",
  "*",
  "?",
  "~root",
  "{a,b}",
  "$HOME",
  "!!",
  "é",
  "日本",
  "\u{1f600}",
  "\u202e",
  "\u001b[31m",
  "\u0001",
  "\u007f",
  "\u2028",
  "\ud800",
  "\ufeff",
  "(secret)",
  "x".repeat(70),
  "x".repeat(10_000),
];

/** By itself, at the beginning and at the end of what is right; with the trace, and without it. */
export const hostileFor = (good: string): string[] => [
  "",
  trace,
  ...pieces.flatMap((piece) => [piece, trace + piece, good + piece, piece + good]),
];

export type Path = readonly (string | number)[];

const endpoint = ["host", "user", "password", "privateKey", "privateKeyPassword", "agentSocketPath", "hostKey"];
const connection = (path: Path): Path[] =>
  [[], ["proxy"]].flatMap((proxy) => endpoint.map((name) => [...path, "connection", ...proxy, name]));
const options = (path: Path, sections: readonly SectionName[]): Path[] =>
  sections.flatMap((section) => Object.keys(OPTIONS[section]).map((name) => [...path, section, name]));
const SECTIONS = ["net", "disk", "options", "startup", "handlers"] as const;

export const nodePaths: readonly Path[] = [
  ["hostname"],
  ["address"],
  ["insecureIgnoreHostKey"],
  ...connection([]),
  ...options([], ["global"]),
  ...options(["common"], SECTIONS),
];

export const resourcePaths: readonly Path[] = [
  ...["name", "minor", "port", "protocol", "auth", "sharedSecret", "cramHmacAlg", "syncSource"].map((name) => [name]),
  ...["waitForSync", "waitForSyncSeconds", "ignoreManagers", "snapshotBeforeResync"].map((name) => [name]),
  ["services", 0],
  ["virtualMachines", 0],
  ...["xml", "shutdownTimeout"].map((name) => ["virtualMachines", 1, name]),
  ...[0, 1].flatMap((index) => [
    ...["hostname", "address", "disk", "metaDisk"].map((name) => ["nodes", index, name]),
    ...connection(["nodes", index]),
  ]),
  ...["type", "label", "mountPoint"].map((name) => ["filesystem", name]),
  ...[0, 1].map((index) => ["filesystem", "mkfsOptions", index]),
  ["filesystem", "mountOptions", 0],
  ...options([], SECTIONS),
];

/** Where a name is given, which may be anything too. */
export const places: Readonly<Record<"node" | "resource", readonly Path[]>> = {
  node: [
    [],
    ["connection"],
    ["connection", "proxy"],
    ["global"],
    ["common"],
    ...SECTIONS.map((name) => ["common", name]),
  ],
  resource: [[], ["nodes", 0], ["nodes", 1, "connection"], ["filesystem"], ...SECTIONS.map((name) => [name])],
};

export type Json = Record<string | number, unknown>;

/** The same inputs with something else at a place. */
export function withValue(inputs: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const inner = withValue((inputs as Json | undefined)?.[key], rest, value);
  if (Array.isArray(inputs)) return inputs.with(Number(key), inner);
  return { ...(inputs as Json | undefined), [key]: inner };
}

export const valueAt = (inputs: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], inputs);
