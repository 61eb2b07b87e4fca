/** A split brain that a person decides by `giveUp`: what is refused, and what runs in which order. */
import type { LastWritten } from "../../../../provider/core/seen/observed";
import { stepsOf } from "../../../../provider/core/steps/plan";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import {
  commandsOf,
  divergedGi,
  healthyPair,
  kernelDevice,
  planOf,
  r0,
  refusalsOf,
  remembered,
  usedGi,
  withFile,
  withKernel,
  withLook,
  type Pair,
} from "../../observed-builder";
import type { OneVolume } from "../../one-volume";

const [alphas, bravos] = ["F2099469C0D6C688", "718431164AB65DE2"] as const;
const [alpha, bravo] = healthyPair();
const apart = (node: ObservedNode, role: string, gi: string, outOfSync: number): ObservedNode =>
  withLook(
    withKernel(node, {
      role,
      connection: "StandAlone",
      peerRole: "Unknown",
      replication: "Off",
      peerDisk: "DUnknown",
      outOfSync,
      devices: [kernelDevice("UpToDate")],
    }),
    { kernelGi: gi },
  );
const released = { ...alpha, mounts: [], links: [] };
/** alpha is Secondary, bravo Primary. */
const parted: Pair = [apart(released, "Secondary", usedGi, 1024), apart(bravo, "Primary", divergedGi, 2048)];
const given = (more: Partial<OneVolume>) => ({ desired: { ...r0, ...more }, memory: remembered });
const decided = { giveUp: { alpha: [alphas] }, keep: [] };

test("without a line: refused, with one for each side and how much differs", () => {
  const [refusal] = planOf(parted, given({})).refusals;
  expect(refusal?.found).toContain("split brain: alpha and bravo both hold changes that the other has not seen");
  const unknown = "since when it is apart, its kernel's log does not tell";
  const unread = "what was written last there cannot be read";
  expect(refusal?.way).toContain(
    `\n    alpha: Secondary; ${unknown}; by its bitmap 1.0 MiB are changed or missing there; ${unread}\n`,
  );
  expect(refusal?.way).toContain(
    `\n    bravo: Primary; ${unknown}; by its bitmap 2.0 MiB are changed or missing there; ${unread}\n`,
  );
  expect(refusal?.way).toContain(`\`giveUp: { alpha: "${alphas}" }\` gives up alpha's`);
  expect(refusal?.way).toContain(`\`giveUp: { bravo: "${bravos}" }\` gives up bravo's`);
});

test("with it: what stays is checked, and only then is the other side given up", () => {
  const plan = planOf(parted, given(decided));
  expect(refusalsOf(plan)).toEqual([]);
  expect(commandsOf(plan)).toEqual([
    ["bravo: drbdadm get-gi r0"],
    ["alpha: drbdadm connect --discard-my-data r0"],
    ["bravo: drbdadm connect r0", "bravo: drbdadm cstate r0"],
  ]);
  const steps = stepsOf(plan);
  expect(steps[1]?.guard).toEqual([
    ["is_secondary", "r0"],
    ["still_differs", "r0", alphas, "1024"],
  ]);
  expect(steps[1]?.destroys).toBe(`alpha's r0 in generation ${alphas}, of which 1024 KiB differ`);
});

test("a copy comes first, of as many bytes as the device has; once only", () => {
  const keeping = given({ ...decided, keep: ["/dev/vg/before"] });
  const [first] = stepsOf(planOf(parted, keeping));
  expect(first?.node).toBe("alpha");
  expect(first?.argv.join(" ")).toBe(
    `dd if=/dev/vdb of=/dev/vg/before bs=4M count=${327632 * 1024} iflag=direct,count_bytes`,
  );
  const noted: Pair = [withFile(parted[0], "/var/lib/pulumi-drbd/r0.kept", `${alphas} /dev/vg/before\n`), parted[1]];
  expect(commandsOf(planOf(noted, keeping)).flat()).not.toContain(first?.argv.join(" "));
  expect(commandsOf(planOf(noted, keeping))).toHaveLength(3);
  // Somebody may have written to the disk since then.
  expect(stepsOf(planOf(noted, keeping))[1]?.guard?.at(-1)).toEqual([
    "copy_holds",
    "/dev/vdb",
    "/dev/vg/before",
    String(327632 * 1024),
  ]);
});

