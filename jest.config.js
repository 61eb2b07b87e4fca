/** `e2e` and `releases` need the lab: scripts/test.sh and scripts/releases.sh bring it up. */
const common = {
  transform: { "\\.ts$": ["@swc/jest", { jsc: { target: "es2022" } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
};

/**
 * The longest end-to-end tests. `npm test` leaves them to `npm run faults`, which runs all of them, or one turn
 * in six with FAULTS=1 to FAULTS=6: the first file belongs to turn 1, the second to turn 2, and so on.
 */
const LONG = [
  "/faults/living-pair",
  "/keeps-data/apart",
  "/keeps-data/files",
  "/keeps-data/existing-data",
  "/take-over/pacemaker",
  "/adopt",
  "/shared-common",
  "/volumes",
  "/keeps-data/changed-disk",
  "/keeps-data/replaced-disk",
  "/take-over/installed-pairs",
  "/take-over/volumes-and-slots",
  "/keeps-data/verify",
  "/take-over/given-back",
  "/in-practice",
  "/take-over/corpus",
  "/keeps-data/discard",
  "/keeps-data/external-metadata",
  "/keeps-data/grown-disk",
  "/interrupted",
  "/take-over/by-adopt",
  "/switchover",
  "/split-brain",
  "/takeover",
  "/boot",
  "/virtual-machines",
];
/** These have cases for each turn (test/e2e/long-tests.ts). */
const IN_EACH_TURN = ["/faults/first-up", "/simulation-oracle"];
const FAULTS = process.env.FAULTS ?? "";
const isTurn = /^[1-6]$/.test(FAULTS);
const inTurn = LONG.filter((_, index) => FAULTS === String((index % 6) + 1));
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
