import { redactSecrets } from "./config-file";

/** What `drbdadm -d adjust` would do to the kernel (drbd-utils 9.22.0, 8.4 and 9), sorted by what it means for data. */
export interface Adjustment {
  /** Options that change while the device runs. */
  readonly options: readonly string[];
  /** The connection is made, or ended and made anew. */
  readonly connection: readonly string[];
  /** The resource is brought up, wholly or in part. */
  readonly start: readonly string[];
  /** A running device would lose its disk, be removed or change its size. Never ours to run. */
  readonly dangerous: readonly string[];
}

const kinds: ReadonlyMap<string, keyof Adjustment> = new Map(
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

/** A verb that is not known counts as dangerous. */
export function parseAdjustment(output: string): Adjustment {
  const found = {
    options: [] as string[],
    connection: [] as string[],
    start: [] as string[],
    dangerous: [] as string[],
  };
  for (const raw of output.split("\n")) {
    const line = redactSecrets(raw.trim());
    const words = line.split(/\s+/);
    const program = (words[0] ?? "").replace(/^.*\//, "");
    if (!/^drbd(setup|meta)/.test(program)) continue;
    const verb = program.startsWith("drbdmeta") ? words.find((word) => word === "apply-al") : words[1];
    found[kinds.get(verb ?? "") ?? "dangerous"].push(line);
  }
  return found;
}

/** What changes, in few words: the options without the addresses. */
export function describeAdjustment(adjustment: Adjustment): string {
  const words = [...adjustment.options, ...adjustment.connection, ...adjustment.start].map((line) => {
    const [, verb = "", ...rest] = line.split(/\s+/);
    return [
      verb,
      ...rest.filter(
        (word) => word.startsWith("--") && word !== "--set-defaults" && !word.startsWith("--shared-secret"),
      ),
    ].join(" ");
  });
  return [...new Set(words)].join("; ");
}
