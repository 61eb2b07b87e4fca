/** `e2e` and `releases` need the lab: scripts/test.sh and scripts/releases.sh bring it up. */
const common = {
  transform: { "\\.ts$": ["@swc/jest", { jsc: { target: "es2022" } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
};

/**
 * The longest end-to-end tests. `npm test` leaves them to `npm run faults`, which runs all of them, or one turn
 * in eight with FAULTS=1 to FAULTS=8: the first file belongs to turn 1, the second to turn 2, and so on.
 */
const LONG = [
  "/switchover",
  "/split-brain",
  "/virtual-machines",
  "/boot",
  "/takeover",
  "/take-over/given-back",
  "/take-over/pacemaker",
  "/take-over/installed-pairs",
  "/faults/living-pair",
  "/keeps-data/files",
  "/shared-common",
  "/keeps-data/verify",
  "/keeps-data/changed-disk",
  "/in-practice",
  "/keeps-data/discard",
  "/keeps-data/grown-disk",
  "/keeps-data/external-metadata",
  "/keeps-data/existing-data",
  "/keeps-data/replaced-disk",
  "/take-over/corpus",
  "/adopt",
  "/take-over/by-adopt",
  "/interrupted",
  "/keeps-data/apart",
  "/volumes",
  "/take-over/volumes-and-slots",
  "/lab-link",
  "/snapshot",
  "/pull-ahead",
  "/initial-sync",
  "/link",
];
/** These have cases for each turn (test/e2e/long-tests.ts). */
const IN_EACH_TURN = ["/faults/first-up", "/faults/switchover", "/simulation-oracle"];
const FAULTS = process.env.FAULTS ?? "";
const isTurn = /^[1-8]$/.test(FAULTS);
const inTurn = LONG.filter((_, index) => FAULTS === String((index % 8) + 1));
const e2e = isTurn ? [...IN_EACH_TURN, ...inTurn] : ["/**/*"];
const left = isTurn || FAULTS === "all" ? [] : [...IN_EACH_TURN, ...LONG];

module.exports = {
  coverageProvider: "v8",
  // No test is to fail because a machine is slow that day.
  testTimeout: 60_000,
  // jest's own default leaves a core idle, and of two that is half.
  maxWorkers: "100%",
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "/test/e2e/"],
    },
    {
      ...common,
      displayName: "e2e",
      testMatch: e2e.map((file) => `<rootDir>/test/e2e${file}.test.ts`),
      testPathIgnorePatterns: ["/node_modules/", "/e2e/releases/", ...left.map((file) => `/e2e${file}.test.ts`)],
      setupFilesAfterEnv: ["<rootDir>/test/e2e/ledger-rows.ts"],
    },
    {
      ...common,
      displayName: "releases",
      testMatch: ["<rootDir>/test/e2e/releases/*.test.ts"],
    },
  ],
};
