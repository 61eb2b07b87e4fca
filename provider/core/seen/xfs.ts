/** What an XFS needs of a host that shall mount it: sectors as small as its own, and a kernel that knows its features. */

/** From its superblock. */
export interface XfsGeometry {
  /** Bytes. A disk with larger ones cannot mount it. */
  readonly sector: number;
  /** The kernel mounts it read-only where it does not know one of these. */
  readonly readOnlyCompatible: number;
  /** The kernel does not mount it at all where it does not know one of these. */
  readonly incompatible: number;
  /** mkfs.xfs was cut off while it made it (sb_inprogress): no kernel mounts it, and none ever has. */
  readonly isUnfinished?: true;
}

type Version = readonly [number, number];

interface Feature {
  readonly name: string;
  readonly bit: number;
  readonly place: "readOnlyCompatible" | "incompatible";
  /** The option of mkfs.xfs that has it. */
  readonly letter: string;
  /** The first kernel that mounts it, and the first that does not call it experimental (or the first after that with xfsprogs' lts file). */
  readonly known: Version;
  readonly stable: Version;
  /** The first xfsprogs that makes it without being asked; none does where it is missing. */
  readonly byDefault?: Version;
}

/** By the release notes of xfsprogs (6.5, 6.18) and the log of fs/xfs ("remove some EXPERIMENTAL warnings", 6.16). */
export const FEATURES: readonly Feature[] = [
  {
    name: "rmapbt",
    bit: 2,
    place: "readOnlyCompatible",
    letter: "m",
    known: [4, 8],
    stable: [4, 16],
    byDefault: [6, 5],
  },
  {
    name: "reflink",
    bit: 4,
    place: "readOnlyCompatible",
    letter: "m",
    known: [4, 9],
    stable: [4, 16],
    byDefault: [5, 1],
  },
  {
    name: "inobtcount",
    bit: 8,
    place: "readOnlyCompatible",
    letter: "m",
    known: [5, 10],
    stable: [5, 15],
    byDefault: [5, 15],
  },
  { name: "bigtime", bit: 8, place: "incompatible", letter: "m", known: [5, 10], stable: [5, 15], byDefault: [5, 15] },
  { name: "nrext64", bit: 0x20, place: "incompatible", letter: "i", known: [5, 19], stable: [6, 5], byDefault: [6, 5] },
  {
    name: "exchange",
    bit: 0x40,
    place: "incompatible",
    letter: "i",
    known: [6, 10],
    stable: [6, 16],
    byDefault: [6, 18],
  },
  {
    name: "parent",
    bit: 0x80,
    place: "incompatible",
    letter: "n",
    known: [6, 10],
    stable: [6, 16],
    byDefault: [6, 18],
  },
  { name: "metadir", bit: 0x100, place: "incompatible", letter: "m", known: [6, 13], stable: [7, 0] },
];

/** Of `6.1.0-44-amd64` and of `mkfs.xfs version 6.13.0`. */
export function versionIn(text: string): Version | undefined {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

export const isOlder = (a: Version, b: Version): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** What the user's own options say of a feature or of the sectors: the value, as it stands there. */
export function given(words: readonly string[], letters: string, keys: readonly string[]): string | undefined {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (!letters.includes(word.charAt(1))) continue;
    const values = (word.length > 2 ? word.slice(2) : (words[++index] ?? "")).split(",");
    const found = values.find((value) => keys.includes(value.split("=")[0] ?? ""));
    if (found !== undefined) return found.split("=")[1] ?? "1";
  }
  return undefined;
}

/** Bytes of a sector that the user's options ask for. */
export function sectorGiven(words: readonly string[]): number | undefined {
  const size = /^(\d+)(k?)b?$/i.exec(given(words, "sdl", ["sectsize"]) ?? given(words, "s", ["size"]) ?? "");
  if (size !== null) return Number(size[1]) * (size[2] === "" ? 1 : 1024);
  const log = given(words, "sdl", ["sectlog"]) ?? given(words, "s", ["log"]);
  return log === undefined ? undefined : 2 ** Number(log);
}

/** xfsprogs' own list of features for a kernel, which the user named. */
export function configurationGiven(words: readonly string[]): string | undefined {
  return given(words, "c", ["options"]);
}

export interface Host {
  readonly hostname: string;
  /** `uname -r` */
  readonly kernel: string;
  /** Bytes of a logical sector of its disk, where it is known. */
  readonly sector: number | undefined;
}

/** Features that the user's own options ask for, and a host's kernel does not mount. */
export function featuresAskedInVain(words: readonly string[], { kernel }: Host): string[] {
  const version = versionIn(kernel);
  if (version === undefined) return [];
  return FEATURES.filter(
    ({ name, letter, known }) => given(words, letter, [name]) === "1" && isOlder(version, known),
  ).map(({ name }) => name);
}

/** Features of a filesystem that a host's kernel does not know, and those that it calls experimental. */
export function strangeFeatures(
  xfs: XfsGeometry,
  { kernel }: Host,
): { readonly unknown: readonly string[]; readonly experimental: readonly string[] } {
  const version = versionIn(kernel);
  if (version === undefined) return { unknown: [], experimental: [] };
  const has = FEATURES.filter(({ bit, place }) => (xfs[place] & bit) !== 0);
  const unknown = has.filter(({ known }) => isOlder(version, known));
  const experimental = has.filter((one) => !unknown.includes(one) && isOlder(version, one.stable));
  return { unknown: unknown.map(({ name }) => name), experimental: experimental.map(({ name }) => name) };
}
