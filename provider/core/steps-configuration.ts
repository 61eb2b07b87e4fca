import type { Replaced } from "./action";
import type { Step } from "./plan";

/** Writes a file of drbd's configuration. */
export function writeConfiguration(
  node: string,
  path: string,
  text: string,
  mode: number,
  because: string,
  replaces?: Replaced,
): Step {
  return {
    node,
    argv: ["write", path],
    because,
    does: [{ kind: "configure", path, text, mode, ...(replaces === undefined ? {} : { replaces }) }],
    timeoutSeconds: 30,
  };
}
