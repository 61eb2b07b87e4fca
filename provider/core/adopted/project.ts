/** What Pulumi.yaml says of where a stack's config stands, and by which name. */
import { parseDocument } from "yaml";

export interface Project {
  readonly name: string;
  /** From the project's folder on. */
  readonly configFolder: string;
}

export function parseProject(text: string): Project | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  const project: unknown = document.toJS();
  if (typeof project !== "object" || project === null) return undefined;
  const { name, stackConfigDir, config } = project as Record<string, unknown>;
  if (typeof name !== "string" || name === "") return undefined;
  // `config` was the folder's key once.
  const folder = [stackConfigDir, config].find((one) => typeof one === "string");
  return { name, configFolder: folder ?? "." };
}

/** Of a stack that may be called `organization/project/stack`. */
export function stackFile(stack: string): string {
  return `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`;
}
