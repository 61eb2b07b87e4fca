import type { Action } from "./action";
import type { Step } from "./plan";
import { quick } from "./time-limits";

export type Beside = Pick<Action & { kind: "configure" }, "replaces" | "unread">;

/** Writes a file of drbd's configuration. */
export function writeConfiguration(
  node: string,
  path: string,
  text: string,
  mode: number,
  because: string,
  beside: Beside = {},
): Step {
  return {
    node,
    argv: ["write", path],
    because,
    does: [{ kind: "configure", path, text, mode, ...beside }],
    timeoutSeconds: quick,
  };
}
