/** A sync source that holds data to keep. */
import { type OneVolume } from "../../one-volume";
import { formatPlan } from "../../../../provider/core/told/plan-text";
import type { Contents } from "../../../../provider/core/seen/observed";
import {
  allCommands,
  diskBytes,
  downNode,
  filesystemUuid,
  healthyPair,
  MiB,
  nodeAt,
  planOf,
  r0,
  refusalsOf,
  remembered,
  usedGi,
  withKernel,
  withLook,
} from "../../observed-builder";
import { alpha, bravo, uuid, usable, filesystemOn, holding, roomy, data, ways, stepLike } from "../../data-builder";

describe("existingData: keep", () => {
  const keep: OneVolume = { ...r0, existingData: "keep" };
  const external = (metaDisk: string): OneVolume => {
    const [first, second] = keep.sides;
    return { ...keep, sides: [{ ...first, metaDisk }, second] };
  };

  test("a filesystem that ends before the metadata: made behind it, and nothing is formatted", () => {
    const plan = planOf([holding(alpha, filesystemOn("xfs", usable)), bravo], { desired: keep });
    expect(refusalsOf(plan)).toEqual([]);
    const commands = allCommands(plan);
    expect(commands).toContain("alpha: drbdadm -- --force create-md r0");
    expect(commands).toContain("bravo: drbdadm create-md r0");
    expect(commands.filter((one) => /mkfs|wipefs/.test(one))).toEqual([]);
    const [made] = stepLike(plan, "--force create-md");
    expect(made?.guard).toEqual([
      ["no_metadata", "1", "/dev/vdb", "internal"],
      ["still_holds", "/dev/vdb", `xfs:${uuid}`],
      ["nobody_holds", "/dev/vdb"],
      ["fits_before_metadata", "/dev/vdb", String(diskBytes), String(usable)],
    ]);
    const [forced] = stepLike(plan, "primary --force");
    // No mark that would allow a later mkfs.
    expect(forced?.does).toBeUndefined();
    expect(forced?.because).toContain("with the data that it keeps");
    expect(formatPlan(plan)).toContain("nothing that holds data is touched");
  });

  test("the data has a generation of its own before its peer can be met, whoever that is", () => {
    const plan = planOf([holding(alpha, filesystemOn("xfs", usable)), bravo], { desired: keep });
    const commands = plan.stages.map((stage) =>
      stage.map(({ node, argv }) => `${node}: ${argv.join(" ")}`).filter((one) => / drbdadm /.test(one)),
    );
    expect(commands).toEqual([
      ["bravo: drbdadm create-md r0"],
      ["alpha: drbdadm -- --force create-md r0", "alpha: drbdadm up r0", "alpha: drbdadm primary --force r0"],
      ["bravo: drbdadm up r0", "alpha: drbdadm cstate r0"],
    ]);
    // They have met before anybody looks whether there is a sync to wait for.
    expect(stepLike(plan, "cstate")[0]?.does).toEqual([{ kind: "check", call: ["wait_connected", "r0", "30"] }]);
    expect(stepLike(plan, "primary --force")[0]?.guard).toEqual([["never_used", "r0"]]);
    expect(stepLike(plan, "drbdadm up").at(-1)?.guard).toEqual([["blank_before_metadata", "/dev/vdb"]]);
  });

  test("stopped before the peer was brought up: it is filled, and nothing is forced", () => {
    const forced = withKernel(withLook(nodeAt("alpha", "promoted"), { device: filesystemOn("xfs", usable) }), {
      connection: "Connecting",
      peerRole: "Unknown",
      peerDisk: "DUnknown",
      replication: "Off",
    });
    const plan = planOf([forced, nodeAt("bravo", "metadata")], { desired: keep });
    expect(refusalsOf(plan)).toEqual([]);
    const commands = allCommands(plan);
    expect(commands).toContain("bravo: drbdadm up r0");
    expect(commands.filter((one) => /--force|create-md|mkfs/.test(one))).toEqual([]);
  });

  test.each([1, 4096, 49152])("a filesystem that is %d bytes too big: external metadata is asked for", (more) => {
    const plan = planOf([holding(alpha, filesystemOn("ext4", usable + more)), roomy], {
      desired: { ...keep, filesystem: undefined },
    });
    expect(refusalsOf(plan)).toEqual([
      `alpha: the ext4 on /dev/vdb takes ${usable + more} of its ${diskBytes} bytes, and internal metadata at the disk's end would leave it ${usable}`,
    ]);
    expect(ways(plan)).toContain("`metaDisks: { alpha: /dev/… }`");
    expect(ways(plan)).toContain("of at least 49152 bytes");
    expect(ways(plan)).toContain("resize2fs");
  });

  test("what has no size that is known: external metadata is asked for", () => {
    for (const contents of [data, filesystemOn("LVM2_member", undefined)]) {
      const desired = { ...keep, filesystem: undefined };
      expect(refusalsOf(planOf([holding(alpha, contents), roomy], { desired }))).toEqual([
        expect.stringMatching(/^alpha: \/dev\/vdb holds .*, and how much of the disk it takes is not known/),
      ]);
    }
  });

  test("external metadata: the disk itself is not written to, and create-md is not forced", () => {
    const metaDisk: Contents = { kind: "blank", real: "/dev/vdc", size: MiB };
    const node = withLook(alpha, { disk: filesystemOn("xfs", diskBytes), metaDisk });
    const plan = planOf([node, roomy], { desired: external("/dev/vdc") });
    expect(refusalsOf(plan)).toEqual([]);
    const made = stepLike(plan, "create-md").find(({ node: host }) => host === "alpha");
    expect(made?.argv).toEqual(["drbdadm", "create-md", "r0"]);
    expect(made?.guard).toEqual([
      ["no_metadata", "1", "/dev/vdc", "flex-external"],
      ["still_holds", "/dev/vdb", `xfs:${uuid}`],
      ["nobody_holds", "/dev/vdb"],
      ["still_blank", "/dev/vdc", String(MiB)],
    ]);
    // The peer's metadata takes room too: the device would end before the filesystem does.
    expect(refusalsOf(planOf([node, bravo], { desired: external("/dev/vdc") }))).toEqual([
      `bravo: DRBD leaves ${usable} bytes of /dev/vdb, and xfs (${uuid}) on alpha:/dev/vdb takes ${diskBytes}: the device would be smaller than what stands on it`,
    ]);
    const small = withLook(node, { metaDisk: { ...metaDisk, size: 49151 } as Contents });
    expect(refusalsOf(planOf([small, roomy], { desired: external("/dev/vdc") }))).toEqual([
      "alpha: /dev/vdc has 49151 bytes, and the metadata of /dev/vdb takes 49152",
    ]);
    const full = withLook(node, { metaDisk: { ...data, real: "/dev/vdc" } as Contents });
    expect(refusalsOf(planOf([full, roomy], { desired: external("/dev/vdc") }))).toEqual([
      expect.stringContaining("alpha: /dev/vdb holds xfs"),
      expect.stringContaining("alpha: /dev/vdc holds data of no known kind"),
    ]);
  });

  test("another filesystem than the one that shall be mounted", () => {
    const plan = planOf([holding(alpha, filesystemOn("ext4", MiB)), bravo], { desired: keep });
    expect(refusalsOf(plan)).toEqual([expect.stringMatching(/^alpha: \/dev\/vdb holds ext4 .* and not xfs$/)]);
  });

  test("the data is on the target instead: refused, with what both hold", () => {
    const plan = planOf([alpha, holding(bravo, filesystemOn("xfs", MiB))], { desired: keep });
    expect(refusalsOf(plan)).toEqual([
      `bravo: /dev/vdb holds xfs (${uuid}), which create-md and the sync would overwrite; alpha:/dev/vdb holds nothing (it is blank)`,
    ]);
    expect(ways(plan)).toContain('`syncSource: bravo` and `existingData: "keep"`');
  });

  test("both hold data, of whatever kind", () => {
    const source = holding(alpha, filesystemOn("xfs", MiB));
    expect(refusalsOf(planOf([source, holding(bravo, data)], { desired: keep }))).toEqual([
      `bravo: /dev/vdb holds data of no known kind (the first at byte 4096), which create-md and the sync would overwrite; alpha:/dev/vdb holds xfs (${uuid})`,
    ]);
    const plan = planOf([source, downNode("bravo", usedGi)], { desired: keep });
    expect(refusalsOf(plan)).toEqual([
      `\`existingData: "keep"\` keeps what is on the sync source, and the other side holds data too: alpha:/dev/vdb holds xfs (${uuid}), and bravo:/dev/vdb holds a generation of the resource's data`,
    ]);
  });

  test("nothing to keep: it may be the wrong disk", () => {
    expect(refusalsOf(planOf([alpha, bravo], { desired: keep }))).toEqual([
      '`existingData: "keep"` keeps what is on the sync source\'s disk, and /dev/vdb (320 MiB, serial 0001) is blank; bravo:/dev/vdb holds nothing (it is blank)'.replace(
        /^/,
        "alpha: ",
      ),
    ]);
  });

  test("stopped half-way: it goes on, and never formats", () => {
    for (const [first, second] of [
      ["metadata", "blank"],
      ["metadata", "metadata"],
      ["up", "up"],
      ["connected", "connected"],
      ["promoted", "promoted"],
    ] as const) {
      const plan = planOf([nodeAt("alpha", first), nodeAt("bravo", second)], { desired: keep });
      const commands = allCommands(plan);
      expect(commands.filter((one) => /mkfs|alpha: .*create-md/.test(one))).toEqual([]);
    }
  });

  test("once the pair is up it means nothing", () => {
    expect(planOf(healthyPair(), { desired: keep })).toMatchObject({ stages: [], refusals: [] });
  });

  test("what we know to have been there is gone: not begun anew with what is there now", () => {
    const plan = planOf([holding(alpha, filesystemOn("xfs", MiB)), bravo], { desired: keep, memory: remembered });
    expect(refusalsOf(plan)).toEqual([expect.stringContaining(`the filesystem ${filesystemUuid} was on r0`)]);
  });
});
