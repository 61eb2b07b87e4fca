import { asFound } from "../core/installed/as-found";
import { checksumsAsFound } from "../core/installed/checksums-as-found";
import { unreadOwnFiles } from "../core/installed/broken-file";
import { renderResource } from "../core/config/render-configuration";
import { setForAll } from "../core/config/set-for-all";
import { installedSecret, isSetUpByOthers, replacedPath } from "../core/installed/configuration-place";
import type { Connection } from "../core/wanted/connection";
import type { DesiredResource } from "../core/wanted/desired";
import { visible, type HiddenInputs } from "../core/told/engine-inputs";
import { noMemory, type Memory, type MemoryOfVolumes } from "../core/seen/memory";
import { nodeIdsOf, writtenGrammar, writtenNodeIds } from "../core/installed/node-ids";
import { type NodeIds } from "../core/config/default-node-ids";
import { grammarOf, type ObservedNode } from "../core/seen/observed";
import { resourceOutputNames } from "../core/told/outputs";
import type { Plan } from "../core/steps/plan";
import { planResource } from "../core/decided/plans/plan-resource";
import { isInstalled, justTheHost, theHostClosely, type Candidate, type ProbeRequest } from "../core/seen/probe";
import { resourceLooks } from "../core/seen/resource-looks";
import { withLinkOptions } from "../core/wanted/link-options";
import { withSnapshotHandlers } from "../core/wanted/snapshot-handlers";
import { parseResource } from "../core/wanted/parse-inputs";
import { isSettled } from "../core/decided/plans/settled";
import { depthForSteps, isLeftWhereItIs } from "../core/decided/plans/switchover";
import { doNotSpeak } from "../core/decided/data/giving-up";
import { isTakeover, planTakeover } from "../core/decided/plans/takeover";
import { isUnknown } from "../core/wanted/unknowns";
import { preview } from "./phase";
import { hostOf, type Host } from "../shell/host";

type Properties = HiddenInputs & Record<string, unknown>;
type Grammar = "8.4" | "9";
type Nodes = readonly [ObservedNode, ObservedNode];

/** One resource with its two hosts: what is wanted, what is remembered, and how to look at it. */
export class Pair {
  readonly hosts: readonly [Host, Host];
  readonly memory: MemoryOfVolumes;
  private readonly globalCommon: readonly (string | undefined)[];
  /** As the state has it. */
  private readonly lastConfiguration: string;
  private known: string | undefined;
  /** The host that `primary` names, where no `up` has carried that out yet. */
  private readonly switchTo: string | undefined;
  /** Nothing is stored of it. */
  private readonly isNew: boolean;
  private staysPut: boolean | undefined;
  /** Seen in this process: its two sides do not speak. */
  private isParted = false;

  readonly desired: DesiredResource;

  constructor(
    desired: DesiredResource,
    connections: readonly [Connection, Connection],
    { inputs, olds }: { inputs: Properties; olds: Properties },
  ) {
    const [first, second] = desired.hosts;
    this.hosts = [hostOf(first.hostname, connections[0]), hostOf(second.hostname, connections[1])];
    this.memory = remembered(olds);
    this.isNew = Object.keys(olds).length === 0;
    const { primary } = desired;
    this.switchTo = primary === text("switchedTo", olds).switchedTo ? undefined : primary;
    this.lastConfiguration = text("configuration", olds).configuration ?? "";
    this.globalCommon = (inputs.__globalCommon ?? []).map((text) => (isUnknown(text) ? undefined : text));
    const common = setForAll(this.globalCommon.filter((text) => text !== undefined));
    this.desired = withSnapshotHandlers(withLinkOptions(desired, common));
    // Given by the user, else made by us in an earlier run and kept in the state, else what the hosts have (below).
    this.known = desired.auth === null ? undefined : (desired.auth.secret ?? rememberedSecret(olds));
  }

  /** From a resource's checked inputs or its outputs, which hold them. */
  static of(properties: Properties, olds: Properties): Pair {
    const parsed = parseResource(ownInputs(properties));
    if (parsed.ok === false) throw new Error(`the resource's inputs are not valid: ${JSON.stringify(parsed.failures)}`);
    if (parsed.desired === undefined || parsed.connections === undefined)
      throw new Error("the resource's inputs are not all known");
    return new Pair(parsed.desired, parsed.connections, { inputs: properties, olds });
  }

  get secret(): string | undefined {
    return this.known;
  }

  /** A pair that has a secret keeps it: where the state knows none, the hosts may; only then is one made. */
  async settleSecret(make: () => string): Promise<void> {
    if (this.desired.auth === null || this.known !== undefined) return;
    const nodes = await this.look();
    this.adoptSecret(nodes);
    if (hasSecretOfOurs(this.asFound(nodes))) this.known ??= make();
  }

