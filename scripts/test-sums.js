/** Adds up jest's JSON results, prints `N passed, N failed, N skipped`, and says by its exit whether that is good. */
const { readFileSync } = require("node:fs");

const sums = { passed: 0, failed: 0, skipped: 0 };
for (const file of process.argv.slice(2)) {
  const result = JSON.parse(readFileSync(file, "utf8"));
  sums.passed += result.numPassedTests;
  // A file that could not be loaded has no tests to count, and is no success.
  sums.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  sums.skipped += result.numPendingTests + result.numTodoTests;
}

const complaints = [];
if (sums.failed > 0) complaints.push("a test failed");
if (sums.passed === 0) complaints.push("no test passed");
if (sums.skipped > 0 && process.env["CI"] === "true") complaints.push("a test was skipped, which CI does not take");
for (const complaint of complaints) console.log(complaint);

console.log(`${sums.passed} passed, ${sums.failed} failed${sums.skipped > 0 ? `, ${sums.skipped} skipped` : ""}`);
process.exitCode = complaints.length > 0 ? 1 : 0;
