/**
 * Where what is drawn begins. In CI always the same, so that the same commit gets the same answer; elsewhere another each
 * time, so that each run may find what none found before. A failure tells it: `SEED=…` draws the same again.
 */
export const seed = Number(process.env["SEED"] ?? (process.env["CI"] === "true" ? 20_261_124 : Date.now() % 2 ** 31));
