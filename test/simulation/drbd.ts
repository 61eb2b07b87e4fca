/** The two versions of DRBD that the simulated pair can have, and what they are called where they are asked. */
export type Drbd = "8.4" | "9";

export const versions: readonly Drbd[] = ["8.4", "9"];

/** Those that a run is about: both, or the one that DRBD=8.4 or DRBD=9 names. */
export function chosenVersions(): readonly Drbd[] {
  const named = process.env["DRBD"] ?? "";
  if (named === "") return versions;
  if (named !== "8.4" && named !== "9") throw new Error(`DRBD=${named}: it is 8.4 or 9, or both where it is not set`);
  return [named];
}

/** As the module tells it. */
export const moduleVersion: Readonly<Record<Drbd, string>> = { "8.4": "8.4.11", "9": "9.2.16" };

/** The format of the metadata that the module reads. */
export const metadataVersion = { "8.4": "v08", "9": "v09" } as const;
