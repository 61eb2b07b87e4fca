/** Pulumi's part: which of the provider's functions it calls, in which order, and what it keeps of what they return. */
import type { Connection } from "../../provider/core/wanted/connection";
import type { HiddenInputs } from "../../provider/core/told/engine-inputs";
import { type Memory, wasInUse } from "../../provider/core/seen/memory";
import { HalfMadeError } from "../../provider/lifecycle/half-made";
import { expectAnnounced } from "../../provider/lifecycle/expected";
import { nodeLifecycle } from "../../provider/lifecycle/node";
import { resourceLifecycle } from "../../provider/lifecycle/resource";
import { beginProcess } from "../../provider/lifecycle/process";
import { RefusedError } from "../../provider/lifecycle/reconcile";
import { HostError } from "../../provider/shell/error-classes";
import type { Remote } from "../../provider/shell/remote";
import { serviceName } from "./machine";
import { ProcessDied, type Run } from "./remote";
import { placeOf, type VolumePlace } from "./volume";

type Properties = HiddenInputs & Record<string, unknown>;

/** A program's resource as it stands in the state. */
interface Kept {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** Its create failed half-way: it is updated by the next run, whatever `diff` says. */
  readonly halfMade?: boolean;
}

interface Stored {
  readonly nodes: ReadonlyMap<string, Kept>;
  readonly resource: Kept | undefined;
}

/** What a user's program asks for. */
export interface Program {
  readonly protocol: "A" | "C";
  readonly syncSource: "alpha" | "bravo";
  readonly formatted: boolean;
  readonly maxBuffers: number;
  readonly keeps: boolean;
  /** Without it a side is made Primary although its peer may be too. */
  readonly fenced: boolean;
  readonly discard: Readonly<Record<string, readonly string[]>>;
  /** DRBD's metadata on a disk of its own. */
  readonly metadataApart: boolean;
  /** The host that is to be Primary. */
  readonly primary?: "alpha" | "bravo" | undefined;
  /** The side that is given up in a split brain, by the generations of its volumes; no copy is kept. */
  readonly giveUp?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The word that a host is off, with the token of one time of being apart. */
  readonly peerIsOff?: Readonly<Record<string, string>>;
  /** Whether a unit of systemd runs where it is mounted. */
  readonly served?: boolean;
  /** By their numbers, where it has others than volume 0. */
  readonly volumes?: readonly number[];
  readonly virtualMachines?: readonly string[];
  /** Whether the first sync is skipped; what is to be kept has to be sent. */
  readonly skips?: boolean;
}

export const plainProgram: Program = {
  protocol: "C",
  syncSource: "alpha",
  formatted: true,
  maxBuffers: 2048,
  keeps: false,
  fenced: true,
  discard: {},
  metadataApart: false,
};

export type Outcome =
  | { readonly kind: "done" | "died" }
  /** A person must decide; the words say on what. */
  | { readonly kind: "refused"; readonly why: string }
  /** Something went wrong on a host; another run goes on. */
  | { readonly kind: "failed"; readonly why: string };

const nodeNames = ["alpha", "bravo"] as const;
/** What of a program belongs to the two hosts it is for: a pair in memory, or the lab's machines. */
export interface Ground {
  readonly nodes: readonly [GroundNode, GroundNode];
  reach(run: Run): (name: string, connection: Connection) => Remote;
  /** What the provider itself calls its defect. */
  defect(message: string): void;
}

export interface GroundNode {
  readonly address: string;
  /** The inputs by which it is reached. */
  readonly access: Readonly<Record<string, unknown>>;
}

export class Stack {
  private readonly nodes = new Map<string, Kept>();
  private resource: Kept | undefined;

  constructor(private readonly ground: Ground) {}

  /** Whether the state knows that a volume of the pair was in use. */
  remembers(volume: number): boolean {
    const { volumeStates, ...outputs } = this.resource?.outputs ?? {};
    const its =
      volumeStates === undefined ? (volume === 0 ? outputs : {}) : (volumeStates as Properties)[String(volume)];
    const { filesystemUuid = null, disks = {} } = (its ?? {}) as Partial<Memory>;
    return wasInUse({ filesystemUuid, disks });
  }

