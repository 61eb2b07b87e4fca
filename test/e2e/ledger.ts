/**
 * What each test of a file met and what `up` did about it, as a row of a table that is printed when all have ended
 * (scripts/faults-table.js). Written only where FAULTS_ROWS names a file for it.
 */
import { appendFileSync } from "node:fs";
import type { Run } from "./stack";

interface Row {
  readonly found: string[];
  readonly did: string[];
}

let row: Row = { found: [], did: [] };
let begun = 0;

export function beginRow(): void {
  row = { found: [], did: [] };
  begun = performance.now();
}

/** What ran before only led to the fault. */
export function forgetUps(): void {
  row.did.length = 0;
  row.found.length = 0;
}

/** What a test looked at by itself; elsewhere the reasons of the plan's steps tell what was found. */
export function found(what: string): void {
  row.found.push(what);
}

/** What destroys or brings to use what is on a disk; of other steps only their number is told. */
const WEIGHTY = /^(drbdadm|mkfs|mount|wipefs)/;

/** An `up` that has ended. */
export function upEnded({ code, output, log }: Run): void {
  const changes = log.filter(({ changes }) => changes);
  const weighty = changes.filter(({ argv }) => WEIGHTY.test(argv.join(" ")));
  const told = weighty.map(({ host, argv, exit }) => `${host}: ${argv.join(" ")}${exit === 0 ? "" : " (failed)"}`);
  const among = told.length === 0 ? "" : ` (${told.join("; ")})`;
  const steps = `${changes.length} step${changes.length === 1 ? "" : "s"}${among}`;
  row.found.push(...weighty.flatMap(({ host, argv }) => reasonOf(`${host}: ${argv.join(" ")}`, output)));
  if (code === 0) row.did.push(changes.length === 0 ? "nothing to do" : steps);
  else row.did.push(`${changes.length === 0 ? "" : `${steps}, then `}stopped: ${reasonIn(output)}`);
}

/** Why a step was there: that something is blank, newer, missing. */
function reasonOf(step: string, output: string): string[] {
  const line = output.split("\n").find((one) => one.includes(`${step} (`));
  const reason = line?.slice(line.indexOf(`${step} (`) + step.length + 2).replace(/\)\s*$/, "");
  return reason === undefined || row.found.length > 0 ? [] : [`${step.split(":")[0] ?? ""}: ${reason}`];
}

/** What the CLI says went wrong on the hosts. It may tell an error of ours a second time, behind the error's name. */
function reasonIn(output: string): string {
  const [, text = ""] = output.split("\nDiagnostics:\n");
  const [told = ""] = text.split(/^(?:Outputs|Resources|Duration):/m);
  const lines = told.split("\n").map((line) => line.trim());
  const isError = (line: string) => /^(?:error|\w*Error): (?!update failed)/.test(line);
  const [first = "", ...rest] = lines.slice(lines.findIndex(isError));
  const end = rest.findIndex((line) => line === "" || line === ":" || isError(line));
  return [first.replace(/^\w+: /, ""), ...rest.slice(0, end === -1 ? undefined : end)].join(" ");
}

export function endRow(test: string): void {
  const file = process.env["FAULTS_ROWS"];
  if (file === undefined || row.did.length === 0) return;
  const seconds = Math.round((performance.now() - begun) / 1000);
  appendFileSync(file, `${JSON.stringify({ test, ...row, seconds })}\n`);
}
