/** What holds of every plan, whatever was found. Each law says by itself, from what was observed, what it allows. */
import { lookOf } from "../../one-volume";
import * as fc from "fast-check";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { type Plan, type Step, stepsOf } from "../../../../provider/core/steps/plan";
import { planResource } from "../../../../provider/core/decided/plans/plan-resource";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { type ArbitrarySituation, arbitrarySituation } from "../../arbitrary-observed";
import { allCommands, newGi, planOf, secret, situation, usedGi } from "../../observed-builder";
import { seed } from "../../../seed";

const runs = { numRuns: 2000, seed };

/** Drawn and planned once for all laws. */
const drawn = fc.sample(arbitrarySituation, runs).map((given) => {
  const plan = planOf(given.nodes, given.given);
  return { given, plan, steps: stepsOf(plan) };
});

const law = (holds: (plan: Plan, given: ArbitrarySituation, steps: readonly Step[]) => void): void => {
  try {
    for (const { plan, given, steps } of drawn) holds(plan, given, steps);
  } catch (error) {
    // The same again, which finds the smallest case and tells the seed.
    const property = fc.property(arbitrarySituation, (given) => {
      const plan = planOf(given.nodes, given.given);
      holds(plan, given, stepsOf(plan));
    });
    fc.assert(property, runs);
    throw error;
  }
};

const isForce = ({ argv }: Step): boolean => argv.includes("--force");
const isMkfs = ({ argv }: Step): boolean => argv[0]!.startsWith("mkfs");
const isCreate = ({ argv }: Step): boolean => argv[1] === "create-md";

const attached = (node: ObservedNode): boolean =>
  node.kernelResources.get("r0")?.devices.some(({ disk }) => disk !== "Diskless") === true;

const isBlank = (node: ObservedNode): boolean => {
  const look = lookOf(node);
  return !attached(node) && look?.disk.kind === "blank" && ["absent", "unknown"].includes(look.metadata.kind);
};

/** Its generation identifiers are a new disk's: those of the kernel where it is attached, else those on the disk. */
const isNew = (node: ObservedNode): boolean => {
  const look = lookOf(node);
  if (look === undefined) return false;
  const disks = node.kernelResources.get("r0")?.devices.map(({ disk }) => disk) ?? [];
  if (attached(node)) return look.kernelGi === newGi && disks.every((disk) => disk === "Inconsistent");
  return look.metadata.kind === "present" && look.metadata.gi === newGi;
};

const neverUsed = ({ nodes }: ArbitrarySituation): boolean => nodes.every((node) => isBlank(node) || isNew(node));

const nodeOf = ({ nodes }: ArbitrarySituation, step: Step): ObservedNode => nodes[step.node === "alpha" ? 0 : 1];

test("what is drawn is worth it: every kind of plan comes up", () => {
  const seen: Record<string, number> = {
    refused: 0,
    empty: 0,
    force: 0,
    mkfs: 0,
    create: 0,
    adjust: 0,
    primary: 0,
    mount: 0,
  };
  law((plan, _given, steps) => {
    const count = (kind: string, is: boolean) => (seen[kind] = (seen[kind] ?? 0) + (is ? 1 : 0));
    count("refused", plan.refusals.length > 0);
    count("empty", plan.refusals.length === 0 && steps.length === 0);
    count("force", steps.some(isForce));
    count("mkfs", steps.some(isMkfs) && !steps.some(isForce));
    count("create", steps.some(isCreate) && !steps.some(isForce));
    count(
      "adjust",
      steps.some(({ argv }) => argv[1] === "adjust"),
    );
    count(
      "primary",
      steps.some(({ argv }) => argv.join(" ") === "drbdadm primary r0"),
    );
    count("mount", steps.some(({ argv }) => argv[0] === "mount") && !steps.some(isMkfs));
  });
  for (const [kind, count] of Object.entries(seen)) expect([kind, count >= 3]).toEqual([kind, true]);
});

