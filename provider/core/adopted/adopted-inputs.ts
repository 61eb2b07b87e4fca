/** What `adopt` finds: the keys of a site (resources/site-config.ts), and what it has to tell beside. */
import type { ByHostInputs, FilesystemInputs } from "../wanted/inputs";
import type { ManagerName } from "../wanted/manager-names";

/** How a host is reached, as a site's `connection` says it. */
export interface AdoptedConnection {
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly privateKeyFile?: string;
}

export type OptionInput = string | number | boolean;
export type OptionInputs = Readonly<Record<string, OptionInput>>;

export interface AdoptedSections {
  readonly net?: OptionInputs;
  readonly disk?: OptionInputs;
  readonly options?: OptionInputs;
  readonly startup?: OptionInputs;
  readonly handlers?: OptionInputs;
}

export interface AdoptedNode {
  readonly hostname: string;
  readonly connection: AdoptedConnection;
  readonly address: string;
  readonly global?: OptionInputs;
  readonly common?: AdoptedSections & { readonly protocol?: string };
}

export interface AdoptedVolume {
  readonly volume: number;
  readonly minor: ByHostInputs<number>;
  readonly disks: Readonly<Record<string, string>>;
  readonly metaDisks?: Readonly<Record<string, string>>;
  readonly disk?: OptionInputs;
  readonly filesystem?: FilesystemInputs;
}

/** Without the shared secret, which stands in no text. */
export interface AdoptedResource extends AdoptedSections {
  readonly name: string;
  readonly minor?: ByHostInputs<number>;
  readonly port: ByHostInputs<number>;
  readonly disks?: Readonly<Record<string, string>>;
  readonly metaDisks?: Readonly<Record<string, string>>;
  readonly volumes?: readonly AdoptedVolume[];
  readonly protocol: string;
  readonly auth: boolean;
  readonly cramHmacAlg?: string;
  readonly syncSource: string;
  readonly filesystem?: FilesystemInputs;
  readonly ignoreManagers?: readonly ManagerName[];
}

/** Something that stays outside of the program, and what to do about it. */
export interface LeftOut {
  /** The resource, or the host. */
  readonly subject: string;
  /** The line that stops us, where there is one. */
  readonly line?: string;
  readonly why: string;
  readonly way: string;
}

export interface Adoption {
  readonly nodes: readonly [AdoptedNode, AdoptedNode];
  readonly resources: readonly AdoptedResource[];
  /** Resource → its shared secret. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly leftOut: readonly LeftOut[];
  /** What a person should know of what was described. */
  readonly remarks: readonly string[];
}

/** Why there is nothing to describe. */
export interface NothingAdopted {
  readonly leftOut: readonly LeftOut[];
}
