import { appendFileSync } from "node:fs";

/** A line of DRBD_LOG. */
export interface LogEntry {
  readonly host: string;
  /** `connect`, `observe`, or the command of a step. */
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly ms: number;
  /** Numbers the SSH connections and the remote commands of this process: several steps may share one command. */
  readonly connection?: number;
  readonly command?: number;
  /** Whether it may change something on the host. */
  readonly changes: boolean;
}

/** With DRBD_LOG=<file>, one JSON line for each thing that ran on a host. Steps' argv never hold secrets (core/plan.ts). */
export function logEvent(entry: LogEntry): void {
  const file = process.env["DRBD_LOG"];
  if (file === undefined || file === "") return;
  const line = JSON.stringify({ time: new Date().toISOString(), ...entry, ms: Math.round(entry.ms) });
  try {
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  } catch (error) {
    throw new Error(`DRBD_LOG can't be written: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
