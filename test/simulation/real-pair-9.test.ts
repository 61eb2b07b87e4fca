/**
 * The simulation held against a real pair of DRBD 9 (9.2.16, drbd-utils 9.22.0): the same history, and at each point the
 * same observation. Where they differ, the simulation is wrong. The identifiers' own values are chance: which of them are
 * the same, and where each stands, is not.
 */
import { probeLook, lookOf } from "../core/one-volume";
import { parseEvents } from "../../provider/core/seen/parse-events";
import { parseProbe } from "../../provider/core/seen/parse-probe";
import { adjustLines9, answer9, events9, probe9 } from "../core/fixtures-9";
import { run } from "./commands";
import { Names, stateOf, verbsOf } from "./comparable";
import { anyMetadata, giText, MiB } from "./disk";
import { happen, type HandCommand } from "./events";
import { resourceFile } from "./machine";
import { observe } from "./observe";
import { plainProgram } from "./pulumi";
import { SimulatedStack } from "./simulated-stack";
import { World } from "./world";

type Host = 0 | 1;
const names = ["alpha", "bravo"] as const;
const quiet = () => ({ dead: false, applied: [], interrupt: () => "none" as const });

/** The resource's file as the provider writes it for a module. */
const fileFor = new Map<"8.4" | "9", string>();
beforeAll(async () => {
  for (const drbd of ["8.4", "9"] as const) {
    const world = new World(drbd);
    expect(await new SimulatedStack(world).up(plainProgram, quiet())).toEqual({ kind: "done" });
    fileFor.set(drbd, world.machines[0].files.get(resourceFile)!);
  }
});

/** One real pair's life from its snapshot on, and the simulated one that lives the same. */
class Life {
  readonly world: World;
  private readonly real = new Names();
  private readonly simulated = new Names();

  constructor(drbd: "8.4" | "9" = "9") {
    this.world = new World(drbd);
  }

  write(file = fileFor.get(this.world.machines[0].drbd)!): void {
    for (const { files } of this.world.machines) files.set(resourceFile, file);
  }

  type(on: Host, ...lines: string[]): void {
    for (const words of lines) {
      const { exit } = run(this.world, this.world.machines[on], words.split(" "), "hand");
      expect({ words, exit }).toEqual({ words, exit: 0 });
    }
  }

  hand(on: Host, command: HandCommand): void {
    happen(this.world, { kind: "hand", on, command });
  }

  user(on: Host, block = 1): void {
    happen(this.world, { kind: "write", on, block });
  }

  pass(turns: number): void {
    happen(this.world, { kind: "time", turns });
  }

  /** Mounted on alpha, and in sync: the snapshot that most captures begin with. */
  async begin(): Promise<void> {
    expect(await new SimulatedStack(this.world).up(plainProgram, quiet())).toEqual({ kind: "done" });
    this.pass(10);
  }

  /** Both Secondary, and then down. */
  takeDown(): void {
    this.type(0, "umount /srv/data", "drbdadm secondary r0");
    for (const on of [0, 1] as const) this.type(on, "drbdadm down r0");
  }

