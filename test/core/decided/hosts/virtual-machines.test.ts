/** Which virtual machines are refused, on which host, and that the others pass. */
import type { ObservedNode, VirtualMachineSeen } from "../../../../provider/core/seen/observed";
import { healthyPair, planOf, r0, withKernel, withMount, type Pair } from "../../observed-builder";
import { stepsOf } from "../../../../provider/core/steps/plan";
import type { OneVolume } from "../../one-volume";

const uuid = "7393600d-6337-41ef-bc49-ddf8b4032522";
const definition = (disk: string, more = "") => `<domain type='kvm'>
  <name>web</name>
  <uuid>${uuid}</uuid>
  ${more}
  <devices>
    ${disk}
  </devices>
</domain>`;
const file = (path: string, driver = "raw") =>
  `<disk type='file' device='disk'><driver type='${driver}'/><source file='${path}'/><target dev='vda'/></disk>`;
const block = (path: string) => `<disk type='block' device='disk'><source dev='${path}'/><target dev='vda'/></disk>`;

const inside = "/srv/data/web.img";
const good: VirtualMachineSeen = {
  isDefined: true,
  state: "shut off",
  isPersistent: true,
  startsItself: false,
  hasManagedSave: false,
  definition: definition(file(inside)),
  digest: "d",
  hasSecrets: false,
  places: new Map([[inside, inside]]),
  behind: new Map(),
  unread: new Map(),
};
const undefinedThere: VirtualMachineSeen = {
  ...good,
  isDefined: false,
  state: "",
  isPersistent: false,
  definition: "",
};

const machine = { name: "web", shutdownTimeout: 120 };
const desired: OneVolume = { ...r0, services: ["drbd-vm@web.service"], virtualMachines: [machine] };
const raw: OneVolume = { ...desired, filesystem: undefined };

const having = (node: ObservedNode, seen: VirtualMachineSeen): ObservedNode => ({
  ...node,
  services: new Map([["drbd-vm@web.service", { load: "not-found", active: "inactive", ends: false }]]),
  virtualMachines: { machines: new Map([["web", seen]]) },
});
const pairWith = (
  alpha: Partial<VirtualMachineSeen>,
  bravo: Partial<VirtualMachineSeen> = alpha,
  of = desired,
): Pair => {
  const [one, other] = healthyPair(of);
  return [having(one, { ...good, ...alpha }), having(other, { ...good, ...bravo })];
};
/** `alpha: what was found; the way on`, of both hosts. */
function refused(pair: Pair, of = desired): string {
  const plan = planOf(pair, { desired: of });
  if (plan.refusals.length > 0) expect(stepsOf(plan)).toEqual([]);
  return plan.refusals
    .map(({ node, found, way }) => `${node === undefined ? "" : `${node}: `}${found}; ${way}`)
    .join("\n");
}

test("one below the mount point, the same on both, passes", () => {
  expect(refused(pairWith({}))).toBe("");
  expect(refused(pairWith({ state: "running" }, {}))).toBe("");
});

test.each<[string, Partial<VirtualMachineSeen>, RegExp]>([
  [
    "a managed save",
    { hasManagedSave: true },
    /alpha: the virtual machine web has a managed save.*managedsave-remove web/,
  ],
  ["a transient one", { isPersistent: false }, /alpha: the virtual machine web is transient/],
])("%s", (_, change, why) => {
  const said = refused(pairWith(change, {}));
  expect(said).toMatch(why);
  expect(said).not.toContain("bravo:");
});

test("one that runs where the resource is not", () => {
  expect(refused(pairWith({}, { state: "running" }))).toMatch(
    /bravo: the virtual machine web runs there \(running\), where r0 is not mounted/,
  );
  expect(refused(pairWith({}, { state: "paused" }, raw), raw)).toContain(
    "bravo: the virtual machine web runs there (paused)",
  );
  expect(refused(pairWith({}, { state: "crashed" }))).toMatch(/runs there \(crashed\).*`virsh destroy web`/);
});

