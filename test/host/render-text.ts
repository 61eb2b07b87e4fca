/** provider/host/text.ts, as it follows from the files beside it. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownMark } from "../../provider/core/config/own-mark";
import { quote } from "../../provider/core/seen/shell-words";

export const hostFolder = join(__dirname, "../../provider/host");

const programs = /\.(pl|awk)$/;

/** The files of a kind, with their folder, in the order of their names. */
export function hostFiles(ending: RegExp): string[] {
  return readdirSync(hostFolder, { recursive: true, encoding: "utf8" })
    .filter((path) => ending.test(path))
    .sort();
}

export const hostFile = (path: string): string => readFileSync(join(hostFolder, path), "utf8");

/** The shell variable in which a program stands: `looks/xfs-geometry.pl` is $xfs_geometry_pl. */
export const variableOf = (path: string): string => (path.split("/").at(-1) ?? path).replace(/[-.]/g, "_");

/** A folder as one text for sh: its programs as variables, and then its shell functions. */
export function folderText(folder: string): string {
  const inside = (path: string) => path.startsWith(`${folder}/`);
  const variables = hostFiles(programs)
    .filter(inside)
    .map((path) => `${variableOf(path)}=${quote(hostFile(path))}\n`);
  return [...variables, ...hostFiles(/\.sh$/).filter(inside).map(hostFile)].join("");
}

/** All but `units` and `commands`, of which each file is a text of its own. */
export function folders(): string[] {
  const ofShell = hostFiles(/^(?!units\/|commands\/).*\/.*\.sh$/).map((path) => path.slice(0, path.lastIndexOf("/")));
  return [...new Set(ofShell)];
}

/** The commands of host/commands, by name. */
export const commandNames = (): string[] =>
  hostFiles(/^commands\/[^/]*\.sh$/).map((path) => path.replace(/^commands\/|\.sh$/g, ""));

/** What every command begins with: all that it needs is in it, so that a person can read it at night. */
function commandBeginning(): string {
  const program = (path: string): string => `${variableOf(path)}=${quote(hostFile(path))}\n`;
  const parts = ["environment", "turn", "log", "guards/holders", "looks/superblock.pl", "writers/shut-down.sh"];
  const shared = [...parts, "commands/parts"].map((part) => {
    if (part.endsWith(".sh")) return hostFile(part);
    if (part.endsWith(".pl")) return program(part);
    if (!part.startsWith("guards/")) return folderText(part);
    return [...[`${part}.pl`, "guards/names.pl", "guards/open-by.pl"].map(program), hostFile(`${part}.sh`)].join("");
  });
  return [
    `#!/bin/sh\n# ${ownMark}: what is changed here by hand is overwritten by the next \`pulumi up\`.\n`,
    ...shared,
  ].join("");
}

const commandEnd = (name: string): string => `${hostFile(`commands/${name}.sh`)}main "$@"\n`;

/** A command as it is installed. */
export const commandText = (name: string): string => commandBeginning() + commandEnd(name);

/** A text line by line, between what stands before and behind it. */
const asLines = (before: string, text: string, behind: string): string[] => {
  const indentation = /^ */.exec(before)?.[0] ?? "";
  return [
    `${before}[`,
    ...text.split("\n").map((line) => `${indentation}  ${JSON.stringify(line)},`),
    `${indentation}].join("\\n")${behind}`,
  ];
};

/** A systemd unit, with the scripts that it names by `@promotion.sh@`: in one line, and as systemd reads it. */
function unitText(path: string): string {
  return hostFile(path).replaceAll(/@([a-z-]+\.sh)@/g, (_, script: string) => {
    const lines = hostFile(`units/${script}`)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
    // It stands in single quotes there, in which a backslash escapes.
    const text = lines.join(" ").replaceAll(/['\\]/g, "\\$&");
    return text.replaceAll("$", "$$$$").replaceAll("%", "%%");
  });
}

export function renderText(): string {
  const lines = [
    "// Made from the files beside it: `UPDATE=1 npx jest test/host/text --selectProjects unit` writes this file.",
    "// Each folder is one text for sh: its programs in Perl and awk as variables, and then its shell functions. Each unit of",
    "// systemd and each command is a text of its own.",
  ];
  for (const folder of folders()) lines.push("", ...asLines(`export const ${folder} = `, folderText(folder), ";"));
  lines.push("", "export const units = {");
  for (const path of hostFiles(/^units\/.*(@\.\w+|\.conf)$/))
    lines.push(...asLines(`  ${JSON.stringify(path.replace("units/", ""))}: `, unitText(path), ","));
  lines.push("};", "", ...asLines("const commandBeginning = ", commandBeginning(), ";"));
  lines.push("", "export const commands = {");
  for (const name of commandNames())
    lines.push(`  ${JSON.stringify(name)}:`, "    commandBeginning +", ...asLines("    ", commandEnd(name), ","));
  lines.push("};", "", "/** sha256 of each. */", "export const commandDigests = {");
  for (const name of commandNames()) {
    const digest = createHash("sha256").update(commandText(name)).digest("hex");
    lines.push(`  ${JSON.stringify(name)}: "${digest}",`);
  }
  lines.push("};");
  return `${lines.join("\n")}\n`;
}