  /** The grammar of both hosts' drbdadm, from what they were seen to run. */
  async grammar(): Promise<Grammar> {
    return grammarOf((await this.look())[0]);
  }

  /** The same where a host did not answer: from the one that did, else from the configuration in the state. */
  knownGrammar(): Grammar | undefined {
    const seen = this.hosts.map((host) => host.recent()).find((node) => node !== undefined && node.module !== null);
    return seen === undefined ? writtenGrammar(this.desired, this.lastConfiguration) : grammarOf(seen);
  }

  /**
   * The resource's file as it may be shown and kept: with a placeholder for the secret. The node ids of a pair that has some
   * are kept, so the disks are looked at where neither the kernels nor the files tell them.
   */
  async shownConfiguration(): Promise<string> {
    const seen = await this.look();
    const isTold = grammarOf(seen[0]) === "8.4" || nodeIdsOf(this.desired, seen).kind === "known";
    const nodes = isTold ? seen : await this.observe("needed");
    return renderResource(this.asFound(nodes), grammarOf(nodes[0]), { redact: true, ...this.nodeIds(nodes) });
  }

  /** The same where no host is asked: what is known is the grammar, and the ids that were kept the last time. */
  rememberedConfiguration(grammar: Grammar): string {
    const ids = writtenNodeIds(this.desired, this.lastConfiguration);
    return renderResource(this.asFound([]), grammar, { redact: true, nodeIds: ids });
  }

  /**
   * A close look at both hosts. Where no more is `needed` than to know whether there is something to do, what is known of
   * them is enough if their own tables show that all is well.
   */
  async observe(depth: "needed" | "close"): Promise<Nodes> {
    const seen = await this.lastLook(depth);
    if (seen !== undefined && this.areSettled(seen)) return seen;
    let looks = this.looks();
    const look = () => this.both((host, index) => host.observe(looks[index] ?? theHostClosely, preview.attempts));
    let nodes = await look();
    if (!this.isParted && doNotSpeak(this.desired.name, nodes)) {
      this.isParted = true;
      looks = this.looks();
      nodes = await look();
    }
    this.adoptSecret(nodes);
    // Where the wanted configuration is not what is installed, drbdadm there is asked what it thinks of it.
    return this.both((host, index) => {
      const node = nodes[index === 0 ? 0 : 1];
      const candidate = this.candidate(index, nodes);
      if (node.utils === null || candidate === undefined || isInstalled(node.files, candidate))
        return Promise.resolve(node);
      // A new file is parsed there in any case before it is installed: only a preview wants to know it earlier.
      if (!preview.now && !node.kernelResources.has(this.desired.name)) return Promise.resolve(node);
      return host.observe({ ...(looks[index] ?? theHostClosely), candidates: [candidate] }, preview.attempts);
    });
  }

  /** What its steps are planned from. */
  observeForSteps(): Promise<Nodes> {
    const { desired, memory, switchTo } = this;
    const seen = this.hosts.flatMap((host) => host.recent() ?? []);
    return this.observe(depthForSteps(desired, { memory, switchTo, seen }));
  }

  /** The last look, where it is fresh and deep enough. Who uses what is to move is told by one that asked for it. */
  private async lastLook(depth: "needed" | "close"): Promise<Nodes | undefined> {
    if (this.switchTo === undefined) {
      const [first, second] = this.hosts.map((host) => host.recent());
      if (first === undefined || second === undefined) return undefined;
      return depth === "needed" || (first.closely && second.closely) ? [first, second] : undefined;
    }
    if (depth === "close" || preview.now) return undefined;
    const looks = this.looks("needed");
    return this.both((host, index) => host.observe(looks[index] ?? justTheHost, preview.attempts));
  }

  private areSettled(nodes: Nodes): boolean {
    this.adoptSecret(nodes);
    return nodes.every((node, index) => {
      const { hostname } = this.desired.hosts[index === 0 ? 0 : 1];
      return isSettled(this.desired, hostname, this.configuration(nodes, node), this.globalCommon[index], node);
    });
  }

  /** What is looked at closely on each host. */
  looks(depth: "needed" | "close" = "close"): readonly ProbeRequest[] {
    return resourceLooks(this.desired, this.isParted).map((look) => ({
      looks: [look],
      candidates: [],
      depth,
    }));
  }

  lookAt(host: Host): ProbeRequest {
    return this.looks()[this.hosts.findIndex((one) => one === host)] ?? justTheHost;
  }

  private candidate(index: number, nodes: Nodes): Candidate | undefined {
    const globalCommon = this.globalCommon[index];
    if (globalCommon === undefined) return undefined;
    const { name } = this.desired;
    const node = nodes[index === 0 ? 0 : 1];
    const unread = unreadOwnFiles(node);
    return {
      name,
      resource: this.configuration(nodes),
      globalCommon,
      replaces: replacedPath(node, name),
      isForeign: isSetUpByOthers(node, name),
      ...(unread.length === 0 ? {} : { unread }),
    };
  }