const outside = /alpha: the disk vda of the virtual machine web is .*, outside of r0: it would not travel with it/;
test.each<[string, string, Partial<VirtualMachineSeen>, RegExp]>([
  ["elsewhere", file("/var/lib/libvirt/images/web.img"), {}, outside],
  ["in a folder whose name begins alike", file("/srv/database/web.img"), {}, outside],
  ["past the mount point", file("/srv/data/../web.img"), {}, outside],
  [
    "behind a link that leads out",
    file(inside),
    { places: new Map([[inside, "/root/web.img"]]) },
    /web\.img \(\/root\/web\.img\), outside of r0/,
  ],
  ["the resource's own device, which is mounted", block("/dev/drbd1"), {}, /whose filesystem the host itself mounts/],
  ["the disk behind the resource", block("/dev/vdb"), {}, /the disk BEHIND r0: what it writes there goes past DRBD/],
  [
    "the disk behind the resource, by another name",
    block("/dev/disk/by-id/virtio-1"),
    { places: new Map([["/dev/disk/by-id/virtio-1", "/dev/vdb"]]) },
    /\/dev\/disk\/by-id\/virtio-1 \(\/dev\/vdb\), the disk BEHIND r0/,
  ],
  ["another device", block("/dev/vdd"), {}, outside],
  [
    "an overlay on something elsewhere",
    file(inside, "qcow2"),
    { behind: new Map([[inside, ["/srv/data/base.img", "/var/base.img"]]]) },
    /the disk vda, behind its overlay of the virtual machine web is \/var\/base\.img, outside of r0/,
  ],
  [
    "an overlay on what is not known",
    file(inside, "qcow2"),
    { unread: new Map([[inside, "/srv/data/b has the format vmdk, which is not looked into"]]) },
    /the disk vda of the virtual machine web is \/srv\/data\/web\.img, and what that stands on is not known: \/srv\/data\/b has the format vmdk/,
  ],
  [
    "a disk of the network",
    "<disk type='network'><source protocol='rbd' name='a'/><target dev='vda'/></disk>",
    {},
    /is none on this host/,
  ],
  [
    "a host device",
    `${file(inside)}<hostdev mode='subsystem' type='pci'/>`,
    {},
    /host device \(pci\) of the virtual machine web is a device of one host/,
  ],
  [
    "a TPM",
    `${file(inside)}<tpm model='tpm-crb'/>`,
    {},
    /TPM of the virtual machine web has a state, and libvirt keeps it/,
  ],
])("a disk %s", (_, disk, change, why) => {
  expect(refused(pairWith({ definition: definition(disk), ...change }))).toMatch(why);
});

test.each([
  [
    "raw, beside what a guest has written on it that looks like an overlay",
    file(inside),
    { behind: new Map([[inside, ["/etc/passwd"]]]), unread: new Map([[inside, "it is odd"]]) },
  ],
  ["an overlay within", file(inside, "qcow2"), { behind: new Map([[inside, ["/srv/data/base.img"]]]) }],
  ["behind a link that stays within", file(inside), { places: new Map([[inside, "/srv/data/images/web.img"]]) }],
])("a disk passes: %s", (_, disk, change) => {
  expect(refused(pairWith({ definition: definition(disk), ...change }))).toBe("");
});

test.each(["/dev/drbd1", "/dev/drbd/by-res/r0/0", "/dev/drbd/by-res/r0", "/dev/drbd/by-disk/vdb"])(
  "without a filesystem the device is the disk, as %s",
  (name) => {
    expect(refused(pairWith({ definition: definition(block(name)) }, undefined, raw), raw)).toBe("");
  },
);

test.each<[string, string, RegExp]>([
  [
    "a disk whose writes are not waited for",
    `<disk><driver cache='unsafe'/><source file='${inside}'/><target dev='vda'/></disk>`,
    /^the virtual machine web: its disk vda has cache='unsafe'/,
  ],
  [
    "a guest that begins again when it shuts down",
    `${file(inside)}</devices><on_poweroff>restart</on_poweroff><devices>`,
    /^the virtual machine web: it has <on_poweroff>restart<\/on_poweroff>/,
  ],
  [
    "arguments of qemu's own",
    `${file(inside)}</devices><qemu:commandline><qemu:arg value='-s'/></qemu:commandline><devices>`,
    /^the virtual machine web: it has arguments of qemu's own/,
  ],
])("%s: a warning, once", (_, disk, why) => {
  const warned = (text: string) =>
    planOf(pairWith({ definition: definition(text) }), { desired }).warnings.filter((one) => one.includes("web"));
  expect(warned(disk)).toEqual([expect.stringMatching(why)]);
  expect(warned(file(inside))).toEqual([]);
});

