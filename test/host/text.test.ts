/** The text that runs on the hosts: what core hands out is what stands in the files, and linters have read those. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderText, folders, hostFile, hostFiles, hostFolder, renderText } from "./render-text";

const path = join(hostFolder, "text.ts");

test("text.ts follows from the files", () => {
  const wanted = renderText();
  if (process.env["UPDATE"] === "1") writeFileSync(path, wanted);
  expect(readFileSync(path, "utf8")).toBe(wanted);
});

/** What a linter says; nothing where all is well. */
function said(program: string, argv: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(program, argv, { input, encoding: "utf8", cwd: hostFolder });
  if (error !== undefined)
    throw new Error(`${program} is needed (scripts/setup.sh --tests installs it): ${error.message}`);
  return status === 0 ? "" : `${stdout}${stderr}`;
}

test("shellcheck: each file", () => {
  expect(said("shellcheck", hostFiles(/\.sh$/))).toBe("");
});

/** A variable that one file sets and another reads is known only here. */
test("shellcheck: all files as the one script that they become", () => {
  const script = folders().map(folderText).join("");
  expect(said("shellcheck", ["--norc", "--shell=sh", "--exclude=SC2016,SC2034,SC3013", "-"], script)).toBe("");
});

test.each(hostFiles(/\.pl$/))("perl -c: %s", (file) => {
  expect(said("perl", ["-c", file])).toBe("");
});

test.each(hostFiles(/\.(sh|pl|awk)$/))("%s says first what it holds", (file) => {
  expect(hostFile(file)).toMatch(/^# [A-Za-z'].+[.:]/);
});
