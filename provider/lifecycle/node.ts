import type { CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult } from "@pulumi/pulumi/dynamic";

import { hasVolumeLinks, usesVolumeLinks } from "../core/installed/by-res-links";
import { redactSecrets } from "../core/config/shared-secret";
import { renderGlobalCommon } from "../core/config/render-configuration";
import { fittingGrammar, nodeGrammarFailures } from "../core/config/grammar-failures";
import type { Grammar } from "../core/wanted/option-table";
import type { Connection } from "../core/wanted/connection";
import type { DesiredNode } from "../core/wanted/desired";
import { formatPlan } from "../core/told/plan-text";
import { lasting, visible, type HiddenInputs } from "../core/told/engine-inputs";
import { givenBackQuestions } from "../core/installed/definition";
import { commonBefore, keptOf } from "../core/installed/kept-files";
import { grammarOf, type ObservedNode } from "../core/seen/observed";
import { globalCommonPath } from "../core/config/paths";
import { formatMoved, movedVersions } from "../core/told/moved-states";
import type { Plan } from "../core/steps/plan";
import { planNode } from "../core/decided/plans/plan-node";
import { planNodeTeardown } from "../core/decided/plans/plan-node-teardown";
import { justTheHost, theHostClosely, type ProbeRequest } from "../core/seen/probe";
import { readsOthersToo } from "../core/installed/changes-by-plan";
import { unreadOwnFiles } from "../core/installed/broken-file";
import { sameInputs } from "../core/wanted/same-inputs";
import { parseNode } from "../core/wanted/parse-inputs";
import { changesBy } from "./diff";
import { expectAnnounced, pairsSeen } from "./expected";
import { wayOut } from "./gone-host";
import { HalfMadeError } from "./half-made";
import { preview } from "./phase";
import { toState } from "./to-state";
import { changedWhileBusy, hostErrorsAsFailures, unreachablePassedOver } from "./looks-that-fail";
import { refusalsAsFailures, sourced } from "./check-failures";
import { known } from "./process";
import { reconcile, type Subject } from "./reconcile";
import { Reporter } from "./reporter";
import { hostOf, type Host } from "../shell/host";
import { operation } from "../shell/operation";
import { undisturbed } from "./turns";

type Inputs = HiddenInputs & Record<string, unknown>;

interface Wanted {
  readonly desired: DesiredNode;
  readonly connection: Connection;
  readonly configuration: string;
}

/** The provider behind DrbdNode: one host made ready for DRBD. */
export const nodeLifecycle = {
  check: (olds: Inputs, news: Inputs): Promise<CheckResult> => hostErrorsAsFailures(news, () => checkNode(olds, news)),

  async diff(_id: string, olds: Inputs, news: Inputs): Promise<DiffResult> {
    const wanted = wantedOf(news);
    const host = hostOf(wanted.desired.hostname, wanted.connection);
    const changed = !sameInputs(inputsOf(olds), inputsOf(news));
    const reporter = new Reporter(news.__urn, [host]);
    const look = async () => {
      const node = await undisturbed([host], preview.patience, () =>
        observeFor(host, wanted.configuration, justTheHost),
      );
      return changesBy(reporter, news.__urn, {
        plan: planOf(wanted, node),
        moved: movedVersions(olds, found(node, olds)),
      });
    };
    const needed = await changedWhileBusy(() => unreachablePassedOver(reporter, look));
    await reporter.done();
    return { changes: changed || needed === true };
  },

  async create(news: Inputs): Promise<CreateResult> {
    const { hostname } = wantedOf(news).desired;
    const outs = await apply(news, undefined, (cause) => new HalfMadeError(hostname, news, cause));
    return { id: hostname, outs };
  },

  async update(_id: string, olds: Inputs, news: Inputs): Promise<UpdateResult> {
    return { outs: await apply(news, olds, (cause) => cause) };
  },

  async read(id: string, props: Inputs): Promise<ReadResult> {
    operation.command ??= "pulumi refresh";
    const wanted = wantedOf(props);
    const host = hostOf(wanted.desired.hostname, wanted.connection);
    const reporter = new Reporter(props.__urn, [host]);
    const node = await wayOut(props.__urn, () =>
      undisturbed([host], preview.patience, () => host.observe(theHostClosely, preview.attempts)),
    );
    const live = node.files.get(globalCommonPath);
    // Without our file, or without drbd-utils, what DrbdNode stands for is gone.
    if (live === undefined || node.utils === null) return {};
    // Somebody may have put a secret of theirs into it by hand.
    const configuration = redactSecrets(live);
    const inputs = { ...inputsOf(props), configuration };
    const outputs = found(node, props);
    const moved = movedVersions(props, outputs);
    if (moved.length > 0) {
      known.moved.add(props.__urn ?? "");
      reporter.say(formatMoved(host.name, moved));
    }
    await reporter.done();
    return { id, props: toState({ ...props, ...outputs, configuration }), inputs: toState(inputs) };
  },

  async delete(_id: string, props: Inputs): Promise<void> {
    operation.command ??= "pulumi destroy";
    const { desired, connection } = wantedOf(props);
    const host = hostOf(desired.hostname, connection);
    const reporter = new Reporter(props.__urn, [host]);
    if (known.hostnames.has(host.name)) {
      reporter.say(`${host.name}: stays as it is, since the program describes it still`);
    } else {
      const subject: Subject = {
        hosts: [host],
        ran: [],
        looks: () => [justTheHost],
        observe: async () => {
          const node = await host.observe(justTheHost);
          const before = commonBefore(node);
          return [before === undefined ? node : await askAbout(before.text, host, node, true)];
        },
        plan: ([node]) => planNodeTeardown(desired.hostname, only(node), known.takenDown.get(desired.hostname)),
      };
      await wayOut(props.__urn, () => reconcile(subject, reporter));
    }
    await reporter.done();
  },
};

