import { secretKeys } from "./secret-keys";

/** One thing that is wrong with a resource's inputs: Pulumi's CheckFailure. */
export interface Failure {
  /**
   * The property, nested the Pulumi way: `nodes[0].disk`, `net["max-buffers"]`. Empty where it is a secret or holds
   * one, or where it is no property at all: Pulumi prints the value of the property that it is told. The reason names
   * it then.
   */
  readonly property: string;
  /** What is wrong and what is wanted; never a secret. */
  readonly reason: string;
}

export type Path = readonly PropertyKey[];

export function formatPath(path: Path): string {
  return path
    .map((segment, index) => {
      const text = String(segment);
      if (typeof segment === "number") return `[${text}]`;
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(text)) return `[${JSON.stringify(text)}]`;
      return index === 0 ? text : `.${text}`;
    })
    .join("");
}

/** Longer than any property's name. */
const isLong = (segment: PropertyKey): boolean => typeof segment === "string" && segment.length > 100;

/** As it stands in a reason, where no one has use for a name of ten thousand characters. */
const shownPath = (path: Path): string =>
  formatPath(path.map((segment) => (isLong(segment) ? `${String(segment).slice(0, 80)}…` : segment)));

const HOLDS_SECRETS = new Set(["nodes", "connection", "proxy"]);

/** Whether a value must never be shown: a secret, or something that holds one. */
function isSecret(path: Path): boolean {
  const last = path.at(-1);
  const name = typeof last === "number" ? path.at(-2) : last;
  return typeof name === "string" && (secretKeys.has(name) || HOLDS_SECRETS.has(name));
}

export function failureAt(path: Path, reason: string): Failure {
  if (path.length === 0) return { property: "", reason };
  return isSecret(path) || path.some(isLong) ? failureOfName(path, reason) : { property: formatPath(path), reason };
}

/** A name that is no property. Its value is not shown: a secret with a misspelt name is one still. */
export function failureOfName(path: Path, reason: string): Failure {
  return { property: "", reason: `${shownPath(path)}: ${reason}` };
}
