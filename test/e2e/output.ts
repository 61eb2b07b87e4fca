/** The CLI's text, taken apart. */
import type { Run } from "./stack";

/**
 * What a preview says of one resource in the end, line by line: of its plan, its warnings, its errors. The columns are
 * set apart by ` | `, and what differs from machine to machine is left out.
 */
export function diagnosticsOf(run: Run, resource: string): string[] {
  const [, text = ""] = run.output.split("\nDiagnostics:\n");
  const [, after = ""] = text.split(new RegExp(`^ {2}\\S+ \\(${resource}\\):\\n`, "m"));
  const [own = ""] = after.split(/^(?: {2})?\S/m);
  return own
    .split("\n")
    .map((line) => line.trim().replace(/ {2,}/g, " | "))
    .map((line) => line.replace(/(DRBD) 8\.\S+ (is there for) \S+/, "$1 8.4 $2 KERNEL"))
    .map((line) => line.replace(/(missing on this) .*/, "$1 SYSTEM"))
    .filter((line) => line !== "");
}

/** `5 unchanged`, `1 to update` …: the sums that the CLI closes with. */
export function sumsOf(run: Run): string[] {
  const [, text = ""] = run.output.split(/^Resources:\n/m);
  return (/^(?: {4}.*\n?)*/.exec(text)?.[0] ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