/** What a program would first say of a host: the text of its global_common.conf, and the plan. */
export async function firstNodePlan(inputs: Inputs): Promise<{ readonly configuration: string; readonly plan: Plan }> {
  const parsed = parseNode(inputs);
  if (parsed.ok !== true) throw new Error(`the node's inputs are not valid: ${JSON.stringify(parsed.failures)}`);
  const { desired: given, connection } = parsed;
  const host = hostOf(given.hostname, connection);
  const seen = await host.observe(justTheHost, preview.attempts);
  const desired = withLinksAsTheyAre(given, inputs, {}, seen);
  const configuration = renderGlobalCommon(desired, grammarOf(seen));
  const node = await undisturbed([host], preview.patience, () => observeFor(host, configuration, justTheHost));
  return { configuration, plan: planOf({ desired, connection, configuration }, node) };
}

async function checkNode(olds: Inputs, news: Inputs): Promise<CheckResult> {
  preview.note(news);
  expectAnnounced(news.__announced);
  const parsed = parseNode(visible(news));
  if (parsed.ok === false) return { failures: sourced(news, parsed.failures) };
  const inputs = lasting(news);
  if (parsed.ok === "unknown") return { inputs };
  known.hostnames.add(parsed.desired.hostname);
  const { connection, desired: given } = parsed;
  const host = hostOf(given.hostname, connection);
  const reporter = new Reporter(news.__urn, [host]);
  const seen = await unreachablePassedOver(reporter, () => host.observe(justTheHost, preview.attempts));
  const told = seen === undefined ? rememberedGrammar(olds) : grammarOf(seen);
  const grammar = told ?? fittingGrammar((one) => nodeGrammarFailures(given, one));
  const misplaced = nodeGrammarFailures(given, grammar);
  if (misplaced.length > 0) return { failures: sourced(news, misplaced) };
  const desired = withLinksAsTheyAre(given, news, olds, seen);
  const wanted = { desired, connection, configuration: renderGlobalCommon(desired, grammar) };
  const checked = { ...inputs, configuration: wanted.configuration };
  const creating = Object.keys(olds).length === 0;
  if (!preview.now || !creating || seen === undefined) {
    await reporter.done();
    return { inputs: checked };
  }
  const failures = await unreachablePassedOver(reporter, async () => {
    const plan = planOf(
      wanted,
      await undisturbed([host], preview.patience, () => observeFor(host, wanted.configuration, justTheHost)),
    );
    if (plan.refusals.length === 0) reporter.say(formatPlan(plan));
    return refusalsAsFailures(news, plan);
  });
  await reporter.done();
  return { inputs: checked, failures };
}

