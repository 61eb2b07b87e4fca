/**
 * What a definition means for a resource, as drbdadm has read it: includes, templates, inheritance and `common` are
 * resolved. Every statement has its place here; those that we do not know are kept as they are, in `unknown`.
 */

/** Option name → value, as drbd.conf spells both. */
export type OptionsByName = ReadonlyMap<string, string>;

export interface EndpointMeaning {
  /** ipv4, ipv6, ssocks or sdp. */
  readonly family: string;
  readonly address: string;
  readonly port: number;
}

export interface VolumeMeaning {
  readonly number: number;
  readonly minor?: number;
  readonly device?: string;
  /** `none` for a host without a disk of its own; missing where the volume is stacked on another one. */
  readonly disk?: string;
  /** `internal` or a path. */
  readonly metaDisk?: string;
  /** The slot of `meta-disk PATH[INDEX]`; of metadata with a size of its own. */
  readonly metaIndex?: number;
  readonly options: OptionsByName;
}

export interface HostMeaning {
  /** The names behind `on`; of `floating` and of a stacked resource there are none. */
  readonly names: readonly string[];
  readonly isFloating: boolean;
  /** The resource that it is stacked on. */
  readonly stackedOn?: string;
  /** DRBD 9 has them, written down or not. */
  readonly nodeId?: number;
  readonly endpoint?: EndpointMeaning;
  readonly volumes: readonly VolumeMeaning[];
  readonly options: OptionsByName;
  readonly unknown: readonly string[];
}

export interface PathEnd {
  /** As the connection calls the host; without a name it is known by its address. */
  readonly host?: string;
  readonly endpoint?: EndpointMeaning;
  /** DRBD Proxy's whole section, as text. */
  readonly proxy?: string;
}

export interface ConnectionMeaning {
  readonly paths: readonly (readonly PathEnd[])[];
  readonly net: OptionsByName;
  /** Options of the connection for all volumes, and by volume. */
  readonly disk: OptionsByName;
  readonly volumes: ReadonlyMap<number, OptionsByName>;
  readonly unknown: readonly string[];
}

export interface ResourceMeaning {
  readonly name: string;
  /** The file and line where it begins, as drbdadm tells it. */
  readonly definedAt?: string;
  /** drbdadm does not take the host that it runs on for one of the resource's. */
  readonly isIgnored: boolean;
  readonly hosts: readonly HostMeaning[];
  /** DRBD 9 has them, written down or not; in 8.4 the resource itself is the one connection. */
  readonly connections: readonly ConnectionMeaning[];
  readonly net: OptionsByName;
  readonly disk: OptionsByName;
  readonly options: OptionsByName;
  readonly startup: OptionsByName;
  readonly handlers: OptionsByName;
  /** DRBD Proxy's, as text. */
  readonly proxy?: string;
  readonly unknown: readonly string[];
}

/** The file that defines a resource; what drbdadm read from its standard input has none. */
export function fileOf({ definedAt }: Pick<ResourceMeaning, "definedAt">): string | undefined {
  const path = definedAt?.replace(/:[0-9]+$/, "");
  return path === "STDIN" ? undefined : path;
}
