/**
 * Prints the rows that test/e2e/ledger.ts has written, as Markdown: case, what was found, what each `up` did, seconds.
 * Arguments: the file of rows, and jest's JSON results, which know the cases that failed.
 */
const { existsSync, readFileSync } = require("node:fs");

const [rowsFile, ...resultFiles] = process.argv.slice(2);
const lines = existsSync(rowsFile) ? readFileSync(rowsFile, "utf8").split("\n") : [];
const rows = lines.filter((line) => line !== "").map((line) => JSON.parse(line));
const results = resultFiles.filter(existsSync).flatMap((file) => JSON.parse(readFileSync(file, "utf8")).testResults);
const failed = new Set(
  results.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => fullName),
  ),
);

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const said = (texts, separator) => (texts.length === 0 ? "–" : cell(texts.join(separator)));
console.log(`\n${rows.length} cases\n\n| case | what was found | what each \`up\` did | seconds |\n|---|---|---|---|`);
for (const { test, found, did, seconds } of rows) {
  const name = `${failed.has(test) ? "**FAILED** " : ""}${cell(test)}`;
  console.log(`| ${name} | ${said(found, "; ")} | ${said(did, " → ")} | ${seconds} |`);
}