test("refusals leave no steps, and each says where to go", () => {
  law((plan, _given, steps) => {
    if (plan.refusals.length === 0) return;
    expect(steps).toEqual([]);
    for (const { found, way } of plan.refusals) expect([found, way].every((text) => text.length > 10)).toBe(true);
  });
});

test("the same situation gives the same plan, and is not changed by it", () => {
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Map ? [...inner] : inner));
  for (const { given, plan } of drawn.slice(0, 500)) {
    const all = situation(given.nodes, given.given);
    const before = text(all);
    expect(text(planResource(all))).toBe(text(plan));
    expect(text(all)).toBe(before);
  }
});

test("primary --force: only where both sides are blank or new, on the sync source, once, never where a filesystem is remembered", () => {
  law((_plan, given, steps) => {
    const forced = steps.filter(isForce);
    expect(forced.length).toBeLessThanOrEqual(1);
    if (forced.length === 0) return;
    expect(neverUsed(given)).toBe(true);
    expect(forced[0]!.node).toBe(given.given.desired.syncSource);
    expect(forced[0]!.guard).toEqual([["both_new", "r0"]]);
    expect(given.given.memory.filesystemUuid).toBeNull();
  });
});

test("primary --force: only after a barrier behind the making, or the check, of both sides", () => {
  law((plan, _given, steps) => {
    if (!steps.some(isForce)) return;
    const stage = plan.stages.findIndex((one) => one.some(isForce));
    const checked = plan.stages
      .slice(0, stage)
      .flat()
      .filter(
        (step) =>
          isCreate(step) || step.does?.some((one) => one.kind === "check" && one.call[0] === "never_used") === true,
      )
      .map(({ node }) => node);
    expect(checked.sort()).toEqual(["alpha", "bravo"]);
  });
});

test("create-md: only on a side that is blank, once, and behind its guard", () => {
  law((_plan, given, steps) => {
    const made = steps.filter(isCreate);
    expect(new Set(made.map(({ node }) => node)).size).toBe(made.length);
    for (const step of made) {
      expect(isBlank(nodeOf(given, step))).toBe(true);
      expect(step.guard).toEqual([["still_blank", "/dev/vdb", expect.stringMatching(/^\d+$/)]]);
    }
  });
});

test("create-md: never on both sides where one holds data", () => {
  law((_plan, given, steps) => {
    if (steps.filter(isCreate).length === 2) expect(neverUsed(given)).toBe(true);
  });
});

test("mkfs: only on the sync source, once, on a device that is blank, and where none is remembered", () => {
  law((_plan, given, steps) => {
    const made = steps.filter(isMkfs);
    expect(made.length).toBeLessThanOrEqual(1);
    const [step] = made;
    if (step === undefined) return;
    const { desired, memory } = given.given;
    expect(step.node).toBe(desired.syncSource);
    expect(step.argv.at(-1)).toBe("/dev/drbd1");
    expect(step.guard).toEqual([["still_blank", "/dev/drbd1", "any"]]);
    expect(memory.filesystemUuid).toBeNull();
    const node = nodeOf(given, step);
    const look = lookOf(node);
    const forcedByUs =
      node.kernelResources.get("r0")?.role === "Primary" &&
      look?.device?.kind === "blank" &&
      usedGi.startsWith(node.files.get("/var/lib/pulumi-drbd/r0.new")?.trim() ?? "none") &&
      look.kernelGi === usedGi;
    expect(forcedByUs || (neverUsed(given) && steps.findIndex(isForce) < steps.indexOf(step))).toBe(true);
  });
});

