/** A disk that a guest, an iSCSI target or the like is given, by its path: none of them asks whether DRBD has it. */
import { namesOfDevices } from "../one-volume";
import { givenDisks } from "../../../provider/core/seen/given-disks";
import type { ObservedNode } from "../../../provider/core/seen/observed";
import { parseProbe, ProbeError } from "../../../provider/core/seen/parse-probe";
import { justTheHost } from "../../../provider/core/seen/probe";
import { capturedHost } from "../captured-host";
import { nonce, probed } from "../fake-host";
import {
  allCommands,
  blankNode,
  downNode,
  filesystemUuid,
  healthyPair,
  nodeAt,
  planOf,
  refusalsOf,
  rememberedDisk,
  usedGi,
} from "../observed-builder";

const links = ["/dev/vdb", "/dev/vg/guest", "/dev/mapper/vg-guest", "/dev/disk/by-id/virtio-0002"];
const giving = (node: ObservedNode, file: string, line: string): ObservedNode => ({
  ...node,
  names: namesOfDevices({ r0: { disk: links, metaDisk: [], device: ["/dev/drbd1"] } }),
  given: new Map([[file, `${line}\n`]]),
});

const tools: [string, string, string][] = [
  ["/etc/libvirt/qemu/guest.xml", "<source dev='/dev/vdb'/>", "/dev/vdb"],
  ["/etc/libvirt/qemu/guest.xml", '<source dev="/dev/disk/by-id/virtio-0002" index="1"/>', links[3]!],
  ["/etc/libvirt/qemu/guest.xml", "<source pool='vg' volume='guest'/>", "/dev/vg/guest"],
  ["/run/libvirt/qemu/guest.xml", "<source dev='/dev/mapper/vg-guest' index='2'/>", "/dev/mapper/vg-guest"],
  ["/etc/xen/guest.cfg", "disk = [ 'phy:/dev/vg/guest,xvda,w', 'phy:/dev/vg/other,xvdb,w' ]", "/dev/vg/guest"],
  ["/etc/xen/guest.cfg", 'disk = ["/dev/vg/guest,raw,xvda,rw"]', "/dev/vg/guest"],
  ["/etc/pve/qemu-server/100.conf", "scsi1: /dev/disk/by-id/virtio-0002,size=320M", links[3]!],
  ["/etc/target/saveconfig.json", '"dev": "/dev/vg/guest",', "/dev/vg/guest"],
  ["/etc/tgt/conf.d/a.conf", "backing-store /dev/vdb", "/dev/vdb"],
  ["/etc/nbd-server/config", "exportname = /dev/vdb", "/dev/vdb"],
  ["/etc/auto.data", "old -fstype=xfs :/dev/vdb", "/dev/vdb"],
];

test.each(tools)("%s: %s names it", (file, line, path) => {
  expect(givenDisks(new Map([[file, line]])).map((one) => one.path)).toContain(path);
});

test("what is commented out, or names other devices, gives nothing of ours", () => {
  const others = [
    "<!-- <source dev='/dev/vdb'/> -->",
    "# backing-store /dev/vdb",
    "<source dev='/dev/vdb1'/>",
    "<source dev='/dev/drbd1'/>",
    "<backend model='random'>/dev/urandom</backend>",
    "<source file='/srv/dev/vdb'/>",
  ];
  for (const line of others) {
    const plan = planOf([blankNode("alpha"), giving(blankNode("bravo"), "/etc/libvirt/qemu/guest.xml", line)]);
    expect([line, refusalsOf(plan)]).toEqual([line, []]);
  }
});

test.each(tools)(
  "before the first write, %s with %s is refused, and the way names the DRBD device",
  (file, line, path) => {
    const plan = planOf([blankNode("alpha"), giving(blankNode("bravo"), file, line)]);
    const name = path === "/dev/vdb" ? "itself" : `by the name ${path}`;
    expect(refusalsOf(plan)).toEqual([`bravo: ${file} uses /dev/vdb ${name}: ${line}`]);
    expect(plan.refusals[0]?.way).toBe(
      "Stop what uses it, and have it use /dev/drbd1 instead: what is used is the DRBD device, never the disk behind it.",
    );
  },
);

test.each(tools)("in a healthy pair, %s with %s is told in every plan", (file, line) => {
  const [alpha, bravo] = healthyPair();
  const plan = planOf([giving(alpha, file, line), bravo]);
  expect([plan.refusals, allCommands(plan)]).toEqual([[], []]);
  expect(plan.warnings).toHaveLength(1);
  expect(plan.warnings[0]).toContain(`alpha: ${file} uses /dev/vdb`);
  expect(plan.warnings[0]).toContain("while DRBD has it, too; what is written there then is not replicated");
  expect(plan.warnings[0]).toContain("have it use /dev/drbd1 instead");
});

test("the resource's own disk is not attached while a guest is given it", () => {
  const memory = { filesystemUuid, disks: { alpha: rememberedDisk({ serial: "0001" }), bravo: rememberedDisk() } };
  const down = giving(downNode("alpha", usedGi), "/etc/libvirt/qemu/guest.xml", "<source dev='/dev/vdb'/>");
  expect(refusalsOf(planOf([down, nodeAt("bravo", "synced")], { memory }))).toEqual([
    "alpha: /etc/libvirt/qemu/guest.xml uses /dev/vdb itself: <source dev='/dev/vdb'/>",
  ]);
});

describe("the probe", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const seen = (files: Readonly<Record<string, string>>) =>
    probed({ ...host, files: { ...host.files, ...files } }, justTheHost);

  test("brings along the lines that name a disk, and no others: a definition may hold a password", () => {
    const xml = "<domain>\n <graphics passwd='hush'/>\n <source dev='/dev/vdb'/>\n</domain>\n";
    const text = seen({ "/etc/libvirt/qemu/win 10.xml": xml, "/etc/tgt/targets.conf": "backing-store /dev/vdc\n" });
    expect(text).not.toContain("hush");
    expect(parseProbe(nonce, text).given).toEqual(
      new Map([
        ["/etc/libvirt/qemu/win 10.xml", " <source dev='/dev/vdb'/>\n"],
        ["/etc/tgt/targets.conf", "backing-store /dev/vdc\n"],
      ]),
    );
  });

  test("asks nothing where there are none", () => {
    expect(seen({})).not.toContain(`@${nonce} given`);
    expect(parseProbe(nonce, seen({})).given).toBeUndefined();
  });

  test("does not take files that it could not read for none", () => {
    const text = seen({ "/etc/nbd-server/config": "exportname = /dev/vdb\n" });
    const killed = text.replace(/(@\S+ given\n[^@]*@\S+ exit )0/, "$1137");
    expect(killed).not.toBe(text);
    expect(() => parseProbe(nonce, killed)).toThrow(ProbeError);
  });
});
