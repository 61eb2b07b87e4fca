import type { CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult } from "@pulumi/pulumi/dynamic";

import { claimsOf, describedHosts } from "../core/decided/hosts/claims";
import { claimFailures } from "../core/decided/hosts/claim-refusals";
import { redactSecrets } from "../core/config/shared-secret";
import { fittingGrammar, grammarFailures } from "../core/config/grammar-failures";
import { changedOptions, describeChanges, sharedOptions } from "../core/config/compare-options";
import { formatPlan } from "../core/told/plan-text";
import { lasting, type HiddenInputs } from "../core/told/engine-inputs";
import { formatMoved, movedStates } from "../core/told/moved-states";
import { type ObservedNode } from "../core/seen/observed";
import { furthestBehind } from "../core/seen/sync-progress";
import { devicesOn } from "../core/wanted/desired";
import { outputsAlone, outputsOf, switchedTo } from "../core/told/outputs";
import { givenBackQuestions } from "../core/installed/definition";
import { resourcePath } from "../core/config/paths";
import { planTeardown } from "../core/decided/plans/plan-resource-teardown";
import { justTheTables } from "../core/seen/probe";
import { sameInputs } from "../core/wanted/same-inputs";
import { parseResource } from "../core/wanted/parse-inputs";
import { formatSync, kindOfSync } from "../core/told/sync";
import { askingWhoHolds } from "./declined";
import { changesBy } from "./diff";
import { expectAnnounced } from "./expected";
import { inTurnOfReachable, wayOut } from "./gone-host";
import { HalfMadeError } from "./half-made";
import { isUnknown } from "../core/wanted/unknowns";
import { ownInputs, Pair } from "./pair";
import { preview } from "./phase";
import { toState } from "./to-state";
import { changedWhileBusy, hostErrorsAsFailures, unreachablePassedOver } from "./looks-that-fail";
import { refusalsAsFailures, sourced, type Failure } from "./check-failures";
import { known } from "./process";
import { reconcile } from "./reconcile";
import { Reporter } from "./reporter";
import type { Host } from "../shell/host";
import { operation } from "../shell/operation";
import { HostError } from "../shell/error-classes";
import { newSecret } from "../shell/new-secret";
import { waitForSync, type SyncWait } from "./sync-wait";
import { changedBeside } from "../core/decided/plans/takeover";
import { takeOver, whereGone } from "./takeover";
import { undisturbed } from "./turns";

type Inputs = HiddenInputs & Record<string, unknown>;

/** What identifies the device: with another value it would be another one, and the old would be left running. */
const identity = ["name", "nodes"] as const;

/** The provider behind DrbdResource: one replicated device on two hosts. */
export const resourceLifecycle = {
  check: (olds: Inputs, news: Inputs): Promise<CheckResult> =>
    hostErrorsAsFailures(news, () => checkResource(olds, news)),

  async diff(_id: string, olds: Inputs, news: Inputs): Promise<DiffResult> {
    const pair = Pair.of(news, olds);
    const reporter = new Reporter(news.__urn, pair.hosts);
    const look = async () => {
      const nodes = await undisturbed(pair.hosts, preview.patience, () => pair.observe("needed"));
      const { name } = pair.desired;
      const syncs = nodes.map((node, place) => {
        const minors = devicesOn(pair.desired, pair.desired.hosts[place === 0 ? 0 : 1].hostname).map(
          ({ minor }) => minor,
        );
        return furthestBehind(node.sync, minors);
      });
      const sync = syncs.find((progress) => progress !== undefined);
      return changesBy(reporter, news.__urn, {
        plan: pair.plan(nodes),
        moved: movedStates(olds, outputsOf(pair.desired, nodes, pair.memory)),
        sync: sync && formatSync(kindOfSync(name, nodes, pair.memory), sync),
      });
    };
    const either = () =>
      whereGone(pair, look, (_takeover, plan) => Promise.resolve(changesBy(reporter, news.__urn, { plan, moved: [] })));
    const needed = await changedWhileBusy(() => unreachablePassedOver(reporter, either));
    await reporter.done();
    return { changes: needed === true || !sameInputs(inputsOf(olds), inputsOf(news)) };
  },

  async create(news: Inputs): Promise<CreateResult> {
    const { outs, id } = await apply(news, {}, (cause, madeId) => new HalfMadeError(madeId, news, cause));
    return { id, outs };
  },

  async update(_id: string, olds: Inputs, news: Inputs): Promise<UpdateResult> {
    const { outs } = await apply(news, olds, (cause) => cause);
    return { outs };
  },

  async read(id: string, props: Inputs): Promise<ReadResult> {
    operation.command ??= "pulumi refresh";
    const pair = Pair.of(props, props);
    const reporter = new Reporter(props.__urn, pair.hosts);
    const nodes = await wayOut(props.__urn, () =>
      undisturbed(pair.hosts, preview.patience, () => pair.observe("close")),
    );
    const path = resourcePath(pair.desired.name);
    const running = nodes.some((node) => node.kernelResources.has(pair.desired.name));
    if (!running && nodes.every((node) => !node.files.has(path))) return {};
    // Where the hosts' files differ, the one that is not as it was left: that is the drift to be shown.
    const texts = nodes.map((node) => redactSecrets(node.files.get(path) ?? ""));
    const configuration = texts.find((text) => text !== props["configuration"]) ?? props["configuration"];
    const inputs = { ...inputsOf(props), configuration };
    const outputs = outputsOf(pair.desired, nodes, pair.memory);
    const moved = movedStates(props, outputs);
    if (moved.length > 0) {
      known.moved.add(props.__urn ?? "");
      reporter.say(formatMoved(pair.desired.name, moved));
    }
    await reporter.done();
    return { id, props: toState({ ...props, ...outputs, configuration }), inputs: toState(inputs) };
  },

  async delete(_id: string, props: Inputs): Promise<void> {
    operation.command ??= "pulumi destroy";
    const pair = Pair.of(props, props);
    const reporter = new Reporter(props.__urn, pair.hosts);
    const { name } = pair.desired;
    const stays = describedHosts(name, known.claims, known.described);
    const hosts = pair.hosts.filter((host) => !stays.has(host.name));
    if (hosts.length < pair.hosts.length) {
      const where = pair.hosts.filter((host) => stays.has(host.name)).map((host) => host.name);
      reporter.say(`${name}: stays as it is on ${where.join(" and ")}, since the program describes it still`);
    }
    await inTurnOfReachable(
      hosts,
      async (reached) => {
        const names = reached.map((host) => host.name);
        await reconcile(
          {
            hosts: reached,
            ran: [],
            looks: () => reached.map(() => justTheTables),
            observe: () => Promise.all(reached.map((host) => lookToGiveBack(host, name))),
            plan: (nodes) => planTeardown(pair.desired, names, nodes, known.hostnames),
          },
          reporter,
        );
        for (const host of names) known.takenDown.set(host, (known.takenDown.get(host) ?? new Set()).add(name));
      },
      { what: name, urn: props.__urn },
    );
    await reporter.done();
  },
};

