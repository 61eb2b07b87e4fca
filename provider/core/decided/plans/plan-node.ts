import { brokenFileRefusals, unreadOwnFiles } from "../../installed/broken-file";
import { commonRefusals, commonWarnings } from "../hosts/foreign-common";
import { changedOptions, describeChanges, sharedOptions } from "../../config/compare-options";
import type { DesiredNode } from "../../wanted/desired";
import { flatRefusals } from "../../installed/flat-configuration";
import { includeRefusals } from "../../installed/includes";
import { keptName, keptRefusals } from "../../installed/kept-files";
import type { ObservedNode } from "../../seen/observed";
import { commonOptionWarnings } from "../../wanted/option-warnings";
import { inOtherGrammar } from "../../installed/other-grammar";
import { isOurs } from "../../config/own-mark";
import { globalCommonPath, moduleAtBootPath } from "../../config/paths";
import type { Plan, Refusal, Step } from "../../steps/plan";
import { utilsRefusals } from "../hosts/host-needs";
import { hostRefusals } from "../hosts/preflight";
import { writeConfiguration } from "../../steps/configuration-steps";
import { missingCommands, writeCommands } from "../../steps/command-steps";
import { backUpGlobalCommon, installPackages, loadModule, loadModuleAtBoot } from "../../steps/node-steps";

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
  const there = node.files.get(globalCommonPath);
  return [
    ...includeRefusals(node, desired.hostname, globalCommonPath),
    ...(writes && there !== undefined && !isOurs(there) ? keptRefusals(node, desired.hostname, globalCommonPath) : []),
    ...(asksDrbdadm ? brokenFileRefusals(node, desired.hostname, [globalCommonPath]) : []),
    ...(writes ? commonRefusals(situation) : []),
  ];
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
  const commands = missingCommands(node);
  if (commands.length > 0)
    steps.push(writeCommands(host, commands, "for a person there, when no Pulumi is near: docs/a-dead-host.md"));
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

function loadsAtBoot(node: ObservedNode): boolean {
  return [...node.files].some(
    ([path, text]) => (path.includes("/modules-load.d/") || path === moduleAtBootPath) && /^\s*drbd\s*$/m.test(text),
  );
}
