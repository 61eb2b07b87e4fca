/** Unit tests by default; `--selectProjects e2e` needs the lab (scripts/test.sh brings it up). */
const common = {
  transform: { "\\.ts$": ["@swc/jest", { jsc: { target: "es2022" } }] },
  testEnvironment: "node",
  modulePathIgnorePatterns: ["<rootDir>/dist/"],
};

/** What `npm test` leaves to `npm run faults` (FAULTS=all): faults and kept data get ten minutes of its half hour. */
const long =
  process.env.FAULTS === "all"
    ? []
    : [
        "/faults/living-pair",
        "/keeps-data/(apart|changed-disk|existing-data|external-metadata|files|grown-disk|verify)",
      ];

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
      testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", ...long],
      setupFilesAfterEnv: ["<rootDir>/test/e2e/ledger-rows.ts"],
    },
  ],
};
