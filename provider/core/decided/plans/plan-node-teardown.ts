/** What is taken from a host when its DrbdNode is destroyed; its resources have plan-resource-teardown. */
import { parseResFile } from "../../config/found-resource";
import { parseDump } from "../../config/parse-dump";
import { isOurs } from "../../config/own-mark";
import { globalCommonPath } from "../../config/paths";
import { filesRead } from "../../installed/includes";
import { commonBefore } from "../../installed/kept-files";
import { fstabFields } from "../../seen/parse-fstab";
import type { ObservedNode } from "../../seen/observed";
import { removeFiles } from "../../steps/file-steps";
import { restoreGlobalCommon } from "../../steps/node-steps";
import type { Plan, Step } from "../../steps/plan";
import { ownCommands, removeCommands } from "../../steps/command-steps";
import { promotionUnits, bringUpUnits, virtualMachineUnits } from "../../steps/boot-units";
import { unescapeInstance } from "../../wanted/systemd-escape";
import { keepsOurCommon } from "./give-back-global-common";

/**
 * Takes back what planNode wrote, but for what a resource that still stands on this host needs: another stack's, or one that
 * an `up` was killed over before Pulumi knew of it. drbd-utils and the module stay, since others may use them by now.
 */
export function planNodeTeardown(
  host: string,
  node: ObservedNode,
  /** The resources that were taken down before it: what a user had of them came back, and lives by what comes back now. */
  takenDown: ReadonlySet<string> = new Set(),
): Plan {
  const steps: Step[] = [];
  const warnings: string[] = [];
  const stays: string[] = [];
  const standing = standingResources(node);
  const before = commonBefore(node);
  if (before !== undefined) {
    const kept = keepsOurCommon(host, node, before, takenDown);
    if (standing.length > 0) stays.push(globalCommonPath);
    else if (kept.length === 0) steps.push(restoreGlobalCommon(host, before.kept, "what was there before"));
    else warnings.push(...kept);
  }
  const units = [...promotionUnits, ...bringUpUnits, ...virtualMachineUnits]
    .map(({ path }) => path)
    .filter((path) => isOurs(node.files.get(path)));
  const started = units.filter((path) => startsAtBoot(node, path).length > 0);
  const unused = units.filter((path) => !started.includes(path));
  if (standing.length > 0) stays.push(...units);
  else if (unused.length > 0) steps.push(removeFiles(host, unused, "written by us"));
  if (standing.length === 0 && started.length > 0) {
    const links = [...new Set(started.flatMap((path) => startsAtBoot(node, path)))];
    warnings.push(
      `${host}: ${started.join(" and ")} ${started.length === 1 ? "stays" : "stay"}, since others start by it at boot: ${links.join(", ")}`,
    );
  }
  const commands = ownCommands.filter(({ path }) => node.commands?.get(path)?.isOurs === true);
  // They work for whatever runs there.
  if (commands.length > 0 && standing.length === 0) steps.push(removeCommands(host, commands, node, "written by us"));
  if (stays.length > 0) {
    const needed = standing.map(({ name, signs }) => `${name} (${signs.join(", ")})`).join("; ");
    warnings.push(
      `${host}: ${stays.join(" and ")} ${stays.length === 1 ? "stays" : "stay"}, since what still stands there needs it: ${needed}. Where no stack has that any more (an \`up\` was killed over it), \`pulumi up\` takes it in again, and \`pulumi destroy\` then takes all of it back`,
    );
  }
  return { subject: host, stages: steps.length > 0 ? [steps] : [], refusals: [], warnings, afterwards: [] };
}

/** What is enabled by a unit of ours, such as drbd@web.target, which needs drbd@.target and drbd@.service. */
function startsAtBoot(node: ObservedNode, unit: string): string[] {
  const template = (unit.split("/").at(-1) ?? "").replace(/(?<=@).*/, "");
  return node.links
    .filter((link) => link.includes(".wants/"))
    .map((link) => link.split("/").at(-1) ?? "")
    .filter((name) => name.startsWith(template));
}

interface Standing {
  readonly name: string;
  /** By what it is seen to stand. */
  readonly signs: readonly string[];
}

/**
 * Resources that use our files, whoever made them: by a file of ours, a unit that starts at boot, a line of fstab, or the
 * kernel. One that somebody else wrote a file for lived by the global_common.conf that was there before.
 */
function standingResources(node: ObservedNode): Standing[] {
  const signs = new Map<string, string[]>();
  const add = (name: string, sign: string) => signs.set(name, [...(signs.get(name) ?? []), sign]);
  const isForeign = new Set<string>();
  const read = filesRead(node);
  for (const [path, text] of node.files) {
    if (!read.has(path) && !/^\/etc\/drbd\.d\/[^/]*\.res$/.test(path)) continue;
    for (const { resource } of parseResFile(text)) {
      if (isOurs(text)) add(resource, path);
      else isForeign.add(resource);
    }
  }
  const defined = parseDump(node.common?.now.output ?? "").map(({ name }) => name);
  defined.filter((name) => !signs.has(name)).forEach((name) => isForeign.add(name));
  for (const link of node.links) {
    const instance = /\/drbd(?:-primary)?@([^/]*)\.(?:target|service)$/.exec(link)?.[1];
    if (instance !== undefined) add(unescapeInstance(instance), `${link.split("/").at(-1) ?? link} starts at boot`);
  }
  for (const [device, mountPoint, , options = ""] of fstabFields(node)) {
    const instance = /x-systemd\.requires=drbd-primary@([^,]*)\.(?:service|target)/.exec(options)?.[1];
    if (instance !== undefined) add(unescapeInstance(instance), `fstab: ${device ?? ""} on ${mountPoint ?? ""}`);
  }
  for (const name of node.kernelResources.keys()) add(name, "running");
  return [...signs].flatMap(([name, all]) => {
    const own = all.filter((sign) => !isForeign.has(name) || sign.startsWith("fstab"));
    return own.length === 0 ? [] : [{ name, signs: own }];
  });
}
