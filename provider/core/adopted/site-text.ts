/** A stack's config that describes the pair. What else stands in the file stays: Pulumi keeps its salt there. */
import { isMap, parseDocument, YAMLMap } from "yaml";
import type { Adoption } from "./adopted-inputs";

export type StackText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

const keys = ["nodes", "resources"] as const;

/** Words of YAML 1.1, such as `no` and `on`, are quoted. */
const reading = { compat: "yaml-1.1" } as const;

/** The keys of a pair that a stack's config has already. */
export function describedIn(text: string, project: string): string[] {
  const config = parseDocument(text, reading).get("config", true);
  return isMap(config) ? keys.map((key) => `${project}:${key}`).filter((key) => config.has(key)) : [];
}

/** `before`: the file's text, where it is there. */
export function siteText(
  { nodes, resources }: Pick<Adoption, "nodes" | "resources">,
  { project, comment, before }: { readonly project: string; readonly comment: string; readonly before?: string },
): StackText {
  const document = parseDocument(before ?? "", reading);
  const [error] = document.errors;
  if (error !== undefined) return { ok: false, reason: error.message };
  if (document.contents !== null && !isMap(document.contents)) return { ok: false, reason: "it is no list of keys" };
  // An empty one may be written as `config:` or `config: {}`.
  const there = document.get("config");
  const config = isMap(there) && there.items.length > 0 ? there : new YAMLMap(document.schema);
  if (config !== there) document.set("config", config);
  for (const [key, value] of [
    ["nodes", nodes],
    ["resources", resources],
  ] as const) {
    config.delete(`${project}:${key}`);
    const name = document.createNode(`${project}:${key}`);
    if (key === "nodes") name.commentBefore = ` ${comment}`;
    config.add(document.createPair(name, value));
  }
  return { ok: true, text: document.toString({ lineWidth: 0 }) };
}

/** Where `pulumi config set --path` puts a resource's secret. */
export const secretPath = (project: string, index: number): string => `${project}:resources[${index}].sharedSecret`;
