/** What holds of every plan where a person said what may go, or what stays. */
import { lookOf } from "../../one-volume";
import * as fc from "fast-check";
import { parseGi, relate } from "../../../../provider/core/seen/generation-identifiers";
import type { Contents, ObservedNode } from "../../../../provider/core/seen/observed";
import { type Plan, type Step, stepsOf } from "../../../../provider/core/steps/plan";
import { type ArbitrarySituation, arbitrarySituation } from "../../arbitrary-observed";
import { diskBytes, drbdSignature, filesystemUuid, planOf, usedGi, withKernel, withLook } from "../../observed-builder";
import { seed } from "../../../seed";

const runs = { numRuns: 3000, seed };

const xfs = (taken: number): Contents => ({
  kind: "signature",
  real: "/dev/vdb",
  size: diskBytes,
  type: "xfs",
  uuid: filesystemUuid,
  taken,
});
const data: Contents = { kind: "data", real: "/dev/vdb", size: diskBytes, offset: 0, hash: "0123456789abcdef" };
const identities = [
  `xfs:${filesystemUuid}`,
  "data:0123456789abcdef",
  "drbd:29ff20370300d6d2",
  "drbd:29ff",
  "xfs:other",
];

/** A side that holds data without DRBD, or metadata alone, as often as what is drawn elsewhere. */
const side = fc.constantFrom<(node: ObservedNode) => ObservedNode>(
  (node) => node,
  (node) => node,
  (node) => withLook(withKernel(node, undefined), { disk: xfs(diskBytes / 2), metadata: { kind: "absent" } }),
  (node) => withLook(withKernel(node, undefined), { disk: xfs(diskBytes), metadata: { kind: "absent" } }),
  (node) => withLook(withKernel(node, undefined), { disk: data, metadata: { kind: "absent" } }),
  (node) =>
    withLook(withKernel(node, undefined), {
      disk: drbdSignature,
      metadata: { kind: "present", version: "v08", gi: usedGi },
    }),
);
const named = fc.subarray(identities);

const decided: fc.Arbitrary<ArbitrarySituation> = fc
  .record({
    base: arbitrarySituation,
    alpha: side,
    bravo: side,
    existingData: fc.constantFrom("keep" as const, undefined),
    discard: fc.record({ alpha: named, bravo: named }),
  })
  .map(({ base, alpha, bravo, existingData, discard }) => {
    const { desired } = base.given;
    // The two exclude each other in the inputs already.
    const kept = existingData === "keep" ? { ...discard, [desired.syncSource]: [] } : discard;
    return {
      nodes: [alpha(base.nodes[0]), bravo(base.nodes[1])],
      given: { ...base.given, desired: { ...desired, existingData, discard: kept } },
    };
  });

const law = (holds: (plan: Plan, given: ArbitrarySituation, steps: readonly Step[]) => void): void => {
  fc.assert(
    fc.property(decided, (given) => {
      const plan = planOf(given.nodes, given.given);
      holds(plan, given, stepsOf(plan));
    }),
    runs,
  );
};

const isClear = ({ does }: Step): boolean => does?.some(({ kind }) => kind === "clear") === true;
const isCreate = ({ argv }: Step): boolean => argv.includes("create-md");
const isBeside = (step: Step): boolean => isCreate(step) && step.argv.includes("--force");
const nodeOf = ({ nodes }: ArbitrarySituation, host: string): ObservedNode => nodes[host === "alpha" ? 0 : 1];
const otherOf = ({ nodes }: ArbitrarySituation, host: string): ObservedNode => nodes[host === "alpha" ? 1 : 0];
const isAttached = (node: ObservedNode): boolean =>
  node.kernelResources.get("r0")?.devices.some(({ disk }) => disk !== "Diskless") === true;
const giOf = (node: ObservedNode) => {
  const look = lookOf(node);
  const text = isAttached(node) ? look?.kernelGi : look?.metadata.kind === "present" ? look.metadata.gi : undefined;
  return text === undefined ? undefined : parseGi(text);
};

test("what is drawn is worth it", () => {
  const seen = { clear: 0, beside: 0, filled: 0, refused: 0 };
  law((plan, _given, steps) => {
    if (steps.some(isClear)) seen.clear++;
    if (steps.some(isBeside)) seen.beside++;
    if (steps.some(isClear) && !steps.some(({ argv }) => argv.includes("primary"))) seen.filled++;
    if (plan.refusals.length > 0) seen.refused++;
  });
  for (const [kind, count] of Object.entries(seen)) expect([kind, count >= 3]).toEqual([kind, true]);
});