  /** What Pulumi has stored. */
  remember(): Stored {
    return { nodes: new Map(this.nodes), resource: this.resource };
  }

  recall({ nodes, resource }: Stored): void {
    this.forget();
    nodes.forEach((kept, name) => this.nodes.set(name, kept));
    this.resource = resource;
  }

  /** The state is lost, or another stack is made for the same pair. */
  forget(): void {
    this.nodes.clear();
    this.resource = undefined;
  }

  /** `pulumi up`, without the preview before it. */
  up(program: Program, run: Run): Promise<Outcome> {
    return this.phase(run, async () => {
      this.announce(program);
      for (const index of [0, 1] as const) await this.node(index, false);
      await this.pair(program, false);
    });
  }

  preview(program: Program, run: Run): Promise<Outcome> {
    return this.phase(run, async () => {
      this.announce(program);
      for (const index of [0, 1] as const) await this.node(index, true);
      // What is not there yet in a preview is not known to the resource either.
      if (this.nodes.size === 2) await this.pair(program, true);
    });
  }

  refresh(run: Run): Promise<Outcome> {
    return this.phase(run, async () => {
      const kept = this.resource;
      if (kept === undefined) return;
      const found = (await resourceLifecycle.read(kept.id, kept.outputs)) as {
        props?: Properties;
        inputs?: Properties;
      };
      const { props, inputs } = found;
      this.resource = props && { id: kept.id, outputs: props, inputs: { ...kept.inputs, ...inputs } };
    });
  }

  /** Of the resource; the nodes stay. */
  destroy(run: Run): Promise<Outcome> {
    return this.phase(run, async () => {
      if (this.resource === undefined) return;
      await resourceLifecycle.delete(this.resource.id, this.resource.outputs);
      this.resource = undefined;
    });
  }

  private async phase(run: Run, work: () => Promise<void>): Promise<Outcome> {
    beginProcess(this.ground.reach(run));
    try {
      await work();
      return { kind: "done" };
    } catch (error) {
      if (run.dead || error instanceof ProcessDied) return { kind: "died" };
      if (error instanceof RefusedError) return { kind: "refused", why: error.message };
      if (error instanceof HostError) return { kind: "failed", why: error.message };
      // What the provider itself calls its defect is one; all else is the tests'.
      if (!(error instanceof Error) || !error.message.includes("defect of pulumi-drbd")) throw error;
      this.ground.defect(error.message);
      return { kind: "failed", why: error.message };
    }
  }

  /** As the classes do, of what a host that cannot be reached means. Looks are not begun beforehand here. */
  private announce({ primary, peerIsOff }: Program): void {
    const off = peerIsOff === undefined ? {} : { peerIsOff };
    const moves = primary === undefined ? [] : [{ name: "r0", hosts: nodeNames, primary, ...off }];
    expectAnnounced({ nodes: [], pairs: [], moves, resources: [] });
  }

  private placeOf(index: 0 | 1): Properties {
    const { address, access } = this.ground.nodes[index];
    return { address, ...access };
  }

  private async node(index: 0 | 1, isPreview: boolean): Promise<void> {
    const hostname = nodeNames[index];
    const inputs: Properties = {
      hostname,
      ...this.placeOf(index),
      __preview: isPreview,
    };
    const keep = (made: Kept) => this.nodes.set(hostname, made);
    await call(nodeLifecycle, this.nodes.get(hostname), inputs, isPreview, keep);
  }

