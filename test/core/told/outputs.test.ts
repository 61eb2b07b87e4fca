import { memoryOfOne } from "../one-volume";
import { resourceOf } from "../one-volume";
import { outputsOf } from "../../../provider/core/told/outputs";
import {
  blankPair,
  drbdSignature,
  filesystemUuid,
  healthyPair,
  kernelDevice,
  nodeAt,
  pairAt,
  r0,
  remembered,
  secret,
  withBlock,
  withKernel,
  withLook,
} from "../observed-builder";

test("all that a healthy pair gives out", () => {
  const disk = { path: "/dev/vdb", bytes: 335544320, wwn: "", metadataUuid: "29ff20370300d6d2" };
  expect(outputsOf(resourceOf(r0), healthyPair())).toEqual({
    devicePath: "/dev/drbd1",
    roles: { alpha: "Primary", bravo: "Secondary" },
    connectionState: "Connected",
    diskStates: { alpha: "UpToDate", bravo: "UpToDate" },
    inSync: true,
    filesystemUuid,
    disks: {
      alpha: { ...disk, serial: "0001", generation: "F2099469C0D6C688" },
      bravo: { ...disk, serial: "0002", generation: "F2099469C0D6C688" },
    },
  });
});

test("nothing is up yet", () => {
  expect(outputsOf(resourceOf(r0), blankPair())).toMatchObject({
    roles: { alpha: "Unconfigured", bravo: "Unconfigured" },
    connectionState: "Unconfigured",
    diskStates: { alpha: "Unconfigured", bravo: "Unconfigured" },
    inSync: false,
    filesystemUuid: null,
  });
});

test("what is not known is no undefined: Pulumi's state takes none", () => {
  for (const nodes of [blankPair(), healthyPair()]) {
    expect(JSON.parse(JSON.stringify(outputsOf(resourceOf(r0), nodes)))).toEqual(outputsOf(resourceOf(r0), nodes));
    expect(JSON.stringify(outputsOf(resourceOf(r0), nodes))).not.toContain(secret);
  }
});

test("in sync only where both disks are UpToDate and no block differs", () => {
  const [alpha, bravo] = healthyPair();
  const inSync = (outOfSync: number, disk = "Inconsistent") => {
    const target = withKernel(bravo, { outOfSync, devices: [kernelDevice(disk, { size: 1000 })] });
    return outputsOf(resourceOf(r0), [alpha, target]).inSync;
  };
  expect(inSync(0, "UpToDate")).toBe(true);
  expect(inSync(1, "UpToDate")).toBe(false);
  expect(inSync(0)).toBe(false);
  expect(outputsOf(resourceOf(r0), [alpha, withKernel(bravo, undefined)]).inSync).toBe(false);
});

describe("the filesystem", () => {
  const [alpha, bravo] = healthyPair();
  const unlooked = withLook(alpha, undefined);

  test("is known from lsblk where nobody looked closely", () => {
    const listed = withBlock(unlooked, "/dev/drbd1", { fstype: "xfs", uuid: "from-lsblk" });
    expect(outputsOf(resourceOf(r0), [listed, bravo]).filesystemUuid).toBe("from-lsblk");
  });

  test("is remembered where it is not seen, as on two Secondaries", () => {
    expect(outputsOf(resourceOf(r0), [unlooked, bravo], memoryOfOne(remembered)).filesystemUuid).toBe(filesystemUuid);
    expect(outputsOf(resourceOf(r0), [unlooked, bravo]).filesystemUuid).toBeNull();
  });

  test("of another kind than the wanted one is not ours", () => {
    const ext4 = { kind: "signature", real: "/dev/drbd1", size: 1, type: "ext4", uuid: "other" } as const;
    expect(outputsOf(resourceOf(r0), [withLook(alpha, { device: ext4 }), bravo]).filesystemUuid).toBeNull();
    expect(outputsOf(resourceOf({ ...r0, filesystem: undefined }), healthyPair()).filesystemUuid).toBeNull();
  });

  test("none yet", () => {
    expect(outputsOf(resourceOf(r0), pairAt("promoted")).filesystemUuid).toBeNull();
  });
});

test("a disk is known behind its link, and by what lsblk says where nobody looked closely", () => {
  const [, bravo] = healthyPair();
  const volume = withBlock(nodeAt("alpha", "synced"), "/dev/dm-0", { size: 5, serial: "", wwn: "0x5", uuid: "md" });
  const linked = withLook(volume, { disk: { ...drbdSignature, real: "/dev/dm-0" } as typeof drbdSignature });
  expect(outputsOf(resourceOf(r0), [linked, bravo]).disks["alpha"]).toEqual({
    path: "/dev/vdb",
    bytes: 5,
    serial: "",
    wwn: "0x5",
    metadataUuid: "29ff20370300d6d2",
    generation: "F2099469C0D6C688",
  });
  expect(outputsOf(resourceOf(r0), [withLook(linked, undefined), bravo]).disks["alpha"]).toMatchObject({
    bytes: 335544320,
    serial: "0001",
    metadataUuid: "29ff20370300d6d2",
  });
});
