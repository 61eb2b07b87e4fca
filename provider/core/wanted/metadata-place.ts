/** Where DRBD's metadata of a volume lies: at the end of its disk, on a disk of its own, or in a slot of a disk that several share. */

export interface MetadataPlace {
  /** `internal`, or the absolute path of the disk that holds the metadata. */
  readonly metaDisk: string;
  /** The slot on that disk, of 128 MiB each, counted from 0 (drbd.conf's `meta-disk PATH[INDEX]`). Else DRBD has all of it. */
  readonly metaIndex?: number;
}

/** From an input's spelling: `internal`, `/dev/vdc`, `/dev/vdc[1]`. */
export function metadataPlaceFrom(given: string): MetadataPlace {
  const [, path, slot] = /^(.*?)\s*\[\s*([0-9]+)\s*\]$/s.exec(given) ?? [];
  return path === undefined ? { metaDisk: given } : { metaDisk: path, metaIndex: Number(slot) };
}

/** As an input and drbd.conf spell it. */
export function metaDiskText({ metaDisk, metaIndex }: MetadataPlace): string {
  return metaIndex === undefined ? metaDisk : `${metaDisk}[${metaIndex}]`;
}

/** As drbdmeta's commands take it: the device that holds it, and its place there. */
export function drbdmetaPlace({
  disk,
  ...place
}: MetadataPlace & { readonly disk: string }): readonly [string, string] {
  const { metaDisk, metaIndex } = place;
  if (metaDisk === "internal") return [disk, "internal"];
  return [metaDisk, metaIndex === undefined ? "flex-external" : String(metaIndex)];
}

/** Whether two places on one disk leave each other alone: two slots do. */
export function areApart(first: Pick<MetadataPlace, "metaIndex">, second: Pick<MetadataPlace, "metaIndex">): boolean {
  const [one, other] = [first.metaIndex, second.metaIndex];
  return one !== undefined && other !== undefined && one !== other;
}