/** The grammar of the configuration in the state; undefined where it could be either's, or there is none. */
function rememberedGrammar(olds: Inputs): Grammar | undefined {
  const { configuration } = olds;
  const parsed = parseNode(visible(olds));
  if (parsed.ok !== true || typeof configuration !== "string") return undefined;
  const desired = withLinksAsTheyAre(parsed.desired, olds, olds);
  const fitting = (["8.4", "9"] as const).filter(
    (one) => nodeGrammarFailures(desired, one).length === 0 && renderGlobalCommon(desired, one) === configuration,
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

async function apply(
  news: Inputs,
  olds: Inputs | undefined,
  begunError: (cause: unknown) => unknown,
): Promise<Record<string, unknown>> {
  const wanted = wantedOf(news);
  const host = hostOf(wanted.desired.hostname, wanted.connection);
  const reporter = new Reporter(news.__urn, [host]);
  await pairsSeen(host);
  const seen = { withoutUtils: false, begun: false };
  const subject: Subject = {
    hosts: [host],
    ran: [],
    // Its steps touch no disk.
    looks: () => [{ ...justTheHost, depth: "tables" }],
    observe: async () => [await observeFor(host, wanted.configuration, theHostClosely)],
    plan: ([node]) => {
      seen.withoutUtils ||= only(node).utils === null;
      return planOf(wanted, only(node));
    },
    begins: () => {
      seen.begun = true;
    },
  };
  try {
    const [node] = await reconcile(subject, reporter);
    const installed = seen.withoutUtils || olds?.["installedUtils"] === true;
    return toState({ ...news, ...found(only(node), { installedUtils: installed }) });
  } catch (error) {
    throw seen.begun ? begunError(error) : error;
  } finally {
    await reporter.done();
  }
}

async function observeFor(host: Host, configuration: string, request: ProbeRequest): Promise<ObservedNode> {
  return askAbout(configuration, host, await host.observe(request, preview.attempts));
}

/** Before global_common.conf becomes another one, drbdadm there is asked what that changes for the resources of others. */
async function askAbout(
  globalCommon: string,
  host: Host,
  node: ObservedNode,
  isGivenBack = false,
): Promise<ObservedNode> {
  const { utils, files } = node;
  if (utils === null || files.get(globalCommonPath) === globalCommon || !readsOthersToo(node)) return node;
  const unread = unreadOwnFiles(node);
  const common = { globalCommon, ...(unread.length === 0 ? {} : { unread }) };
  // What was given back, and runs, is meant to live by what comes back now.
  const givenBack = isGivenBack
    ? [...node.kernelResources.keys()].flatMap((name) => givenBackQuestions(node, name))
    : [];
  return host.observe({ ...theHostClosely, common, givenBack }, preview.attempts);
}

function planOf(wanted: Wanted, node: ObservedNode) {
  const described = known.described.get(wanted.desired.hostname) ?? new Set();
  return planNode({ desired: wanted.desired, configuration: wanted.configuration, node, described });
}

/** What the host told, as outputs. */
function found(node: ObservedNode, before: Record<string, unknown>): Record<string, unknown> {
  return {
    kernelVersion: node.kernel,
    moduleVersion: node.module?.version ?? "",
    utilsVersion: node.utils ?? "",
    installedUtils: before["installedUtils"] === true,
    backup: keptOf(node, globalCommonPath).at(-1)?.kept ?? "",
  };
}

/** The inputs among a resource's outputs. */
function inputsOf(props: Inputs): Record<string, unknown> {
  const keys = [
    "hostname",
    "connection",
    "insecureIgnoreHostKey",
    "address",
    "global",
    "common",
    "configuration",
    "__urn",
  ];
  return Object.fromEntries(keys.filter((key) => props[key] !== undefined).map((key) => [key, props[key]]));
}

function wantedOf(props: Inputs): Wanted {
  const { configuration, ...own } = visible(inputsOf(props));
  const parsed = parseNode(own);
  if (parsed.ok !== true) {
    throw new Error(
      `the node's inputs are not complete: ${JSON.stringify(parsed.ok === false ? parsed.failures : parsed.unknown)}`,
    );
  }
  // As `check` rendered it, for the grammar of the host's drbdadm.
  return { ...parsed, configuration: String(configuration) };
}

/** The default of udev-always-use-vnr is for new pairs: it would turn the links of one that is there into folders. */
function withLinksAsTheyAre(desired: DesiredNode, news: Inputs, olds: Inputs, seen?: ObservedNode): DesiredNode {
  const option = "udev-always-use-vnr";
  const given = (news["global"] ?? {}) as Record<string, unknown>;
  const before = olds["configuration"];
  const isDefault = seen !== undefined ? usesVolumeLinks(seen) : typeof before !== "string" || hasVolumeLinks(before);
  return option in given || isDefault ? desired : { ...desired, global: { ...desired.global, [option]: "no" } };
}

function only(node: ObservedNode | undefined): ObservedNode {
  if (node === undefined) throw new Error("no observation of the node");
  return node;
}