  private async pair(program: Program, isPreview: boolean): Promise<void> {
    const { volumes = [0] } = program;
    const isPlain = volumes.length === 1 && volumes[0] === 0;
    const inputs: Properties = {
      name: "r0",
      port: 7789,
      protocol: program.protocol,
      net: { "max-buffers": program.maxBuffers, ...(program.fenced ? {} : { fencing: "dont-care" }) },
      sharedSecret: "tell-nobody",
      syncSource: program.syncSource,
      ...(program.giveUp === undefined ? {} : { giveUp: program.giveUp, keep: "none" }),
      ...(program.skips === true && !program.keeps ? { initialSync: "skip" } : {}),
      ...(program.primary === undefined ? {} : { primary: program.primary }),
      ...(program.served === true ? { services: [serviceName] } : {}),
      ...(program.peerIsOff === undefined ? {} : { peerIsOff: program.peerIsOff }),
      ...(isPlain
        ? { minor: 1, ...ownOf(program, "/srv/data") }
        : { volumes: volumes.map((one) => longForm(program, one)) }),
      discard: program.discard,
      ...(program.virtualMachines === undefined ? {} : { virtualMachines: program.virtualMachines }),
      nodes: nodeNames.map((hostname, index) => ({
        hostname,
        ...this.placeOf(index === 0 ? 0 : 1),
        ...(isPlain ? { disk: "/dev/vdb", ...(program.metadataApart ? { metaDisk: "/dev/vdc" } : {}) } : {}),
      })),
      __preview: isPreview,
      __globalCommon: nodeNames.map((hostname) => String(this.nodes.get(hostname)?.outputs["configuration"])),
    };
    const keep = (made: Kept) => (this.resource = made);
    await call(resourceLifecycle, this.resource, inputs, isPreview, keep);
  }
}

/** What is of one volume, wherever it stands in a program. */
const ownOf = ({ keeps, formatted }: Program, mountPoint: string): Properties => ({
  ...(keeps ? { existingData: "keep" } : {}),
  ...(formatted ? { filesystem: { mountPoint } } : {}),
});

function longForm(program: Program, number: number): Properties {
  const places = nodeNames.map((host) => [host, placeOf(host, number)] as const);
  const byHost = <T>(of: (place: VolumePlace) => T) => Object.fromEntries(places.map(([host, one]) => [host, of(one)]));
  return {
    volume: number,
    minor: byHost(({ minor }) => minor),
    disks: byHost(({ diskPath }) => diskPath),
    ...(program.metadataApart ? { metaDisks: byHost(({ metaDiskPath }) => metaDiskPath) } : {}),
    ...ownOf(program, placeOf("alpha", number).mountPoint),
  };
}

/** The provider's functions, with what Pulumi's types leave open. */
interface Lifecycle {
  check(
    olds: Properties,
    news: Properties,
  ): Promise<{ inputs?: Properties; failures?: readonly { readonly reason: string }[] }>;
  diff(id: string, olds: Properties, news: Properties): Promise<{ changes?: boolean }>;
  create(news: Properties): Promise<{ id: string; outs?: Properties }>;
  update(id: string, olds: Properties, news: Properties): Promise<{ outs?: Properties }>;
}

/** One resource: checked, and created or, where it differs, updated. What fails half-way is kept if it was created. */
async function call(
  lifecycle: Lifecycle,
  kept: Kept | undefined,
  inputs: Properties,
  isPreview: boolean,
  keep: (made: Kept) => void,
): Promise<void> {
  const checked = await lifecycle.check(kept?.inputs ?? {}, inputs);
  const { failures = [], inputs: news = {} } = checked;
  if (failures.length > 0) {
    const why = failures.map(({ reason }) => reason).join("\n");
    // In a check, what keeps us from looking at a host is a failure like any other.
    if (/connection was lost|: cannot be reached/.test(why)) throw new HostError("a host", why);
    throw new Refused(why);
  }
  if (kept === undefined) {
    if (isPreview) return;
    try {
      const { id, outs } = await lifecycle.create(news);
      keep({ id, inputs: news, outputs: outs ?? {} });
    } catch (error) {
      if (!(error instanceof HalfMadeError)) throw error;
      // A provider that has died tells nothing.
      if (!(error.cause instanceof ProcessDied))
        keep({ id: error.id, inputs: news, outputs: error.properties, halfMade: true });
      throw error.cause;
    }
    return;
  }
  const { changes } = await lifecycle.diff(kept.id, kept.outputs, news);
  if (isPreview || (changes !== true && kept.halfMade !== true)) return;
  const { outs } = await lifecycle.update(kept.id, kept.outputs, news);
  keep({ id: kept.id, inputs: news, outputs: outs ?? {} });
}

/** A check that fails ends as a refusal does. */
class Refused extends RefusedError {
  constructor(why: string) {
    super({ subject: "r0", stages: [], refusals: [], warnings: [], afterwards: [] });
    this.message = why;
  }
}