test("a side that still looks for its peer is disconnected first, and one that stays and looks is not connected twice", () => {
  const looking = (node: ObservedNode) => withKernel(node, { connection: "Connecting" });
  expect(commandsOf(planOf([looking(parted[0]), parted[1]], given(decided)))[1]).toEqual([
    "alpha: drbdadm disconnect r0",
    "alpha: drbdadm connect --discard-my-data r0",
  ]);
  expect(commandsOf(planOf([parted[0], looking(parted[1])], given(decided)))[2]).toEqual(["bravo: drbdadm cstate r0"]);
});

describe("refused", () => {
  test("another generation than is there by now", () => {
    const stale = given({ giveUp: { alpha: ["0123456789ABCDE0"] }, keep: [] });
    expect(refusalsOf(planOf(parted, stale))).toEqual([
      `alpha: \`giveUp\` names 0123456789ABCDE0, and r0 is in generation ${alphas} there: what was decided on has changed`,
    ]);
  });

  test("the side is Primary", () => {
    const primary = given({ giveUp: { bravo: [bravos] }, keep: [] });
    expect(refusalsOf(planOf(parted, primary))).toEqual([
      "bravo: r0 is Primary there, and what it holds is to be given up",
    ]);
  });

  test("nothing is said of a copy", () => {
    expect(refusalsOf(planOf(parted, given({ giveUp: decided.giveUp })))).toEqual([
      "alpha: `giveUp` gives up what r0 holds there, and `keep` does not say whether a copy is kept",
    ]);
  });

  test("the side that stays is not whole: DRBD would fill it from the other", () => {
    const nodes: Pair = [parted[0], withKernel(parted[1], { devices: [kernelDevice("Inconsistent")] })];
    expect(refusalsOf(planOf(nodes, given(decided)))).toEqual([
      "alpha: the disk of bravo is Inconsistent, which is not whole: DRBD would fill it from alpha, and not the other way",
    ]);
  });

  test("a side without its disk", () => {
    const diskless: Pair = [parted[0], withKernel(parted[1], { devices: [] })];
    const refusals = refusalsOf(planOf(diskless, given(decided)));
    expect(refusals.join()).not.toBe("");
  });
});

test("a pair that is well: the line means nothing", () => {
  const plan = planOf(healthyPair(), given(decided));
  expect([plan.stages, plan.refusals]).toEqual([[], []]);
});

test("since when they are apart, and what was written last, as far as the hosts tell", () => {
  const [alpha, bravo] = parted;
  const told = (node: typeof alpha, written: LastWritten, apartSince: string): typeof alpha => {
    const looked = withLook(node, { written });
    const r0 = looked.resources.get("r0")!;
    return { ...looked, resources: new Map([...looked.resources, ["r0", { ...r0, apartSince }]]) };
  };
  const [refusal] = planOf(
    [
      told(alpha, { mounted: "2026-11-26 08:00:00", changed: "2026-11-27 13:01:00" }, "2026-11-27 13:01:42"),
      told(bravo, { file: { time: "2026-11-27 13:05:09", path: "/srv/data/a log" } }, "2026-11-27 13:01:43"),
    ],
    given({}),
  ).refusals;
  expect(refusal?.way).toContain(
    "\n    alpha: Secondary; apart since 2026-11-27 13:01:42, by its kernel's log; by its bitmap 1.0 MiB are changed or missing there; mounted last 2026-11-26 08:00:00, changed last 2026-11-27 13:01:00\n" +
      "    bravo: Primary; apart since 2026-11-27 13:01:43, by its kernel's log; by its bitmap 2.0 MiB are changed or missing there; the file that was written last is /srv/data/a log (2026-11-27 13:05:09)\n",
  );
});

test("where not all files could be seen, that is told, and no file is called the last one", () => {
  const [alpha, bravo] = parted;
  const file = { time: "2026-11-27 13:05:09", path: "/srv/data/log", isOfSome: true } as const;
  const [refusal] = planOf([alpha, withLook(bravo, { written: { file } })], given({})).refusals;
  expect(refusal?.way).toContain(
    "; not all of its files could be seen in 5 s; the newest of those is /srv/data/log (2026-11-27 13:05:09)\n",
  );
});