test("another filesystem below the mount point is not the resource's", () => {
  const [alpha, bravo] = pairWith({ definition: definition(file("/srv/data/more/web.img")) });
  expect(refused([withMount(alpha, "/dev/vdd", "/srv/data/more"), bravo])).toMatch(outside);
  expect(refused([alpha, bravo])).toBe("");
});

describe("without `xml`", () => {
  test("on one host alone: it is to be defined on the other", () => {
    expect(refused(pairWith({}, undefinedThere))).toBe("");
    expect(refused(pairWith(undefinedThere, {}))).toBe("");
  });

  test("on neither", () => {
    expect(refused(pairWith(undefinedThere, undefinedThere))).toContain(
      "libvirt has no virtual machine web, neither on alpha nor on bravo",
    );
  });

  test("what differs is shown, with the way out", () => {
    const other = good.definition.replace("vda", "vdb");
    const said = refused(pairWith({}, { definition: other }));
    expect(said).toContain("the virtual machine web is not the same on alpha (-) and bravo (+): - <disk");
    expect(said).toContain("virtualMachines: [{ name: web, xml: … }]");
    expect(refused(pairWith({}, { definition: good.definition.replaceAll("  ", "\t") }))).toBe("");
  });

  test("two uuids", () => {
    const other = good.definition.replace(uuid, "11111111-6337-41ef-bc49-ddf8b4032522");
    expect(refused(pairWith({}, { definition: other }))).toMatch(
      /has two uuids: 7393600d\S+ on alpha, 11111111\S+ on bravo/,
    );
  });

  test("a password is not carried over", () => {
    expect(refused(pairWith({ hasSecrets: true }, undefinedThere))).toContain(
      "defined on alpha alone, and its definition holds a password",
    );
    expect(refused(pairWith({ hasSecrets: true }))).toBe("");
  });
});

describe("with `xml`", () => {
  const given = (xml: string): OneVolume => ({ ...desired, virtualMachines: [{ ...machine, xml }] });
  test("it counts, and not what is there", () => {
    expect(refused(pairWith({ definition: definition(file("/root/a")) }), given(definition(file(inside))))).toBe("");
    expect(refused(pairWith({}), given(definition(file("/root/a"))))).toMatch(/\/root\/a, outside of r0/);
    expect(refused(pairWith(undefinedThere, undefinedThere), given(definition(file(inside))))).toBe("");
  });

  test("libvirt takes no other uuid for the same name", () => {
    const xml = definition(file(inside)).replace(uuid, "11111111-6337-41ef-bc49-ddf8b4032522");
    expect(refused(pairWith({}), given(xml))).toMatch(/has the uuid 7393600d\S+ there, and 11111111\S+ in `xml`/);
  });
});

test("libvirt is not there, or does not answer: that alone is told", () => {
  const [alpha, bravo] = pairWith({ hasManagedSave: true });
  const without = (kind: "missing" | "silent", said: string): Pair => [
    alpha,
    { ...bravo, virtualMachines: { fault: { kind, said }, machines: new Map() } },
  ];
  expect(refused(without("missing", ""))).toMatch(/^bravo: `virsh` is not there.*apt install libvirt-daemon-system/);
  expect(refused(without("silent", "error: no socket"))).toMatch(
    /^bravo: libvirt does not answer .*error: no socket.*virtqemud\.socket/,
  );
});

test("nothing of it is asked where the resource has none", () => {
  const [alpha, bravo] = healthyPair();
  expect(refused([withKernel(alpha, {}), bravo], r0)).toBe("");
});
