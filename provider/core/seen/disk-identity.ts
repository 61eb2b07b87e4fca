import { type Contents, type Metadata, type ObservedNode, sizeOf } from "./observed";

/** What a disk is known by, so that another one under the same path is told from it. */
export interface DiskIdentity {
  readonly path: string;
  readonly bytes: number;
  readonly serial: string;
  readonly wwn: string;
  /** The UUID of DRBD's metadata on it. */
  readonly metadataUuid: string;
  /** The generation of data that it held: a conversion of the metadata keeps it, and gives the device another UUID. */
  readonly generation?: string;
}

/** What stands on a disk, as `discard` names it: TYPE:UUID, or a hash of samples where there is no UUID. */
export function contentsIdentity(contents: Contents): string | undefined {
  if (contents.kind === "data") return contents.hash === undefined ? undefined : `data:${contents.hash}`;
  if (contents.kind !== "signature") return undefined;
  const known = contents.uuid ?? contents.hash;
  return known === undefined ? undefined : `${contents.type}:${known}`;
}

/** The line that lets a disk's contents go, and nothing else's. */
export function discardLine(host: string, contents: Contents): string | undefined {
  const identity = contentsIdentity(contents);
  return identity === undefined ? undefined : `discard: { ${host}: "${identity}" }`;
}

/** A filesystem of a type among what stands there, also where there are signs of others. */
export function filesystemIn(contents: Contents, type: string): { readonly uuid?: string } | undefined {
  if (contents.kind !== "signature") return undefined;
  return contents.type === type ? contents : contents.several?.find((one) => one.type === type);
}

/** The same for what stands on several disks of a host, which goes together; nothing where one of them is known by nothing. */
export function discardLineOfAll(host: string, all: readonly Contents[]): string | undefined {
  const [only, ...more] = all.filter(({ kind }) => kind !== "blank");
  if (only === undefined) return undefined;
  if (more.length === 0) return discardLine(host, only);
  const identities = [only, ...more].map(contentsIdentity);
  if (identities.includes(undefined)) return undefined;
  return `discard: { ${host}: [${identities.map((one) => `"${one ?? ""}"`).join(", ")}] }`;
}

const partitionTables: ReadonlySet<string> = new Set(["gpt", "dos", "mac", "sun", "sgi", "bsd", "atari"]);

/** `xfs (1f0c…)`, `data of no known kind (the first at byte 4096)`, `nothing`. */
export function describeContents(contents: Contents): string {
  switch (contents.kind) {
    case "signature":
      return `${partitionTables.has(contents.type) ? `a ${contents.type} partition table` : contents.type}${contents.uuid === undefined ? "" : ` (${contents.uuid})`}`;
    case "data":
      return `data of no known kind (the first at byte ${contents.offset})`;
    case "blank":
      return "nothing (it is blank)";
    case "unreadable":
      return "what cannot be read";
    default:
      return contents.kind === "attached" ? "data of a DRBD resource that runs" : "nothing";
  }
}

/**
 * Whether the disk that is there is the one that is remembered; undefined where neither has a WWN or a serial number, or
 * where the number is that of several: of all partitions of a disk, of a USB bridge, or of an NVMe controller with two
 * namespaces.
 */
export function isSameDisk(remembered: DiskIdentity, node: ObservedNode, contents: Contents): boolean | undefined {
  if (!("real" in contents)) return undefined;
  const block = node.blocks.get(contents.real);
  const wwns = [wwnOf(remembered.wwn), wwnOf(block?.wwn ?? "")] as const;
  if (wwns.every(isTold)) return wwns[0] !== wwns[1] ? false : block?.type === "part" ? undefined : true;
  const serials = [serialOf(remembered.serial), serialOf(block?.serial ?? "")] as const;
  if (!serials.every(isTold)) return undefined;
  if (serials[0] !== serials[1]) return false;
  const disks = new Set([...node.blocks.values()].filter((one) => serialOf(one.serial ?? "") === serials[0]));
  return [...disks].filter(({ type }) => type === "disk").length > 1 ? undefined : true;
}

const isTold = (text: string): boolean => text !== "";

/** Releases of the same tools print it with blanks around it, or without. */
const serialOf = (text: string): string => text.trim().replaceAll(/\s+/g, " ");

/** `0x5000c500…`, `naa.5000C500…`, `eui.0025…`, `uuid.…` with dashes: the same number in several spellings. */
const wwnOf = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/^(0x|eui\.|naa\.|uuid\.)/, "")
    .replaceAll(/[-:]/g, "");

/** The UUID of the DRBD metadata on a disk; empty where it has none (drbdmeta's own create-md gives it none). */
export function metadataUuid(holder: Contents | undefined, metadata: Metadata): string {
  if (metadata.kind === "moved") return wholeUuid(metadata.uuid);
  return holder?.kind === "signature" && holder.type === "drbd" ? wholeUuid(holder.uuid ?? "") : "";
}

/** blkid leaves out leading zeros. */
export function wholeUuid(uuid: string): string {
  return uuid === "" ? "" : uuid.toLowerCase().padStart(16, "0");
}

/** How a person tells a disk: `/dev/vdb (320 MiB, serial 0001)`. */
export function describeDisk(path: string, contents: Contents | undefined, node: ObservedNode): string {
  if (contents === undefined || !("real" in contents)) return path;
  const size = sizeOf(contents);
  const serial = serialOf(node.blocks.get(contents.real)?.serial ?? "");
  const told = [...(size === undefined ? [] : [mebibytes(size)]), ...(serial === "" ? [] : [`serial ${serial}`])];
  return told.length === 0 ? path : `${path} (${told.join(", ")})`;
}

export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}
