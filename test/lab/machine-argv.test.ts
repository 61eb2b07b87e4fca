import { MACHINES, type MachineStart, SLOTS, renderMachineArgv } from "../../lab/machines";

const start: MachineStart = {
  name: "alpha",
  folder: "/lab",
  image: {
    folder: "/image",
    id: "1",
    kernel: "/image/vmlinuz",
    initrd: "/image/initrd",
    root: "/image/root.qcow2",
    libvirt: "",
  },
  accelerator: "tcg",
  ports: { ssh: 2201, link: 3001 },
  peerLink: 3002,
  disks: [{ serial: "alpha0", file: "/lab/disks/a.qcow2", slot: 0, sectors: 512 }],
  paused: false,
};

function valuesOf(argv: readonly string[], option: string): string[] {
  return argv.flatMap((each, index) => (each === option ? [argv[index + 1] ?? ""] : []));
}

describe("the command line of a machine", () => {
  const argv = renderMachineArgv(start);

  test("reaches the host's loopback and nothing else", () => {
    const [access = "", link = ""] = valuesOf(argv, "-netdev");
    expect(access).toContain("restrict=on");
    expect(access).toContain("hostfwd=tcp:127.0.0.1:2201-:22");
    expect(link).toBe("socket,id=link,udp=127.0.0.1:3002,localaddr=127.0.0.1:3001");
  });

  test("gives each network card of both machines an address of its own", () => {
    const all = MACHINES.flatMap((name) => valuesOf(renderMachineArgv({ ...start, name }), "-device"));
    const macs = all.flatMap((device) => /mac=([0-9a-f:]+)/.exec(device)?.[1] ?? []);
    expect(new Set(macs).size).toBe(4);
  });

  test("has every slot from the start, filled or not: a snapshot only loads into the same board", () => {
    const ports = (disks: MachineStart["disks"]) =>
      valuesOf(renderMachineArgv({ ...start, disks }), "-device").filter((device) =>
        device.startsWith("pcie-root-port"),
      );
    expect(ports([])).toHaveLength(SLOTS);
    expect(ports([])).toEqual(ports(start.disks));
  });

  test("shows a disk's serial number and sector size in the slot it sits in", () => {
    const disk = { serial: "extra7", file: "/lab/disks/b.qcow2", slot: 3, sectors: 4096 as const };
    const devices = valuesOf(renderMachineArgv({ ...start, disks: [...start.disks, disk] }), "-device");
    expect(devices).toContain(
      "driver=virtio-blk-pci,id=dev-extra7,drive=disk-extra7,bus=slot3,serial=extra7,logical_block_size=4096,physical_block_size=4096",
    );
  });

  test("passes discards on to the disk's file", () => {
    const nodes = valuesOf(argv, "-blockdev").map(
      (each) => JSON.parse(each) as { discard: string; "node-name": string },
    );
    expect(nodes.map((node) => node["node-name"])).toEqual(["root", "disk-alpha0"]);
    expect(nodes.every((node) => node.discard === "unmap")).toBe(true);
  });

  test("starts without running only where a snapshot is to be loaded", () => {
    expect(argv).not.toContain("-S");
    expect(renderMachineArgv({ ...start, paused: true })).toContain("-S");
  });

  test("uses hardware virtualisation only when told", () => {
    expect(valuesOf(argv, "-accel")).toEqual(["tcg,thread=multi,tb-size=256"]);
    const kvm = renderMachineArgv({ ...start, accelerator: "kvm" });
    expect(valuesOf(kvm, "-accel")).toEqual(["kvm"]);
    expect(valuesOf(kvm, "-cpu")).toEqual(["host"]);
  });
});