  /** On both hosts, the same as in the capture. */
  is(state: string, { gi = true, slowed = false }: { readonly gi?: boolean; readonly slowed?: boolean } = {}): void {
    for (const on of [0, 1] as const) {
      const capture = `${state}.${names[on]}`;
      if (!this.world.machines[on].powered) continue;
      const machine = this.world.machines[on];
      const seen = observe(this.world, machine, {
        looks: [
          probeLook({ name: "r0", minor: 1, port: 7789, disk: "/dev/vdb", metaDisk: "internal", filesystem: true }),
        ],
        candidates: [],
        depth: "close",
      });
      const probed = parseProbe("N", probe9(capture, "close"));
      const look = lookOf(seen)!;
      expect({
        capture,
        module: seen.module,
        ...stateOf(seen.kernelResources.get("r0")),
        isOutOfSync: (seen.kernelResources.get("r0")?.peerDevices?.[0]?.outOfSync ?? 0) > 0,
        verbs: [...(slowed ? ["peer-device-options"] : []), ...verbsOf(seen.adjust?.output ?? "")],
        isParsed: (seen.adjust?.exit ?? 0) === 0,
        disk: typeOf(look.disk),
        mounted: mountsOf(seen.mounts),
      }).toEqual({
        capture,
        module: probed.module,
        ...stateOf(parseEvents(events9(capture)).get("r0")),
        isOutOfSync: (parseEvents(events9(capture)).get("r0")?.peerDevices?.[0]?.outOfSync ?? 0) > 0,
        verbs: verbsOf(adjustLines9(capture)),
        isParsed: answer9(capture, "drbdadm -d adjust r0").exit !== 10,
        disk: typeOf(realDisk(capture)),
        mounted: mountsOf(probed.mounts),
      });
      if (gi) this.hasGi(capture, on);
    }
  }

  private hasGi(capture: string, on: Host): void {
    const machine = this.world.machines[on];
    const metadata = anyMetadata(machine.disk);
    const slots = [1 - on, on].map((id) => answer9(capture, `drbdmeta --node-id ${id} 1 v09 /dev/vdb internal get-gi`));
    const kernel = answer9(capture, "drbdadm get-gi r0");
    const old = answer9(capture, "drbdmeta 1 v08 /dev/vdb internal get-gi");
    const [peer, own] = slots;
    const isTold = ({ exit, output }: { exit: number; output: string }) => exit === 0 && /^[0-9A-F]{16}:/.test(output);
    const told = [kernel, peer!, old].find(isTold);
    const found = metadata === undefined ? undefined : giText(metadata, machine.isPrimary);
    expect({ capture, gi: found && this.simulated.of(found) }).toEqual({
      capture,
      gi: told && this.real.of(told.output.trim()),
    });
    if (metadata === undefined || !isTold(own!)) return;
    // A conversion leaves there what was known of the peer, which nobody reads: the identifiers, and its own two flags.
    expect({ capture, own: this.simulated.of(giText(metadata, false, "own")).slice(0, 6) }).toEqual({
      capture,
      own: this.real.of(own!.output.trim()).slice(0, 6),
    });
  }
}

/** Of an attached disk, blkid tells that it is DRBD's. */
const typeOf = (contents: { readonly kind: string; readonly type?: string }) =>
  contents.kind === "attached" ? "drbd" : (contents.type ?? contents.kind);

function realDisk(capture: string): { readonly kind: string; readonly type?: string } {
  const { exit, output } = answer9(capture, "blkid -p -o export /dev/vdb");
  if (exit === 2) return { kind: "blank" };
  return { kind: "signature", type: /^TYPE=(.*)$/m.exec(output)?.[1] };
}

const mountsOf = (mounts: readonly { readonly source: string; readonly target: string }[]) =>
  mounts.filter(({ source }) => source === "/dev/drbd1").map(({ target }) => target);

test("from two blank disks to a pair that is in sync and mounted", () => {
  const life = new Life();
  life.is("new-module-loaded-disk-blank-no-file");
  life.write();
  for (const on of [0, 1] as const) life.type(on, "drbdadm create-md r0");
  life.is("new-metadata-created-down");
  life.type(0, "drbdadm up r0");
  life.is("new-alpha-up-alone-connecting");
  life.type(1, "drbdadm up r0");
  life.pass(1);
  life.is("new-pair-connected-before-first-promotion");
  life.type(0, "drbdadm primary --force r0", "mkfs.xfs -L data /dev/drbd1");
  life.world.machines[0].files.set("/etc/fstab", "/dev/drbd1 /srv/data xfs defaults 0 0\n");
  life.type(0, "mount /srv/data");
  // By hand, so that there was something to capture.
  life.is("syncing-source-alpha", { slowed: true });
  life.pass(10);
  life.is("connected-uptodate-primary-mounted");
});

