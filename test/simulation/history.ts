/** A history of a pair: what it begins with, and everything that happens to it, the provider's runs among it. */
import { contentsIdentity } from "../../provider/core/seen/disk-identity";
import type { Drbd } from "./drbd";
import { type Beginning, type Event, fill, happen } from "./events";
import { type Ids, makeByHand } from "./made-by-hand";
import { isManaged, letPacemaker } from "./beside-pacemaker";
import { afterDestroy, beforeDestroy } from "./given-back";
import { resourceFile } from "./machine";
import { readBlocks } from "./observe";
import { offersIn, withOffer } from "./obeying";
import type { Outcome, Program, Stack } from "./pulumi";
import type { Fault, Run } from "./remote";
import { anotherPerson, SimulatedStack } from "./simulated-stack";
import { generationHeld } from "./volume";
import { type Happening, World } from "./world";

/** Something that comes between two things that the provider does, counted from the beginning of its run. */
export interface Interruption {
  readonly at: number;
  readonly what: Event | { readonly kind: "fault"; readonly fault: Fault } | { readonly kind: "the process dies" };
}

export type Deed =
  | { readonly kind: "up" | "destroy" | "refresh"; readonly interruptions: readonly Interruption[] }
  /** Two people at once: the second one's `up`, with this change, has the turn before the first one's, which has looked already. */
  | {
      readonly kind: "two ups";
      readonly other: Partial<Program>;
      readonly interruptions: readonly Interruption[];
      readonly ofOther: readonly Interruption[];
    }
  | { readonly kind: "preview" }
  | { readonly kind: "the state is lost" }
  | { readonly kind: "a pair is made by hand"; readonly ids: Ids }
  | { readonly kind: "program"; readonly change: Partial<Program> }
  /** A person reads what is refused, and names what stands on a disk as what may go. */
  | { readonly kind: "discard"; readonly on: 0 | 1 }
  /** A person decides a split brain in the program, by what that side holds. */
  | { readonly kind: "give up"; readonly on: 0 | 1 }
  /** From here on, what stands in block 1 of that disk is the newest data, which must survive whatever is said and done. */
  | { readonly kind: "the newest copy"; readonly on: 0 | 1 }
  /**
   * `up`, again and again, by a person who does what each refusal says. Of what it offers, each number picks the one that is
   * taken; 0 takes all.
   */
  | { readonly kind: "obey"; readonly picks: readonly number[] }
  | { readonly kind: "Pacemaker manages it" | "Pacemaker lets go"; readonly on: readonly (0 | 1)[] }
  | { readonly kind: "event"; readonly event: Event };

export interface History {
  readonly drbd: Drbd;
  readonly beginnings: readonly [Beginning, Beginning];
  /** How many volumes there are at most, where it is not one, and the one that has these beginnings; others are blank. */
  readonly volumes?: number;
  readonly begun?: number;
  readonly program: Program;
  /** Whether time passes by itself between what the provider does. */
  readonly restless: boolean;
  readonly deeds: readonly Deed[];
}

class InterruptedRun implements Run {
  dead = false;
  readonly applied: Run["applied"] = [];
  private count = 0;
  private first: Promise<void> | undefined;

  constructor(
    private readonly world: World,
    private readonly interruptions: readonly Interruption[] = [],
    private readonly restless = false,
    private readonly others: () => Promise<void> = () => Promise.resolve(),
  ) {}

  /** Once, whichever host is asked for the turn first. */
  othersFirst(): Promise<void> {
    return (this.first ??= this.others());
  }

  interrupt(): Fault {
    const at = this.count++;
    let fault: Fault = "none";
    if (this.restless) this.world.passTime();
    for (const { what } of this.interruptions.filter((one) => one.at === at)) {
      if (what.kind === "fault") fault = what.fault;
      else if (what.kind === "the process dies") this.dead = true;
      else happen(this.world, what);
    }
    return fault;
  }
}

/** Where the newest data is written. */
export const newestBlock = 1;

async function obey(world: World, stack: Stack, program: Program, picks: readonly number[]): Promise<Program> {
  let obeyed = program;
  for (const pick of picks) {
    const outcome = await stack.up(obeyed, new InterruptedRun(world));
    rest(world);
    if (!("why" in outcome)) break;
    const offers = offersIn(outcome.why);
    if (offers.length === 0) continue;
    for (const offer of pick === 0 ? offers : [offers[pick % offers.length]!]) {
      obeyed = withOffer(obeyed, offer);
      if (offer.kind !== "command") continue;
      happen(world, { kind: "hand", on: offer.host === "alpha" ? 0 : 1, command: offer.command });
      rest(world);
    }
  }
  return obeyed;
}

