/** What an installed definition says beyond what we can describe. It is refused, never left out without a word. */
import { compareMeanings, type Difference } from "../../config/compare-meanings";
import { parseStatements } from "../../config/parse-statements";
import { parseResFile } from "../../config/found-resource";
import { installedFile } from "../../installed/configuration-place";
import { volumesOn } from "../../installed/file-hosts";
import type { ObservedNode } from "../../seen/observed";
import { isOurs } from "../../config/own-mark";
import type { Refusal } from "../../steps/plan";

export function takeOverRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const seen = [
    ...volumeRefusals(node, host, resource),
    ...indexRefusals(node, host, resource),
    ...besidesRefusals(node, host, resource),
  ];
  return seen.length > 0 ? seen : meaningRefusals(node, host, resource);
}

/** Whatever drbdadm has read, however it was written, that our file cannot say and that would be missed. */
function meaningRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const meanings = node.resources.get(resource)?.meanings;
  if (meanings === undefined) return [];
  const missed = compareMeanings(meanings.installed, meanings.wanted).flatMap((one) => {
    const line = missedLine(one);
    return line === undefined ? [] : [`\`${line}\``];
  });
  if (missed.length === 0) return [];
  const { definedAt } = meanings.installed;
  return [
    {
      node: host,
      found: `${resource} has ${[...new Set(missed)].join(" and ")}${definedAt === undefined ? "" : ` (its definition begins at ${definedAt})`}, and no program can say that yet`,
      way: `Leave ${resource} out of the program: it runs on as it is. Or take that out of its definition on both hosts yourself, and run \`drbdadm adjust ${resource}\` there: what it was for must be able to do without it.`,
    },
  ];
}

function missedLine({ host, section, key, before, after }: Difference): string | undefined {
  if (before === undefined) return undefined;
  switch (section) {
    case "unknown":
      return before;
    case "proxy":
      return key === "via proxy" ? before : undefined;
    case "connection":
      return `path { ${before} }`;
    case "options":
      return host === undefined ? undefined : `on ${host} { options { ${key} ${before}; } }`;
    case "host":
      if (key === "stacked-on-top-of") return `${key} ${before}`;
      return key === "known by" && after === undefined ? `on ${before}` : undefined;
    case "place":
      // What uses the device by that name would no longer find it.
      return key === "device" ? `device ${before}` : undefined;
    default:
      return undefined;
  }
}

interface Volume {
  readonly volume: number;
  readonly minor?: number;
}

/** One volume, number 0: in the file, whether it runs or not, and in the kernel, whatever the file says. */
function volumeRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const file = installedFile(node, resource);
  const written = parseResFile(file?.text ?? "")
    .filter((found) => found.resource === resource)
    .flatMap((found) => volumesOn(found, host, node));
  const running = node.kernelResources.get(resource)?.devices ?? [];
  const told: readonly (readonly [string, readonly Volume[]])[] = [
    [`by ${file?.path ?? ""}`, written],
    ["in the kernel", running],
  ];
  const [where, volumes] = told.find(([, all]) => all.some(({ volume }) => volume !== 0) || all.length > 1) ?? [];
  if (where === undefined || volumes === undefined) return [];
  const list = volumes.map(({ volume, minor }) => `volume ${volume}${minor === undefined ? "" : ` (minor ${minor})`}`);
  return [
    {
      node: host,
      found: `${resource} has ${list.join(" and ")} ${where}, and only a resource with volume 0 alone can be taken over`,
      way: `Leave ${resource} out of the program: it runs on as it is. Each volume can become a resource of its own, with data and metadata as they are, once you have written a file for each.`,
    },
  ];
}

/** Our file has no index: drbdmeta would find no metadata there after the next boot. */
function indexRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const file = installedFile(node, resource);
  const indexed = parseResFile(file?.text ?? "")
    .filter((found) => found.resource === resource)
    .flatMap((found) => volumesOn(found, host, node))
    .find((volume) => volume.metaDisk?.includes("[") === true);
  if (file === undefined || indexed === undefined) return [];
  return [
    {
      node: host,
      found: `the metadata of ${resource} is at ${indexed.metaDisk ?? ""} by ${file.path}, and a pair with indexed metadata cannot be taken over yet`,
      way: `Leave ${resource} out of the program: it runs on as it is.`,
    },
  ];
}

/** What else stands in a user's file would go with it. */
function besidesRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const file = installedFile(node, resource);
  if (file === undefined || isOurs(file.text) || !file.path.endsWith(".res")) return [];
  const others = parseStatements(file.text).filter(
    ({ words: [keyword, name] }) => keyword !== "skip" && !(keyword === "resource" && name === resource),
  );
  if (others.length === 0) return [];
  const named = others.map(({ words, body }) => `\`${words.join(" ")}${body === undefined ? ";" : " { … }"}\``);
  return [
    {
      node: host,
      found: `${file.path} holds ${named.join(", ")} beside ${resource}`,
      way: `Move what belongs to ${resource} alone, \`resource ${resource} { … }\`, to a file of its own (/etc/drbd.d/${resource}.res), or the rest to another one: \`common\` and \`global\` to /etc/drbd.d/global_common.conf, each other resource to a file of its own. The device runs on meanwhile.`,
    },
  ];
}
