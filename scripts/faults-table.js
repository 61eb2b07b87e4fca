/** Prints the rows that test/e2e/ledger.ts has written: case, what was found, what each `up` did, seconds. As Markdown. */
const { existsSync, readFileSync } = require("node:fs");

const [file] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
const rows = lines.filter((line) => line !== "").map((line) => JSON.parse(line));

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const said = (texts, separator) => cell(texts.length === 0 ? "–" : texts.join(separator));
console.log(`\n${rows.length} cases\n\n| case | what was found | what each \`up\` did | seconds |\n|---|---|---|---|`);
for (const { test, found, did, seconds } of rows)
  console.log(`| ${cell(test)} | ${said(found, "; ")} | ${said(did, " → ")} | ${seconds} |`);