/** Whether the newest data is there still, and whether an up that was content is content with it. */
function whatBecameOf({ machines, ledger }: World, newest: number, end: Outcome): string[] {
  if (newest === 0) return [];
  const having = machines.filter(({ disk }) => ledger.follows(disk.blocks[newestBlock]!, newest));
  if (having.length === 0) return ["the newest copy is gone"];
  // To bring back a kernel is beyond who follows the lines.
  if (end.kind === "refused" && /Bring (DRBD )?8\.4 back|Boot the kernel with the module that wrote it/.test(end.why))
    return [];
  if (end.kind !== "done") return ["whoever followed every message is at a dead end"];
  return having.length < machines.length ? ["up went on without the newest copy"] : [];
}

/** Runs a person may need to be tired of: after the faults, so many must do. */
const patience = 5;
const longEnough = 20;

/** A check on a host that stops us as a refusal does: it tells what stands there. */
const saysWhatWasFound =
  /is not zero at byte|is not blank in front of its metadata|are not those of a new device|lies no metadata of device|is not known to be the newest|here, not UpToDate/;

export interface Life {
  readonly broken: readonly string[];
  readonly end: Outcome;
  readonly happened: ReadonlySet<Happening>;
}

/** Lives through a history and tells which laws were broken in it, and how it ended. */
export async function live(history: History): Promise<Life> {
  const world = new World(history.drbd, history.volumes);
  for (const machine of world.machines) machine.beginsApart = history.program.metadataApart;
  history.beginnings.forEach((beginning, index) => {
    fill(world, world.sidesOf({ number: history.begun ?? 0 })[index === 0 ? 0 : 1], beginning);
  });
  const stack = new SimulatedStack(world);
  const broken: string[] = [];
  let { program } = history;
  let newest = 0;
  for (const deed of history.deeds) {
    switch (deed.kind) {
      case "event":
        happen(world, deed.event);
        break;
      case "program":
        program = { ...program, ...deed.change };
        break;
      case "discard": {
        const machine = world.machines[deed.on];
        const volumes = machine.volumes.filter(({ number }) => (program.volumes ?? [0]).includes(number));
        const paths = volumes.flatMap(({ diskPath, metaDiskPath }) =>
          program.metadataApart ? [diskPath, metaDiskPath] : [diskPath],
        );
        const named = paths.flatMap((path) => contentsIdentity(readBlocks(world, machine.diskAt(path)!, path)) ?? []);
        if (named.length > 0) program = { ...program, discard: { ...program.discard, [machine.name]: named } };
        break;
      }
      case "give up": {
        const machine = world.machines[deed.on];
        const volumes = machine.volumes.filter(({ number }) => (program.volumes ?? [0]).includes(number));
        const generations = volumes.flatMap((volume) => generationHeld(volume) ?? []);
        if (generations.length === volumes.length) program = { ...program, giveUp: { [machine.name]: generations } };
        break;
      }
      case "a pair is made by hand":
        makeByHand(world, deed.ids);
        break;
      case "the newest copy":
        newest = world.machines[deed.on].disk.blocks[newestBlock]!;
        break;
      case "obey":
        program = await obey(world, stack, program, deed.picks);
        break;
      case "two ups": {
        const { other, interruptions, ofOther } = deed;
        const another = anotherPerson(world, stack);
        const run: InterruptedRun = new InterruptedRun(world, interruptions, history.restless, async () => {
          world.happened.add("another up came first");
          await another.up({ ...program, ...other }, new InterruptedRun(world, ofOther, history.restless));
        });
        await stack.up(program, run);
        world.beginLifeAnew();
        break;
      }
      case "the state is lost":
        stack.forget();
        world.beginLifeAnew();
        break;
      case "Pacemaker manages it":
        letPacemaker(world, deed.on, "manage it");
        break;
      case "Pacemaker lets go":
        letPacemaker(world, deed.on, "let go");
        break;
      case "preview": {
        const before = snapshot(world);
        await stack.preview(program, new InterruptedRun(world));
        if (snapshot(world) !== before) broken.push("a preview changed something");
        break;
      }
      default: {
        const run = new InterruptedRun(world, deed.interruptions, history.restless);
        const isPlain = deed.kind === "destroy" && deed.interruptions.length === 0 && !history.restless;
        const before = isPlain ? beforeDestroy(world) : undefined;
        const isTheirs = deed.interruptions.length === 0 && isManaged(world);
        const outcome = await perform(stack, deed.kind, program, run);
        if (isTheirs) broken.push(...besideIt(world, run));
        if (before !== undefined && outcome.kind === "done" && run.applied.length > 0)
          broken.push(...afterDestroy(world, before));
        world.beginLifeAnew();
      }
    }
  }
  const end = await settle(world, stack, program, broken);
  broken.push(...whatBecameOf(world, newest, end));
  if (end.kind === "done" && isLeftUnmounted(world, program)) broken.push("up was content, and mounted nowhere");
  broken.push(...world.broken, ...world.ledger.lost);
  for (const { forced, formatted } of world.made) {
    if (forced > 1) broken.push(`a primary was forced ${forced} times`);
    if (formatted > 1) broken.push(`a filesystem was made ${formatted} times`);
  }
  return { broken, end, happened: world.happened };
}