test("only what is named for that host is cleared, by a guard that looks again, and shown as destroyed", () => {
  law((_plan, { given }, steps) => {
    for (const step of steps) expect(step.destroys !== undefined).toBe(isClear(step));
    for (const step of steps.filter(isClear)) {
      const [guard, ...more] = step.guard ?? [];
      expect(more).toEqual([["nobody_holds", "/dev/vdb"]]);
      expect(guard?.slice(0, 2)).toEqual(["still_holds", "/dev/vdb"]);
      expect(given.desired.discard?.[step.node]).toContain(guard?.[2]);
      const next = steps.filter(({ node }) => node === step.node)[
        steps.filter(({ node }) => node === step.node).indexOf(step) + 1
      ];
      // What comes after it has the guard of a blank disk.
      expect(next?.argv).toEqual(["drbdadm", "create-md", "r0"]);
      expect(next?.guard?.[0]?.[0]).toBe("still_blank");
    }
  });
});

test("what runs is never cleared, and nobody clears both copies, or the newer one", () => {
  law((plan, given, steps) => {
    for (const { node: host } of steps.filter(isClear)) {
      const node = nodeOf(given, host);
      expect(isAttached(node)).toBe(false);
      const own = giOf(node);
      const { memory } = given.given;
      const known = (memory.disks[host]?.metadataUuid ?? "") === "29ff20370300d6d2";
      const created = own === undefined || own.current === 4n;
      if (created || !known || lookOf(node)?.metadata.kind !== "present") continue;
      const other = giOf(otherOf(given, host));
      if (other === undefined) throw new Error("the only copy was cleared");
      if (steps.some((step) => isClear(step) && step.node !== host)) throw new Error("both copies were cleared");
      expect(["same", "second-newer", "unrelated"]).toContain(relate(own, other));
      const before = plan.stages
        .slice(
          0,
          plan.stages.findIndex((stage) => stage.some(isClear)),
        )
        .flat();
      const check = { kind: "check", call: ["up_to_date", "1", "/dev/vdb", "internal", "r0/0"] };
      expect(
        before.some(({ node: asked, does }) => asked !== host && JSON.stringify(does) === JSON.stringify([check])),
      ).toBe(true);
    }
  });
});

test("data to keep: never formatted, never cleared, and create-md is forced there alone, behind its three guards", () => {
  law((_plan, { given, nodes }, steps) => {
    const { existingData, syncSource } = given.desired;
    for (const step of steps.filter(isBeside)) {
      expect([existingData, step.node]).toEqual(["keep", syncSource]);
      expect(step.guard?.map(([name]) => name)).toEqual([
        "no_metadata",
        "still_holds",
        "nobody_holds",
        "fits_before_metadata",
      ]);
      const disk = lookOf(nodes[step.node === "alpha" ? 0 : 1])?.disk;
      expect(disk?.kind === "signature" && disk.taken !== undefined && disk.taken <= diskBytes - 49152).toBe(true);
    }
    if (existingData !== "keep") return;
    expect(steps.filter(({ argv }) => argv[0]!.startsWith("mkfs"))).toEqual([]);
    expect(steps.filter((step) => isClear(step) && step.node === syncSource)).toEqual([]);
  });
});

test("data to keep: forced alone, behind the making or the check of its peer, and before that one is brought up", () => {
  let count = 0;
  law((plan, { given }, steps) => {
    const { existingData, syncSource } = given.desired;
    const forced = steps.findIndex(({ argv }) => argv.join(" ") === "drbdadm primary --force r0");
    if (existingData !== "keep" || forced < 0) return;
    count++;
    expect(steps[forced]!.guard).toEqual([["never_used", "r0"]]);
    const stage = plan.stages.findIndex((one) => one.includes(steps[forced]!));
    const checks = ({ does }: Step) =>
      does?.some((one) => one.kind === "check" && one.call[0] === "never_used") === true;
    const before = plan.stages.slice(0, stage).flat();
    expect(before.some((step) => step.node !== syncSource && (isCreate(step) || checks(step)))).toBe(true);
    const meets = ({ node, argv }: Step) => node !== syncSource && /^drbdadm (up|adjust)/.test(argv.join(" "));
    expect(steps.slice(0, forced).filter(meets)).toEqual([]);
    expect(plan.stages[stage]!.filter(({ node }) => node !== syncSource)).toEqual([]);
  });
  expect(count).toBeGreaterThan(20);
});

test("nothing but a new pair is forced, whatever may go", () => {
  law((_plan, given, steps) => {
    if (!steps.some(({ argv }) => argv.join(" ") === "drbdadm primary --force r0")) return;
    for (const host of ["alpha", "bravo"]) {
      const gi = giOf(nodeOf(given, host));
      const cleared = steps.some((step) => isClear(step) && step.node === host);
      expect(cleared || gi === undefined || gi.current === 4n).toBe(true);
    }
    expect(given.given.memory.filesystemUuid).toBeNull();
  });
});