test("one side is away, and the other writes on", async () => {
  const life = new Life();
  await life.begin();
  life.is("connected-uptodate-primary-mounted");
  life.type(1, "drbdadm disconnect r0");
  life.is("standalone-bravo-disconnected-alpha-connecting");
  life.user(0);
  life.type(1, "drbdadm connect r0");
  life.pass(10);
  life.type(1, "drbdadm detach r0");
  life.is("bravo-diskless");
  life.type(1, "drbdadm adjust r0");
  life.pass(10);
  life.type(0, "drbdadm detach r0");
  life.is("alpha-primary-diskless");
  life.type(0, "drbdadm adjust r0");
  life.pass(10);
  life.type(1, "drbdadm down r0");
  life.user(0);
  // Between these two captures more happened than was written down: the real alpha went back to an older bitmap.
  life.is("bravo-down-alpha-primary", { gi: false });
});

test("both are down, and one is ahead", async () => {
  const life = new Life();
  await life.begin();
  life.type(1, "drbdadm down r0");
  life.user(0);
  life.type(0, "umount /srv/data", "drbdadm secondary r0", "drbdadm down r0");
  life.is("both-down-alpha-ahead");
});

test("the link is cut, both sides are written to, and they meet", async () => {
  const life = new Life();
  await life.begin();
  happen(life.world, { kind: "cut link" });
  life.user(0);
  life.is("link-cut-primary-alpha-connecting");
  life.type(1, "drbdadm primary --force r0", "mount /srv/data");
  life.user(1, 2);
  happen(life.world, { kind: "restore link" });
  life.pass(1);
  life.is("split-brain-standalone");
  for (const on of [0, 1] as const) life.type(on, "umount /srv/data", "drbdadm secondary r0", "drbdadm down r0");
  life.is("split-brain-both-down");
});

test("a side is made Primary by force without its peer", async () => {
  const life = new Life();
  await life.begin();
  life.type(0, "umount /srv/data", "drbdadm secondary r0");
  happen(life.world, { kind: "cut power", on: 1 });
  life.type(0, "drbdadm primary --force r0", "mount /srv/data");
  life.user(0);
  life.is("peer-off-primary-forced-alpha");
});

test("a verify finds a block that differs", async () => {
  const life = new Life();
  await life.begin();
  life.user(0);
  life.world.machines[1].disk.blocks[1] = 0;
  life.type(0, "drbdadm verify r0");
  life.is("verify-found-4k");
});

test("a disk grows while its side is down", async () => {
  const life = new Life();
  await life.begin();
  life.takeDown();
  life.world.machines[0].disk.size += 40 * MiB;
  life.is("grown-while-down-alpha");
});

test("metadata is there, and no file", async () => {
  const life = new Life();
  await life.begin();
  life.takeDown();
  for (const on of [0, 1] as const) life.hand(on, "remove the file");
  life.is("resource-not-configured-md-on-disk");
});

test("a pair of DRBD 8.4 gets the module of DRBD 9", async () => {
  const life = new Life("8.4");
  await life.begin();
  life.type(1, "drbdadm down r0");
  life.user(0);
  life.type(0, "umount /srv/data", "drbdadm secondary r0", "drbdadm down r0");
  for (const machine of life.world.machines) machine.drbd = "9";
  life.is("upgraded-module9-metadata-v08");
  life.write();
  const uuids = life.world.machines.map(({ disk }) => disk.metadata?.deviceUuid);
  for (const on of [0, 1] as const) life.hand(on, "convert the metadata");
  life.is("upgraded-converted-to-v09-both-down");
  life.world.machines.forEach(({ disk }, on) => {
    expect(disk.metadata?.deviceUuid).not.toBe(uuids[on]);
  });
  for (const on of [0, 1] as const) life.type(on, "drbdadm up r0");
  life.pass(1);
  life.is("upgraded-converted-ups-unrelated");
});
