/** What an installed definition says beyond what we can describe. It is refused, never left out without a word. */
import { compareMeanings, type Difference } from "../../config/compare-meanings";
import { parseStatements } from "../../config/parse-statements";
import { parseResFile } from "../../config/found-resource";
import { installedFile } from "../../installed/configuration-place";
import { leavingOn } from "../../installed/leaving-volumes";
import { volumesOn } from "../../installed/file-hosts";
import type { DesiredResource } from "../../wanted/desired";
import { grammarOf, type ObservedNode } from "../../seen/observed";
import { devicePath, globalCommonPath, topPath } from "../../config/paths";
import { isOurs } from "../../config/own-mark";
import type { Refusal } from "../../steps/plan";
import { leavingRefusals } from "./leaving-refusals";

export function takeOverRefusals(node: ObservedNode, host: string, desired: DesiredResource): Refusal[] {
  const { name: resource } = desired;
  const seen = [
    ...volumeRefusals(node, host, desired),
    ...leavingRefusals(node, host, desired),
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

/** Volumes that the program does not describe: by somebody's file, or in the kernel. */
function volumeRefusals(node: ObservedNode, host: string, desired: DesiredResource): Refusal[] {
  const { name, volumes } = desired;
  const leaving = leavingOn(desired, node, host).map(({ volume }) => volume);
  const described = new Set([...volumes.map(({ number }) => number), ...leaving]);
  const file = installedFile(node, name);
  const isForeign = file !== undefined && !isOurs(file.text);
  const written = parseResFile(file?.text ?? "")
    .filter((found) => found.resource === name)
    .flatMap((found) => volumesOn(found, host, node))
    .filter(({ volume }) => !described.has(volume));
  const running = (node.kernelResources.get(name)?.devices ?? []).filter(({ volume }) => !described.has(volume));
  const list = (some: readonly { readonly volume: number; readonly minor?: number }[]) =>
    some.map(({ volume, minor }) => `volume ${volume}${minor === undefined ? "" : ` (minor ${minor})`}`).join(" and ");
  const nameThem = `Describe all its volumes in \`volumes\` of ${name}, with their numbers, minors and disks as they are; or leave ${name} out of the program: it runs on as it is.`;
  if (isForeign && written.length > 0) {
    return [
      {
        node: host,
        found: `${name} has ${list(written)} by ${file.path}, which the program does not describe`,
        way: nameThem,
      },
    ];
  }
  if (running.length === 0) return [];
  const commands = running.map(({ volume, minor }) => {
    const device = devicePath(minor);
    // DRBD 9 has one role for the whole resource, which stays as it is.
    const demotion =
      grammarOf(node) === "8.4" ? `, where it is Primary after \`drbdadm secondary ${name}/${volume}\`` : "";
    return `unmount ${device} where it is mounted and take its line out of /etc/fstab; then \`drbdsetup detach ${minor} && drbdsetup del-minor ${minor}\`${demotion}`;
  });
  return [
    {
      node: host,
      found: `${name} has ${list(running)} in the kernel, which the program does not describe`,
      way:
        isForeign || file === undefined
          ? nameThem
          : `To take it away, on each host: ${commands.join("; ")}; and run \`pulumi up\` again. Its data and metadata stay on the disks. To keep it, describe it in \`volumes\`.`,
    },
  ];
}

/** What else stands in a user's file would go with it. */
function besidesRefusals(node: ObservedNode, host: string, resource: string): Refusal[] {
  const file = installedFile(node, resource);
  // What stands in these two is told by flat-configuration.ts, and so are `global` and `common`, wherever they stand.
  if (file === undefined || isOurs(file.text) || [topPath, globalCommonPath].includes(file.path)) return [];
  const others = parseStatements(file.text).filter(
    ({ words: [keyword = "", name] }) =>
      !["skip", "global", "common"].includes(keyword) && !(keyword === "resource" && name === resource),
  );
  if (others.length === 0) return [];
  const named = others.map(({ words, body }) => `\`${words.join(" ")}${body === undefined ? ";" : " { … }"}\``);
  return [
    {
      node: host,
      found: `${file.path} holds ${named.join(", ")} beside ${resource}`,
      way: `Move what belongs to ${resource} alone, \`resource ${resource} { … }\`, to a file of its own (/etc/drbd.d/${resource}.res), or the rest to another one: each other resource to a file of its own. The device runs on meanwhile.`,
    },
  ];
}