/** The host's own tables, and what drbdadm there says of a user's files that may come back: disks are not read. */
async function lookToGiveBack(host: Host, resource: string): Promise<ObservedNode> {
  const node = await host.observe(justTheTables);
  const givenBack = givenBackQuestions(node, resource);
  return givenBack.length === 0 ? node : host.observe({ ...justTheTables, givenBack });
}

async function checkResource(olds: Inputs, news: Inputs): Promise<CheckResult> {
  preview.note(news);
  expectAnnounced(news.__announced);
  const parsed = parseResource(ownInputs(news));
  if (parsed.ok === false) return { failures: sourced(news, parsed.failures) };
  const inputs = lasting(news);
  if (parsed.desired === undefined || parsed.connections === undefined) return { inputs };
  const creating = Object.keys(olds).length === 0;
  const moved = creating ? [] : identityFailures(olds, news);
  const urn = news.__urn ?? parsed.desired.name;
  const claimed = claimFailures(parsed.desired, urn, known.claims, known.declaredClaims);
  const refused = [...moved, ...claimed, ...commonFailures(news.__globalCommon)];
  if (refused.length > 0) return { failures: sourced(news, refused) };
  known.claims.set(urn, claimsOf(parsed.desired));

  const pair = new Pair(parsed.desired, parsed.connections, { inputs: news, olds });
  const reporter = new Reporter(news.__urn, pair.hosts);
  const seen = await unreachablePassedOver(reporter, () => pair.grammar());
  const { desired } = parsed;
  const fitting = seen ?? pair.knownGrammar() ?? fittingGrammar((one) => grammarFailures(desired, one));
  const misplaced = grammarFailures(desired, fitting);
  if (misplaced.length > 0) return { failures: sourced(news, misplaced) };
  const shown = seen === undefined ? undefined : await unreachablePassedOver(reporter, () => pair.shownConfiguration());
  const checked = { ...inputs, configuration: shown ?? pair.rememberedConfiguration(fitting) };
  if (!preview.now || !creating || seen === undefined) {
    await reporter.done();
    return { inputs: checked };
  }
  const failures = await unreachablePassedOver(reporter, async () => {
    const plan = pair.plan(await undisturbed(pair.hosts, preview.patience, () => pair.observe("needed")));
    if (plan.refusals.length === 0) reporter.say(formatPlan(plan));
    return refusalsAsFailures(news, plan);
  });
  await reporter.done();
  return { inputs: checked, failures };
}