  /** `switchedTo`, as what is stored has it or stands for it. */
  carriedOut(olds: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return this.staysPut === true ? { switchedTo: this.desired.primary } : olds;
  }

  /** What a host's word is worth for the pair where the other one cannot be reached: of one that was set up before. */
  takeover(gone: string): { readonly host: Host; readonly plan: (node: ObservedNode) => Plan | undefined } | undefined {
    const host = this.hosts.find(({ name }) => name !== gone);
    const { desired } = this;
    const isSwitched = this.switchTo !== undefined;
    if (this.isNew || host === undefined || this.hosts.every(({ name }) => name !== gone)) return undefined;
    if (!isTakeover(desired, gone, isSwitched)) return undefined;
    return { host, plan: (node) => planTakeover({ desired, host: host.name, node, gone }) };
  }

  /** `given`: where it is to be Primary, where that is not what the program says. */
  plan(nodes: readonly ObservedNode[], given?: string): Plan {
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error("a pair has two nodes");
    // By the first look: what this run makes is not what it has found.
    this.staysPut ??= this.isNew && isLeftWhereItIs(this.desired.name, [first, second]);
    const switchTo = given ?? (this.staysPut ? undefined : this.switchTo);
    this.adoptSecret([first, second]);
    return planResource({
      desired: this.asFound(nodes),
      configuration: this.configuration([first, second]),
      globalCommon: this.globalCommon,
      nodes: [first, second],
      memory: this.memory,
      preview: preview.now,
      ...(switchTo === undefined ? {} : { switchTo }),
      ...(given === undefined ? {} : { isWayBack: true }),
    });
  }

  private configuration(nodes: Nodes, host: ObservedNode = nodes[0]): string {
    const wanted = this.asFound(nodes);
    const { auth } = wanted;
    const desired = auth === null ? wanted : { ...wanted, auth: { ...auth, secret: auth.secret ?? this.known } };
    return renderResource(desired, grammarOf(host), this.nodeIds(nodes));
  }

  /** Where it is not clear which ids the pair has, the plan is refused, whatever its file would say. */
  private nodeIds(nodes: Nodes): { readonly nodeIds?: NodeIds } {
    const known = nodeIdsOf(this.desired, nodes, this.lastConfiguration);
    return known.kind === "known" ? { nodeIds: known.ids } : {};
  }

  /** What is wanted of a pair that is there already: what the program does not name stays as it was found. */
  asFound(nodes: readonly ObservedNode[]): DesiredResource {
    return checksumsAsFound(asFound(this.desired, nodes, this.lastConfiguration), nodes, this.lastConfiguration);
  }

  private adoptSecret(nodes: Nodes): void {
    if (this.known !== undefined || !hasSecretOfOurs(this.asFound(nodes))) return;
    this.known = nodes.map((node) => installedSecret(node, this.desired.name)).find((one) => one !== undefined);
  }

  /** Whatever was seen of both hosts, however shallow. */
  private look(): Promise<Nodes> {
    return this.both((host) => host.observe(justTheHost, preview.attempts));
  }

  private async both(look: (host: Host, index: number) => Promise<ObservedNode>): Promise<Nodes> {
    const [first, second] = this.hosts;
    return Promise.all([look(first, 0), look(second, 1)]);
  }
}

/** What the user gave, among a resource's inputs or outputs. */
export function ownInputs(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(visible(properties)).filter(([key]) => !resourceOutputNames.includes(key)));
}

function text<K extends string>(key: K, from: Record<string, unknown>): Partial<Record<K, string>> {
  const value = from[key];
  return typeof value === "string" ? ({ [key]: value } as Partial<Record<K, string>>) : {};
}

/** Whether the peers authenticate each other with a secret that is ours to know: given, kept, or made. */
function hasSecretOfOurs({ auth }: DesiredResource): boolean {
  return auth !== null && auth.secret === undefined;
}

/** One that was given as none, beside `auth: false`, is none to go on with. */
function rememberedSecret(olds: Properties): string | undefined {
  const { sharedSecret } = text("sharedSecret", olds);
  return sharedSecret === "" ? undefined : sharedSecret;
}

/** By volume. The outputs beside `volumeStates` are those of the first volume. */
function remembered(olds: Properties): MemoryOfVolumes {
  const states = olds["volumeStates"];
  if (!isRecord(states)) return new Map([[0, rememberedOf(olds)]]);
  return new Map(
    Object.entries(states).map(([number, state]) => [Number(number), rememberedOf(isRecord(state) ? state : {})]),
  );
}

function rememberedOf(state: Record<string, unknown>): Memory {
  const { disks } = state;
  return {
    ...noMemory,
    ...text("filesystemUuid", state),
    ...(isRecord(disks) ? { disks: disks as Memory["disks"] } : {}),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
