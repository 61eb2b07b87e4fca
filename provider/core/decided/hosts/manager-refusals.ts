/** What is said of other tools that manage DRBD on a host, and of drbd.service. */
import type { WantedFiles } from "../../installed/changes-by-plan";
import { effectiveOptions } from "../../config/compare-options";
import { managersOf } from "../../seen/managers";
import type { ObservedNode } from "../../seen/observed";
import type { VolumeDevice } from "../../wanted/desired";
import { globalCommonPath } from "../../config/paths";
import type { Refusal } from "../../steps/plan";

interface Resource {
  readonly name: string;
  /** On that host. */
  readonly volumes: readonly VolumeDevice[];
  /** By the names that refusals have for them. */
  readonly ignoreManagers?: readonly string[];
  /** Whether a boot promotes and mounts it. */
  readonly isMounted?: boolean;
}

/** Nothing that another tool manages is changed, unless the user says that it may be. */
export function managerRefusals(
  node: ObservedNode,
  host: string,
  { name, volumes, ignoreManagers = [] }: Resource,
): Refusal[] {
  return managersOf(node, name, volumes)
    .filter((manager) => manager.manages && !ignoreManagers.includes(manager.name))
    .map((manager) => ({
      node: host,
      found: `${manager.name} manages ${name} there (${manager.seen}), and two that start, promote and stop one resource work against each other`,
      way: `Leave ${name} to ${manager.name}, and out of the program; or take it out of ${manager.name} first, so that it runs on without it. Where ${manager.name} does not act any more, or leaves ${name} alone (in maintenance mode, say): \`ignoreManagers: ["${manager.name}"]\`.`,
    }));
}

export function managerWarnings(
  node: ObservedNode,
  host: string,
  { name, volumes, ignoreManagers = [], isMounted = false }: Resource,
): string[] {
  return managersOf(node, name, volumes).flatMap((manager) => {
    const isIgnored = ignoreManagers.includes(manager.name);
    if (manager.manages && isIgnored)
      return [
        `${manager.name} manages ${name} on ${host} (${manager.seen}), which \`ignoreManagers\` passes over${isMounted ? `. Where it is to go on with that, leave \`filesystem\` out: a boot promotes and mounts ${name} for it` : ""}`,
      ];
    if (manager.manages || isIgnored) return [];
    return [
      `${manager.name} is on ${host} (${manager.seen}): see that it does not manage ${name}, which has two masters then`,
    ];
  });
}

/**
 * drbd.service waits at boot until each resource has met its peer, for ever by DRBD's defaults, and the boot waits for it.
 * Our target brings the resource up without waiting.
 */
export function drbdServiceWarnings(
  node: ObservedNode,
  host: string,
  name: string,
  { globalCommon = node.files.get(globalCommonPath) ?? "", configuration }: WantedFiles,
): string[] {
  if (!node.links.some((link) => link.endsWith("/drbd.service"))) return [];
  const options = effectiveOptions([globalCommon, configuration], name);
  const waits = ["wfc-timeout", "degr-wfc-timeout", "outdated-wfc-timeout"].filter(
    (option) => Number(options.get(`startup ${option}`) ?? 0) === 0,
  );
  if (waits.length === 0) return [];
  return [
    `drbd.service is enabled on ${host}: a boot without the peer waits in it for ever. drbd@${name}.target brings ${name} up without waiting: \`systemctl disable drbd.service\` there if no other resource needs it, or set \`startup: { ${waits.map((option) => `${option}: 60`).join(", ")} }\``,
  ];
}