test("no command is forced but that one", () => {
  const commands =
    /^(drbdadm (create-md|check-resize|up|down|adjust|get-gi|dstate|cstate|primary|primary --force) r0|(mkfs\.xfs|mount|write|systemctl) .*|modprobe xfs|rm -f( \/etc\/systemd\/system\/[^ /]+\.d\/pulumi-drbd[^ /]*\.conf)+)$/;
  law((_plan, _given, steps) => {
    for (const step of steps) {
      const { argv } = step;
      const command = argv.join(" ");
      expect(command).toMatch(commands);
      // Only what is half-way up is taken down, and only while it is so.
      if (command === "drbdadm down r0") expect(step.guard).toEqual([["is_half_up", "r0"]]);
      if (command !== "drbdadm primary --force r0" && argv[0] !== "rm") {
        expect(argv.filter((word) => /^(-f|--force|-y|--yes|--overwrite.*)$/.test(word))).toEqual([]);
        expect(shellOf(step).body).not.toMatch(
          /--force|\byes\b \||wipe|\bdd\b|discard|invalidate|new-current-uuid|detach|--size/,
        );
      }
    }
  });
});

test("whoever is Primary stays so: nobody is demoted, unmounted, taken down or promoted beside", () => {
  law((_plan, { nodes }, steps) => {
    if (!nodes.some((node) => node.kernelResources.get("r0")?.role === "Primary")) return;
    // Two sides that are both new are never Primary, but what is drawn may say so: then the guard on the host stops it.
    const promoted = steps.filter(({ argv, guard }) => argv[1] === "primary" && guard?.[0]?.[0] !== "both_new");
    expect(promoted).toEqual([]);
  });
});

test("no adjust while StandAlone, or where drbdadm would touch a running disk", () => {
  law((_plan, { nodes }, steps) => {
    for (const step of steps.filter(({ argv }) => argv[1] === "adjust")) {
      const node = nodes[step.node === "alpha" ? 0 : 1];
      const lines = lookOf(node)?.change?.output ?? node.adjust?.output ?? "";
      expect(lines).not.toMatch(/detach|resize/);
      expect(step.guard?.[0]).toEqual(["not_standalone", "r0"]);
      const kernel = node.kernelResources.get("r0");
      if (kernel?.connection === "StandAlone" && kernel.devices.length > 0) expect(lines).not.toMatch(/connect/);
    }
  });
});

test("where files change, every one is there before anything is adjusted or brought up on its host", () => {
  law((plan, _given, steps) => {
    const place = (of: (step: Step) => boolean) => plan.stages.findIndex((stage) => stage.some(of));
    const isWrite = ({ argv }: Step) => argv[1] === "/etc/drbd.d/r0.res";
    const running = (step: Step) => step.argv[1] === "adjust" && step.because !== "its disk is not attached";
    if (steps.some(isWrite) && steps.some(running)) expect(place(isWrite)).toBeLessThan(place(running));
    for (const host of ["alpha", "bravo"]) {
      const own = steps.filter(({ node }) => node === host);
      const written = own.findIndex(isWrite);
      const up = own.findIndex(({ argv }) => ["create-md", "up", "adjust"].includes(argv[1]!));
      if (written >= 0 && up >= 0) expect(written).toBeLessThan(up);
    }
  });
});

test("nothing is mounted that was not seen to hold a filesystem, or is formatted by the same plan", () => {
  law((_plan, given, steps) => {
    for (const step of steps.filter(({ argv }) => argv[0] === "mount")) {
      const device = lookOf(nodeOf(given, step))?.device;
      expect(device?.kind === "signature" || steps.some(isMkfs)).toBe(true);
      if (device?.kind === "signature" && !steps.some(isForce)) expect(device.type).toBe("xfs");
    }
  });
});

test("the secret is in nothing that is shown", () => {
  law((plan, _given, steps) => {
    const shown = [
      formatPlan(plan),
      JSON.stringify([plan.refusals, plan.warnings, plan.afterwards]),
      ...steps.map(({ argv, because, destroys, guard }) => JSON.stringify([argv, because, destroys, guard])),
    ];
    expect(shown.join("\n")).not.toContain(secret);
  });
});

test("each step names one of the two hosts and has a deadline", () => {
  law((plan, _given, steps) => {
    for (const { node, timeoutSeconds, because } of steps) {
      expect(["alpha", "bravo"]).toContain(node);
      expect(timeoutSeconds).toBeGreaterThan(0);
      expect(because).not.toBe("");
    }
    expect(new Set(allCommands(plan)).size).toBe(steps.length);
  });
});
