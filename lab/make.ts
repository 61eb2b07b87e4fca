import { DEFAULT_SECTOR_SIZE, MACHINES, SECTOR_SIZES } from "./machines";
import type { MachineName, PerMachine, SectorSize } from "./machines";
import { DEFAULT_RELEASE, RELEASES, type Release } from "./releases";

/** What each machine of a lab is made of. */
export interface Make {
  releases: PerMachine<Release>;
  sectors: PerMachine<SectorSize>;
}

/** What a person asks for; the rest is as the lab has it, or the default. */
export interface MakeRequest {
  releases?: PerMachine<Release>;
  sectors?: PerMachine<SectorSize>;
}

export const DEFAULT_MAKE: Make = {
  releases: { alpha: DEFAULT_RELEASE, bravo: DEFAULT_RELEASE },
  sectors: { alpha: DEFAULT_SECTOR_SIZE, bravo: DEFAULT_SECTOR_SIZE },
};

/** `--release trixie`, or `--release alpha=trixie,bravo=bookworm`. */
export function parseReleases(text: string): PerMachine<Release> {
  return perMachine("--release", text, (word) => {
    if (Object.hasOwn(RELEASES, word)) return word as Release;
    throw new Error(`--release ${text}: ${word} is no release of the lab: ${Object.keys(RELEASES).join(", ")}`);
  });
}

/** `--sectors 4096`, or `--sectors alpha=512,bravo=4096`. */
export function parseSectors(text: string): PerMachine<SectorSize> {
  return perMachine("--sectors", text, (word) => {
    const size = SECTOR_SIZES.find((each) => String(each) === word);
    if (size !== undefined) return size;
    throw new Error(`--sectors ${text}: ${word} is no sector size of the lab: ${SECTOR_SIZES.join(", ")}`);
  });
}

/** One word for both machines, or `NAME=word` for each of them. */
function perMachine<T>(option: string, text: string, parse: (word: string) => T): PerMachine<T> {
  if (!text.includes("=")) {
    const both = parse(text);
    return { alpha: both, bravo: both };
  }
  const given = new Map<string, T>();
  for (const part of text.split(",")) {
    const [name = "", word = "", ...more] = part.split("=");
    if (!(MACHINES as readonly string[]).includes(name) || more.length > 0 || given.has(name)) {
      throw new Error(`${option} ${text}: give one word for both machines, or alpha=… and bravo=…`);
    }
    given.set(name, parse(word));
  }
  const of = (name: MachineName): T => {
    const value = given.get(name);
    if (value === undefined) throw new Error(`${option} ${text}: says nothing of ${name}`);
    return value;
  };
  return { alpha: of("alpha"), bravo: of("bravo") };
}

/** What the machines are made of, in words. */
export function describeMake({ releases, sectors }: Make): string {
  return MACHINES.map((name) => `${name}: Debian ${releases[name]}, ${sectors[name]}-byte sectors`).join("; ");
}

export function isSameMake(one: Make, other: Make): boolean {
  return MACHINES.every(
    (name) => one.releases[name] === other.releases[name] && one.sectors[name] === other.sectors[name],
  );
}