async function apply(news: Inputs, olds: Inputs, begunError: (cause: unknown, id: string) => unknown) {
  const pair = Pair.of(news, olds);
  const reporter = new Reporter(news.__urn, pair.hosts);
  const id = `${pair.hosts.map((host) => host.name).join("+")}/${pair.desired.name}`;
  const progress = { begun: false };
  const subject = {
    hosts: pair.hosts,
    ran: [],
    looks: () => pair.looks(),
    observe: () => pair.observeForSteps(),
    plan: (seen: readonly ObservedNode[]) => pair.plan(seen),
    planBack: (seen: readonly ObservedNode[], host: string) => pair.plan(seen, host),
    begins: () => {
      progress.begun = true;
    },
  };
  const onBoth = async () => {
    await Promise.all(pair.hosts.map((host) => host.seen()));
    return undefined;
  };
  try {
    const left = await whereGone(pair, onBoth, async (takeover) => {
      nothingElseChanges(olds, news, takeover.host.name);
      return {
        host: takeover.host.name,
        node: await takeOver(pair, takeover, reporter, subject),
      };
    });
    if (left !== undefined) {
      const seen = outputsAlone(pair.desired, left.host, left.node, olds);
      return { id, outs: toState({ ...news, ...seen, sharedSecret: olds["sharedSecret"] }) };
    }
    await pair.settleSecret(newSecret);
    const reconciled = () => askingWhoHolds(pair, () => reconcile(subject, reporter));
    let nodes = await reconciled();
    for (let told = 0, end: SyncWait = "missed"; pair.desired.waitForSync && end === "missed"; told++) {
      end = await waitForSync(pair, nodes, reporter, told);
      // What had to wait for the sync comes after it: a side that was filled is made Primary only then.
      if (end !== "nothing to wait for") nodes = await reconciled();
    }
    const outs = toState({
      ...news,
      ...outputsOf(pair.desired, nodes, pair.memory),
      ...switchedTo(pair.desired, nodes, pair.carriedOut(olds)),
      configuration: await pair.shownConfiguration(),
      ...(pair.secret === undefined ? {} : { sharedSecret: pair.secret }),
    });
    return { id, outs };
  } catch (error) {
    throw progress.begun ? begunError(error, id) : error;
  } finally {
    await reporter.done();
  }
}

const inputKeys = [
  "name",
  "nodes",
  "minor",
  "port",
  "protocol",
  "net",
  "disk",
  "options",
  "startup",
  "handlers",
  "auth",
  "cramHmacAlg",
  "link",
  "syncSource",
  "primary",
  "existingData",
  "initialSync",
  "discard",
  "giveUp",
  "keep",
  "peerIsOff",
  "filesystem",
  "volumes",
  "waitForSync",
  "waitForSyncSeconds",
  "services",
  "virtualMachines",
  "ignoreManagers",
  "devicePath",
  "configuration",
  "__urn",
  "__globalCommon",
];

/** The inputs among a resource's outputs. The secret is left out: where it changes, the plan has a step. */
function inputsOf(props: Inputs): Record<string, unknown> {
  return Object.fromEntries(inputKeys.filter((key) => props[key] !== undefined).map((key) => [key, props[key]]));
}

function nothingElseChanges(olds: Inputs, news: Inputs, host: string): void {
  const changed = changedBeside(ownInputs(inputsOf(olds)), ownInputs(inputsOf(news)));
  if (changed.length === 0) return;
  throw new HostError(
    host,
    `its peer cannot be reached, and \`${changed.join("`, `")}\` cannot change before it is back`,
    {
      advice:
        "give what was there before, and run `pulumi up` again: `primary` with `peerIsOff` alone is carried out now",
    },
  );
}

/** The peers must agree on what `common` says, and so must their files. */
function commonFailures(texts: HiddenInputs["__globalCommon"]): Failure[] {
  const [first, second] = texts ?? [];
  if (first === undefined || second === undefined || isUnknown(first) || isUnknown(second) || first === second)
    return [];
  // How the links in /dev are named is each host's own affair.
  const [one, other] = [first, second].map((text) => sharedOptions([text.replace(/^ *udev-always-use-vnr;\n/m, "")]));
  const difference = describeChanges(changedOptions(one ?? new Map(), other ?? new Map()));
  if (difference === "") return [];
  return [
    { property: "", reason: `the two nodes differ in \`global\` or \`common\` (${difference}): give both the same` },
  ];
}

function identityFailures(olds: Inputs, news: Inputs): Failure[] {
  const of = (inputs: Inputs): Record<(typeof identity)[number], string> => ({
    name: String(inputs["name"]),
    nodes: ((inputs["nodes"] ?? []) as { hostname?: string }[])
      .map((node) => node.hostname ?? "")
      .sort()
      .join(", "),
  });
  const [before, after] = [of(olds), of(news)];
  return identity
    .filter((key) => before[key] !== after[key] && before[key] !== "")
    .map((key) => ({
      property: key,
      reason:
        `cannot change from ${before[key]} to ${after[key]} while the resource exists: the old one would be left running. ` +
        "Take the old one away first (remove it from the program and run `pulumi up`: data and metadata stay on the disks), then add the new one",
    }));
}
