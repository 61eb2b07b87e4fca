/** The text that runs on the hosts: what core hands out is what stands in the files, and linters have read those. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { theHostClosely } from "../../provider/core/seen/probe";
import { applyScript } from "../../provider/core/steps/apply-script";
import {
  commandNames,
  commandText,
  folderText,
  folders,
  hostFile,
  hostFiles,
  hostFolder,
  renderText,
} from "./render-text";

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

test("shellcheck: every variable that a file reads is set in one of them, or by core", () => {
  const script = applyScript("0123456789abcdef01", [], { token: "me", words: "me" }, theHostClosely);
  const others = folders().filter((folder) => !script.includes(folderText(folder)));
  const whole = `${script}${others.map(folderText).join("")}`;
  expect(said("shellcheck", ["--norc", "--shell=sh", "--include=SC2154", "-"], whole)).toBe("");
});

test.each(commandNames())("shellcheck: every variable that %s reads is set in it", (name) => {
  expect(said("shellcheck", ["--norc", "--shell=sh", "--include=SC2154", "-"], commandText(name))).toBe("");
});

test.each(hostFiles(/\.pl$/))("perl -c: %s", (file) => {
  expect(said("perl", ["-c", file])).toBe("");
});

test.each(hostFiles(/\.(sh|pl|awk)$/))("%s says first what it holds", (file) => {
  expect(hostFile(file)).toMatch(/^# [A-Za-z'].+[.:]/);
});
