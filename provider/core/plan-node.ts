import { brokenFileRefusals } from "./broken-file";
import type { DesiredNode } from "./desired";
import { includeRefusals } from "./includes";
import type { ObservedNode } from "./observed";
import { optionWarnings } from "./option-warnings";
import { globalCommonBackupPath, globalCommonPath, moduleAtBootPath } from "./paths";
import type { Plan, Refusal, Step } from "./plan";
import { hostRefusals } from "./preflight";
import { writeConfiguration } from "./steps-configuration";
import { backUpGlobalCommon, installUtils, loadModule, loadModuleAtBoot, restoreGlobalCommon } from "./steps-node";
import { removeFile } from "./steps-resource";
import { promotionUnitPath } from "./systemd";

export interface NodeSituation {
  readonly desired: DesiredNode;
  /** The text of global_common.conf. */
  readonly configuration: string;
  readonly node: ObservedNode;
}

/** The comment by which we know a file of ours (config.ts writes it into the first line). */
export const ownMark = "Managed by pulumi-drbd";

export function planNode({ desired, configuration, node }: NodeSituation): Plan {
  const host = desired.hostname;
  const writes = node.files.get(globalCommonPath) !== configuration;
  const refusals = [
    ...hostRefusals(host, desired.address, node, true),
    ...utilsRefusals(host, node),
    ...includeRefusals(node, host, globalCommonPath),
    ...(writes ? brokenFileRefusals(node, host, [globalCommonPath]) : []),
  ];
  return {
    subject: host,
    stages: refusals.length > 0 ? [] : [nodeSteps(host, configuration, node)].filter((stage) => stage.length > 0),
    refusals,
    warnings: optionWarnings(desired.common),
    afterwards: [],
  };
}

/** Takes back what planNode wrote; drbd-utils and the module stay, since others may use them by now. */
export function planNodeTeardown(host: string, node: ObservedNode): Plan {
  const steps: Step[] = [];
  if (isOurs(node.files.get(globalCommonPath)) && node.files.has(globalCommonBackupPath)) {
    steps.push(restoreGlobalCommon(host, "what was there before"));
  }
  // The resources on this host share it: a last one that is not ours to take down may still need it.
  const shared = node.links.some((link) => /\/drbd@[^/]*\.target$/.test(link));
  if (isOurs(node.files.get(promotionUnitPath)) && !shared) {
    steps.push(removeFile(host, promotionUnitPath, "written by us"));
  }
  return { subject: host, stages: steps.length > 0 ? [steps] : [], refusals: [], warnings: [], afterwards: [] };
}

function nodeSteps(host: string, configuration: string, node: ObservedNode): Step[] {
  const steps: Step[] = [];
  if (node.utils === null) steps.push(...installUtils(host, `drbd-utils is missing on this ${node.os.name}`));
  if (node.module?.loaded === false) {
    steps.push(loadModule(host, `DRBD ${node.module.version} is there for ${node.kernel} but not loaded`));
  }
  // The package brings a file of its own for this.
  if (node.utils !== null && !loadsAtBoot(node)) steps.push(loadModuleAtBoot(host, "loads the module at boot"));
  const there = node.files.get(globalCommonPath);
  if (there === configuration) return steps;
  const foreign = there !== undefined && !isOurs(there) && !node.files.has(globalCommonBackupPath);
  if (foreign || node.utils === null) {
    const whose = there === undefined ? "the package's own" : "not written by pulumi-drbd";
    steps.push(backUpGlobalCommon(host, ownMark, `${whose}: kept beside it`));
  }
  const because = there === undefined ? "new" : "changed (see --diff); parsed by drbdadm there first";
  steps.push(writeConfiguration(host, globalCommonPath, configuration, 0o644, because));
  return steps;
}

function utilsRefusals(host: string, node: ObservedNode): Refusal[] {
  if (
    node.utils !== null ||
    node.os.id === "debian" ||
    [node.os.id, ...node.os.like].some((id) => id === "debian" || id === "ubuntu")
  )
    return [];
  const way = /rhel|fedora|centos/.test([node.os.id, ...node.os.like].join(" "))
    ? "Install it there: enable the elrepo repository, then `dnf install drbd9x-utils kmod-drbd9x`."
    : /suse/.test([node.os.id, ...node.os.like].join(" "))
      ? "Install it there: `zypper install drbd-utils drbd-kmp-default`."
      : "Install drbd-utils there with the system's own package manager.";
  return [{ node: host, found: `drbd-utils is not installed, and ${node.os.name} is no Debian or Ubuntu`, way }];
}

function isOurs(text: string | undefined): boolean {
  return text?.includes(ownMark) === true;
}

function loadsAtBoot(node: ObservedNode): boolean {
  return [...node.files].some(
    ([path, text]) => (path.includes("/modules-load.d/") || path === moduleAtBootPath) && /^\s*drbd\s*$/m.test(text),
  );
}
