/** What a rule or a loss is shown by. */

/** A test, by its file below test/ and its title as it stands in that file. */
export interface Shown {
  readonly file: string;
  readonly title: string;
}

/** The tests, or why there are none. */
export type Proof = readonly Shown[] | string;

export interface Entry {
  readonly number: number;
  /** The rule; or how data was lost, or a cluster hung. */
  readonly text: string;
  /** What stands before it, in one line. */
  readonly guard: string;
  /** Rows of the decision table, and what steps and guards do for themselves. */
  readonly row: Proof;
  /** Of every plan that can be drawn, or over a simulated pair. */
  readonly law: Proof;
  /** On two machines with real DRBD. */
  readonly lab: Proof;
}

export const ways = ["row", "law", "lab"] as const;
export type Way = (typeof ways)[number];

const inFile = (file: string, titles: readonly string[]): Shown[] => titles.map((title) => ({ file, title }));

export const core = (name: string, ...titles: string[]): Shown[] => inFile(`core/${name}.test.ts`, titles);
export const lab = (name: string, ...titles: string[]): Shown[] => inFile(`e2e/${name}.test.ts`, titles);
/** Each is a fault put into the planner, which a law over simulated histories meets: that the law bites is shown. */
export const met = (...faults: string[]): Shown[] => inFile("simulation/mutations.ts", faults);
export const adoptions: readonly Shown[] = inFile("simulation/laws.test.ts", [
  "the laws hold where a pair is taken over that somebody made by hand",
]);
export const obedience: readonly Shown[] = inFile("simulation/laws.test.ts", [
  "the newest copy survives whoever follows every message to the letter",
]);
export const laws: readonly Shown[] = inFile("simulation/laws.test.ts", ["the laws hold in whatever befalls a pair"]);
export const races: readonly Shown[] = inFile("simulation/laws.test.ts", [
  "the laws hold where somebody works on a disk in the middle of an up",
]);

export const upgrades: readonly Shown[] = inFile("simulation/upgrade.test.ts", [
  "8.4 to 9 in the order that the refusal tells, one host after the other",
  "converted by hand all the same: nobody offers to give up the newest copy",
]);

export const noDrbd9InLab = "Not shown: the lab's machines have DRBD 8.4.";