/** What makes a host ready for DRBD, and is no matter of the resource's. */
const ofTheHost =
  /global_common\.conf |modules-load\.d|\bmodprobe drbd |\bapt-get\b|\/lib\/drbd\b|\/usr\/local\/sbin\/drbd-|reads another grammar than the one that wrote it/;

/** What was done to the resource while Pacemaker managed it. */
function besideIt(world: World, { applied }: Run): string[] {
  world.happened.add("Pacemaker managed it");
  return applied
    .map(({ node, argv, because }) => `${node}: ${argv.join(" ")} (${because})`)
    .filter((step) => !ofTheHost.test(step))
    .map((step) => `done beside Pacemaker: ${step}`);
}

/** Where it belongs it is Primary, and what shall be mounted there is not. */
function isLeftUnmounted(world: World, { formatted, syncSource, primary, volumes = [0] }: Program): boolean {
  const wanted = world.machine(primary ?? syncSource).volumes.filter(({ number }) => volumes.includes(number));
  return formatted && wanted.some((one) => one.isPrimary && one.mountedAt === undefined);
}

function perform(stack: Stack, kind: "up" | "destroy" | "refresh", program: Program, run: Run): Promise<Outcome> {
  return kind === "up" ? stack.up(program, run) : kind === "destroy" ? stack.destroy(run) : stack.refresh(run);
}

/** The faults have ended: up, again and again, reaches what is wanted, or says what a person must decide. */
async function settle(world: World, stack: Stack, program: Program, broken: string[]): Promise<Outcome> {
  world.linked = true;
  for (const machine of world.machines) {
    for (const effect of machine.unfinished.splice(0)) effect();
    for (const volume of machine.volumes) volume.heldOpen = false;
    machine.service.hangs = false;
    world.boot(machine);
  }
  rest(world);
  let outcome: Outcome = { kind: "failed", why: "not run" };
  for (let turn = 0; turn < patience && outcome.kind === "failed"; turn++) {
    outcome = await stack.up(program, new InterruptedRun(world));
    rest(world);
  }
  if (outcome.kind === "failed" && !saysWhatWasFound.test(outcome.why)) {
    broken.push(`up after up does not settle: ${outcome.why}`);
  }
  if (outcome.kind === "refused" && outcome.why.length < 30) broken.push(`a refusal that says nothing: ${outcome.why}`);
  if (outcome.kind !== "done") return outcome;
  const again = new InterruptedRun(world);
  const second = await stack.up(program, again);
  if (second.kind !== "done" || again.applied.length > 0) {
    const steps = again.applied.map(({ node, argv }) => `${node}: ${argv.join(" ")}`);
    broken.push(`a second up does something: ${second.kind} ${"why" in second ? second.why : ""} ${steps.join("; ")}`);
  }
  broken.push(...shortcomings(world, program));
  return outcome;
}

function rest(world: World): void {
  for (let turn = 0; turn < longEnough; turn++) world.passTime();
}

/** What a pair lacks that an up was content with. */
function shortcomings(world: World, program: Program): string[] {
  const found: string[] = [];
  const { volumes: wanted = [0] } = program;
  for (const { name, volumes, files } of world.machines) {
    if (!files.has(resourceFile)) found.push(`${name} has no configuration`);
    for (const { number, kernel, mountedAt } of volumes) {
      const state = kernel === undefined ? "down" : `${kernel.connection} ${kernel.disk}`;
      const isWanted = wanted.includes(number);
      if (state !== (isWanted ? "Connected UpToDate" : "down"))
        found.push(`content with ${name} being ${state}${number === 0 ? "" : ` in volume ${number}`}`);
      if (!isWanted && mountedAt !== undefined) found.push(`volume ${number} is mounted still`);
    }
  }
  for (const { name, service, volumes } of program.served === true && program.formatted ? world.machines : []) {
    const isMounted = volumes.some(({ mountedAt }) => mountedAt !== undefined);
    if (service.isActive !== isMounted) found.push(`the service ${isMounted ? "does not run" : "runs"} on ${name}`);
  }
  for (const number of wanted) {
    const mounted = world.sidesOf({ number }).filter(({ mountedAt }) => mountedAt !== undefined);
    if (program.formatted && mounted.length !== 1) found.push(`mounted on ${mounted.length} machines`);
  }
  return found;
}

function snapshot(world: World): string {
  return JSON.stringify(world, (key, value: unknown) =>
    // A volume names the machine that it is of.
    key === "machine"
      ? undefined
      : value instanceof Map || value instanceof Set
        ? [...(value as Iterable<unknown>)]
        : value,
  );
}
