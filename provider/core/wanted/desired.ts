/**
 * What the user wants, after validation: complete, defaults filled in, nothing unknown, no secrets but in `secret`.
 * `schema.ts` makes it, `render-configuration.ts` renders it, `plan.ts` compares it with what is observed.
 */
import type { ManagerName } from "./manager-names";

/** Option name as drbd.conf spells it (`max-buffers`) → value as drbd.conf spells it (`8000`, `yes`, `1M`). Sorted by name. */
export type OptionValues = Readonly<Record<string, string>>;

/** The sections of drbd.conf that the provider lets a user set, each with its own set of options (see option-table.ts). */
export interface Sections {
  readonly net: OptionValues;
  readonly disk: OptionValues;
  readonly options: OptionValues;
  readonly startup: OptionValues;
  readonly handlers: OptionValues;
}

/** One host, as DrbdNode wants it. */
export interface DesiredNode {
  /** Exactly what `uname -n` says there. */
  readonly hostname: string;
  /** The IPv4 or IPv6 address that replication uses. */
  readonly address: string;
  readonly global: OptionValues;
  readonly common: Sections;
}

/** One side of a resource. */
export interface DesiredSide {
  readonly hostname: string;
  readonly address: string;
  /** The backing disk, an absolute path below /dev. */
  readonly disk: string;
  /** `internal`, or the absolute path of the disk that holds the metadata. */
  readonly metaDisk: string;
}

export interface DesiredFilesystem {
  readonly type: "xfs";
  readonly label?: string;
  readonly mkfsOptions: readonly string[];
  readonly mountPoint?: string;
  readonly mountOptions: readonly string[];
}

export type Protocol = "A" | "B" | "C";

/** One replicated device, as DrbdResource wants it. */
export interface DesiredResource {
  readonly name: string;
  readonly minor: number;
  readonly port: number;
  readonly protocol: Protocol;
  /** In the order the user gave; the rendered file keeps it. */
  readonly sides: readonly [DesiredSide, DesiredSide];
  readonly sections: Sections;
  /** Peer authentication; null when the user turned it off. `secret` is missing until one was given or generated. */
  readonly auth: { readonly algorithm: string; readonly secret?: string } | null;
  /** The hostname whose disk counts in the initial sync. */
  readonly syncSource: string;
  /** What stands on the sync source's disk without DRBD stays, and becomes what is replicated. */
  readonly existingData?: "keep";
  /** Hostname → what may be destroyed there, by its identity (disk-identity.ts). */
  readonly discard?: Readonly<Record<string, readonly string[]>>;
  readonly filesystem?: DesiredFilesystem;
  readonly waitForSync: boolean;
  /** Longest wait for the initial sync, in seconds. */
  readonly waitForSyncSeconds: number;
  /** Other tools that manage it, as the user says, and are passed over. */
  readonly ignoreManagers?: readonly ManagerName[];
}
