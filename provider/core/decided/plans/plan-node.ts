import { dumpedResources } from "../../installed/dumped-resources";
import { brokenFileRefusals, unreadOwnFiles } from "../../installed/broken-file";
import { commonRefusals, commonWarnings, keepsOurCommon } from "../hosts/foreign-common";
import { changedOptions, describeChanges, sharedOptions } from "../../config/compare-options";
import { parseResFile } from "../../config/found-resource";
import type { DesiredNode } from "../../wanted/desired";
import { flatRefusals } from "../../installed/flat-configuration";
import { fstabFields } from "../../seen/fstab-lines";
import { includeRefusals } from "../../installed/includes";
import { keptName, keptOf, type KeptFile } from "../../installed/kept-files";
import type { ObservedNode } from "../../seen/observed";
import { commonOptionWarnings } from "../../wanted/option-warnings";
import { inOtherGrammar } from "../../installed/other-grammar";
import { familyOf, hasApt, type OsFamily } from "../../seen/os-family";
import { isOurs } from "../../config/own-mark";
import { globalCommonPath, moduleAtBootPath } from "../../config/paths";
import type { Plan, Refusal, Step } from "../../steps/plan";
import { hostRefusals } from "../hosts/preflight";
import { writeConfiguration } from "../../steps/configuration-steps";
import {
  backUpGlobalCommon,
  installPackages,
  loadModule,
  loadModuleAtBoot,
  restoreGlobalCommon,
} from "../../steps/node-steps";
import { removeFiles } from "../../steps/file-steps";
import { bringUpUnits, promotionUnits, unescapeInstance } from "../../steps/systemd";

export interface NodeSituation {
  readonly desired: DesiredNode;
  /** The text of global_common.conf. */
  readonly configuration: string;
  readonly node: ObservedNode;
  /** The names of the resources that the program describes on this host: their own plans tell what changes for them. */
  readonly described: ReadonlySet<string>;
}

export function planNode(situation: NodeSituation): Plan {
  const { desired, configuration, node } = situation;
  const host = desired.hostname;
  const writes = node.files.get(globalCommonPath) !== configuration;
  const refusals = [
    ...hostRefusals(host, desired.address, node, true),
    ...utilsRefusals(host, node),
    ...configurationRefusals(situation, writes),
  ];
  return {
    subject: host,
    stages: refusals.length > 0 ? [] : [nodeSteps(host, configuration, node)].filter((stage) => stage.length > 0),
    refusals,
    warnings: [
      ...commonOptionWarnings(desired.common),
      ...(writes && refusals.length === 0 ? commonWarnings(situation) : []),
    ],
    afterwards: [],
  };
}

/** The first of these is the cause of those that come after it. */
function configurationRefusals(situation: NodeSituation, writes: boolean): Refusal[] {
  const { desired, node, described } = situation;
  const flat = flatRefusals(node, desired.hostname, described);
  if (flat.length > 0) return flat;
  // Whatever is written is parsed together with all that is installed.
  const asksDrbdadm = writes || inOtherGrammar(node).length > 0;
  return [
    ...includeRefusals(node, desired.hostname, globalCommonPath),
    ...(asksDrbdadm ? brokenFileRefusals(node, desired.hostname, [globalCommonPath]) : []),
    ...(writes ? commonRefusals(situation) : []),
  ];
}

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
  const before = givenBackByTeardown(node);
  if (before !== undefined) {
    const kept = keepsOurCommon(host, node, before, takenDown);
    if (standing.length > 0) stays.push(globalCommonPath);
    else if (kept.length === 0) steps.push(restoreGlobalCommon(host, before.kept, "what was there before"));
    else warnings.push(...kept);
  }
  const units = [...promotionUnits, ...bringUpUnits]
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

/** The global_common.conf that was there before ours, and comes back when the host's DrbdNode goes. */
export function givenBackByTeardown(node: ObservedNode): KeptFile | undefined {
  return isOurs(node.files.get(globalCommonPath)) ? keptOf(node, globalCommonPath).at(-1) : undefined;
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
  for (const [path, text] of node.files) {
    if (!/^\/etc\/drbd\.d\/[^/]*\.res$/.test(path)) continue;
    for (const { resource } of parseResFile(text)) {
      if (isOurs(text)) add(resource, path);
      else isForeign.add(resource);
    }
  }
  const defined = dumpedResources(node.common?.now.output ?? "").map(({ resource }) => resource);
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

function nodeSteps(host: string, configuration: string, node: ObservedNode): Step[] {
  const steps: Step[] = [];
  if (node.utils === null)
    steps.push(...installPackages(host, ["drbd-utils"], `drbd-utils is missing on this ${node.os.name}`));
  if (node.module?.loaded === false) {
    steps.push(loadModule(host, `DRBD ${node.module.version} is there for ${node.kernel} but not loaded`));
  }
  // The package brings a file of its own for this.
  if (node.utils !== null && !loadsAtBoot(node)) steps.push(loadModuleAtBoot(host, "loads the module at boot"));
  steps.push(...mendOwnFiles(host, node));
  const there = node.files.get(globalCommonPath);
  if (there === configuration) return steps;
  if ((there !== undefined && !isOurs(there)) || node.utils === null) {
    const whose = there === undefined ? "the package's own" : "not written by pulumi-drbd";
    steps.push(backUpGlobalCommon(host, keptName(node, globalCommonPath), `${whose}: kept beside it`));
  }
  const mended = inOtherGrammar(node).map(({ path }) => path);
  const unread = unreadOwnFiles(node).filter((path) => !mended.includes(path));
  const beside = unread.length === 0 ? {} : { unread };
  steps.push(
    writeConfiguration(host, globalCommonPath, configuration, 0o644, whyWritten(there, configuration), beside),
  );
  return steps;
}

/** What the resources' own plans would write, too, but only after drbdadm was asked: until then it reads no file at all. */
function mendOwnFiles(host: string, node: ObservedNode): Step[] {
  const module = node.module?.version ?? "";
  const unread = unreadOwnFiles(node);
  return inOtherGrammar(node).map(({ path, text }) =>
    writeConfiguration(
      host,
      path,
      text,
      0o600,
      `DRBD ${module} there reads another grammar than the one that wrote it`,
      {
        unread: unread.filter((one) => one !== path),
      },
    ),
  );
}

function whyWritten(there: string | undefined, configuration: string): string {
  if (there === undefined) return "new";
  const changes = describeChanges(changedOptions(sharedOptions([there]), sharedOptions([configuration])));
  return `changed (see --diff)${changes === "" ? "" : `: ${changes}`}; parsed by drbdadm there first`;
}

/** We install packages by apt-get alone. */
function utilsRefusals(host: string, { utils, os }: ObservedNode): Refusal[] {
  if (utils !== null || hasApt(os)) return [];
  const ways: Readonly<Partial<Record<OsFamily, string>>> = {
    rhel: "enable the elrepo repository, then `dnf install drbd9x-utils kmod-drbd9x`.",
    fedora: "`dnf install drbd-utils`.",
    suse: "`zypper install drbd-utils drbd-kmp-default`.",
  };
  const way = ways[familyOf(os)];
  return [
    {
      node: host,
      found: `drbd-utils is not installed, and ${os.name} is no Debian or Ubuntu`,
      way:
        way === undefined
          ? "Install drbd-utils there with the system's own package manager."
          : `Install it there: ${way}`,
    },
  ];
}

function loadsAtBoot(node: ObservedNode): boolean {
  return [...node.files].some(
    ([path, text]) => (path.includes("/modules-load.d/") || path === moduleAtBootPath) && /^\s*drbd\s*$/m.test(text),
  );
}
