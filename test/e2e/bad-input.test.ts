/**
 * What the hosts themselves show to be wrong: each is refused in the preview, by name and with what to do, and nothing
 * is changed on either host.
 */
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { makeKey } from "../../lab/seed";
import { diskSum, surveyAll } from "./machine";
import { diagnosticsOf } from "./output";
import { MOUNT_POINT, r0, siteOf, withConnection, withNode, withResource, type Site } from "./site";
import { Stack, changesOf, expectSuccess, type Run } from "./stack";

jest.setTimeout(1_000_000);

const MiB = 1024 * 1024;

let lab: Lab;
let site: Site;
let stack: Stack;
let prepared: string[];
let sums: string[];

/** One 16 MiB volume for each way in which a disk may be in use. */
const PREPARE = (disk: string, spare: string): string => `
  pvcreate -q ${disk} ${spare} && vgcreate -q lab ${disk} && vgcreate -q spare ${spare} || exit
  for name in ext4 tail mounted swapped table orphan running fixed; do lvcreate -q -Wn -Zn -L 16M -n $name lab || exit; done
  lvcreate -q -Wn -Zn -L 300M -n small lab && lvcreate -q -Wn -Zn -L 360M -n big lab || exit
  lvcreate -q -Wn -Zn -L 16M -n one spare && lvchange -q -p r lab/fixed || exit
  mkfs.ext4 -q /dev/lab/ext4 && mkfs.ext4 -q /dev/lab/mounted && mount /dev/lab/mounted /mnt || exit
  dd if=/dev/urandom of=/dev/lab/tail bs=1M seek=1 count=4 2>/dev/null || exit
  mkswap /dev/lab/swapped >/dev/null && swapon /dev/lab/swapped || exit
  perl -e 'print "\\0" x 446, pack("C8VV", 0, 0, 0, 0, 0x83, 0, 0, 0, 2048, 8192), "\\0" x 48, "\\x55\\xaa"' |
    dd of=/dev/lab/table conv=notrunc 2>/dev/null || exit
  modprobe drbd || exit
  for number in 8 9; do
    volume=running; [ $number = 8 ] && volume=orphan
    cat >/etc/drbd.d/r$number.res <<END || exit
resource r$number {
  device minor $number; disk /dev/lab/$volume; meta-disk internal;
  on alpha { address 10.0.99.1:779$number; }
  on bravo { address 10.0.99.2:779$number; }
}
END
    drbdadm create-md r$number </dev/null 2>&1 && drbdadm up r$number || exit
  done
  rm /etc/drbd.d/r8.res`;

/** Disks with something on them that must survive every refusal. */
const HOLD_DATA = ["ext4", "tail", "table"].map((name) => `/dev/lab/${name}`);

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  for (const machine of MACHINES) {
    const disk = await lab.attachDisk(machine, { serial: "more", size: 900 * MiB });
    await lab.run(machine, PREPARE(disk, await lab.attachDisk(machine, { serial: "spare", size: 32 * MiB })));
  }
  site = await siteOf(lab);
  stack = await Stack.create(site);
  prepared = await surveyAll(lab);
  sums = await Promise.all(HOLD_DATA.map((disk) => diskSum(lab, "alpha", disk)));
});

afterAll(async () => {
  await stack.remove();
});

/** The preview's error on a resource, as one text. */
async function refusalOf(wanted: Site, resource: string): Promise<string> {
  await stack.configure(wanted);
  const run = await stack.preview();
  expect(run.code).not.toBe(0);
  expect(changesOf(run)).toEqual([]);
  const said = diagnosticsOf(run, resource).join("\n");
  expect(said).toContain("error: ");
  return said;
}

const onDisks = (alpha: string, bravo: string): Site =>
  withResource(site, { disks: { alpha, bravo }, filesystem: undefined });

describe("the way to a host", () => {
  test("a hostname that is not what `uname -n` says", async () => {
    const [alpha, bravo] = site.nodes;
    const resource = { ...r0, disks: { alfa: "/dev/vdb", bravo: "/dev/vdb" }, syncSource: "alfa" };
    const said = await refusalOf(
      { nodes: [{ ...alpha!, hostname: "alfa" }, bravo!], resources: [resource] },
      "pair-alfa",
    );
    expect(said).toContain("alfa: `uname -n` says alpha there");
    expect(said).toContain("set `hostname: alpha`");
  });

  test("an address that is not on the host", async () => {
    const said = await refusalOf(withNode(site, "bravo", { address: "10.0.99.77" }), "pair-bravo");
    expect(said).toContain("bravo: no interface has the address 10.0.99.77");
    expect(said).toMatch(/it has .*\b10\.0\.99\.2\b/);
  });

  test("a key that the host does not take", async () => {
    const privateKeyFile = stack.path("another-key");
    await makeKey(privateKeyFile, "another");
    const said = await refusalOf(withConnection(site, "alpha", { privateKeyFile }), "pair-alpha");
    expect(said).toMatch(/alpha: root@127\.0\.0\.1:\d+ refused every way to log in/);
    expect(said).toContain("authorized_keys");
  });

  test("a host key that nobody has given: it is shown, in the words to put into the configuration", async () => {
    const said = await refusalOf(withConnection(site, "alpha", { hostKey: undefined }), "pair-alpha");
    expect(said).toMatch(/alpha: the host key of 127\.0\.0\.1:\d+ is not known: ssh-ed25519 SHA256:/);
    expect(said).toContain(`connection.hostKey: "${String(site.nodes[0]!.connection["hostKey"])}"`);
  });

  test("a host key that is another's", async () => {
    const { hostKey } = site.nodes[1]!.connection;
    const said = await refusalOf(withConnection(site, "alpha", { hostKey }), "pair-alpha");
    expect(said).toMatch(/alpha: the host key of 127\.0\.0\.1:\d+ is not the one that is known/);
    expect(said).toContain("somebody may be in between");
  });

  test("a user who may not become root", async () => {
    const said = await refusalOf(withConnection(site, "alpha", { user: "nosudo" }), "pair-alpha");
    expect(said).toContain("alpha: the user nosudo may not become root without a password");
    expect(said).toContain("NOPASSWD");
  });
});

describe("disks", () => {
  const table: readonly (readonly [string, string, RegExp, string, RegExp])[] = [
    [
      "with a filesystem, and with data behind a zeroed beginning",
      "/dev/lab/ext4",
      /\/dev\/lab\/ext4 holds ext4 \([0-9a-f-]{36}\)/,
      "/dev/lab/tail",
      /\/dev\/lab\/tail holds data of no known kind \(the first at byte 1[0-9]{6}\)/,
    ],
    [
      "that are mounted, and that are swap space",
      "/dev/lab/mounted",
      /\S+ is mounted at \/mnt/,
      "/dev/lab/swapped",
      /\S+ is swap space in use/,
    ],
    [
      "with a partition table, and with a filesystem",
      "/dev/lab/table",
      /\/dev\/lab\/table holds a dos partition table/,
      "/dev/lab/ext4",
      /\/dev\/lab\/ext4 holds ext4 \([0-9a-f-]{36}\)/,
    ],
    [
      "that are read-only, and held by LVM",
      "/dev/lab/fixed",
      /\/dev\/lab\/fixed is read-only/,
      "/dev/disk/by-id/virtio-spare",
      /\/dev\/disk\/by-id\/virtio-spare is held by \/dev\/mapper\/spare-one/,
    ],
    [
      "that a resource runs on which no file describes, and that the system runs on",
      "/dev/lab/orphan",
      /\/dev\/lab\/orphan is held by \/dev\/drbd8/,
      "/dev/vda",
      /\/dev\/vda is mounted at \//,
    ],
    [
      "that are not there, and that cannot be written",
      "/dev/vdz",
      /there is no \/dev\/vdz\. .*its disks are .*\/dev\/vdb/,
      "/dev/lab/fixed",
      /\/dev\/lab\/fixed is read-only/,
    ],
  ];

  test.each(table)("%s", async (_title, alpha, ofAlpha, bravo, ofBravo) => {
    const said = await refusalOf(onDisks(alpha, bravo), "r0");
    expect(said).toMatch(new RegExp(`alpha: ${ofAlpha.source}`, "i"));
    expect(said).toMatch(new RegExp(`bravo: ${ofBravo.source}`, "i"));
    expect(said).toMatch(/\(Pulumi\.\w+\.yaml: pulumi-drbd:resources\[0\]/);
  });

  test("too small for what is to stand on them", async () => {
    const disks = { alpha: "/dev/lab/small", bravo: "/dev/lab/tail" };
    const said = await refusalOf(withResource(site, { disks }), "r0");
    expect(said).toMatch(
      /alpha: \/dev\/lab\/small has 300 MiB, of which DRBD leaves 299 MiB, and XFS needs at least 300 MiB/,
    );
    expect(said).toMatch(/bravo: \/dev\/lab\/tail has 16 MiB, .*XFS needs at least 300 MiB/);
  });

  test("of different sizes: a warning, and the plan", async () => {
    await stack.configure(withResource(site, { disks: { alpha: "/dev/vdb", bravo: "/dev/lab/big" } }));
    const run = expectSuccess(await stack.preview());
    const said = diagnosticsOf(run, "r0").join("\n");
    expect(said).toContain("the disks differ in size (320 MiB and 360 MiB): the smaller one, alpha:/dev/vdb, counts");
    expect(said).toContain("alpha | mkfs.xfs -L data /dev/drbd1");
  });

  test("that fstab mounts by itself", async () => {
    await lab.run("bravo", "cp -p /etc/fstab /root && echo '/dev/vdb /data xfs noauto 0 0' >>/etc/fstab");
    try {
      expect(await refusalOf(site, "r0")).toContain("bravo: /etc/fstab mounts /dev/vdb itself");
    } finally {
      await lab.run("bravo", "mv /root/fstab /etc/fstab");
    }
  });
});

describe("what others have", () => {
  test("the minor, the port and the disk of a resource that somebody configured by hand", async () => {
    const disks = { alpha: "/dev/lab/running", bravo: "/dev/lab/running" };
    const said = await refusalOf(withResource(site, { minor: 9, port: 7799, disks, filesystem: undefined }), "r0");
    expect(said).toContain(
      "minor 9, the disk /dev/lab/running and port 7799 belong to the resource r9 on alpha and bravo, by a file in /etc/drbd.d",
    );
    expect(said).toContain("`name: r9`");
  });

  test("a port that some program listens on", async () => {
    const listen =
      "use IO::Socket::INET; my $socket = IO::Socket::INET->new(LocalPort => 7789, Listen => 1); sleep 600";
    const { stdout } = await lab.run(
      "alpha",
      `setsid perl -e '${listen}' </dev/null >/dev/null 2>&1 & sleep 1; echo $!`,
    );
    try {
      expect(await refusalOf(site, "r0")).toContain("alpha: something listens on port 7789 already");
    } finally {
      await lab.run("alpha", `kill ${stdout.trim()}`);
    }
  });

  test("a mount point where something else is mounted", async () => {
    await lab.run("alpha", `mkdir -p ${MOUNT_POINT} && mount -t tmpfs tmpfs ${MOUNT_POINT}`);
    try {
      expect(await refusalOf(site, "r0")).toContain(`alpha: tmpfs is mounted at ${MOUNT_POINT}`);
    } finally {
      await lab.run("alpha", `umount ${MOUNT_POINT} && rmdir ${MOUNT_POINT}`);
    }
  });

  test("a file in /etc/drbd.d that drbdadm does not take: in drbdadm's own words", async () => {
    await lab.run("bravo", "echo 'resource r7 { wrong; }' >/etc/drbd.d/r7.res");
    try {
      const said = await refusalOf(site, "pair-bravo");
      expect(said).toContain("bravo: drbdadm cannot read /etc/drbd.d/r7.res, and so reads no resource at all: ");
      expect(said).toContain("wrong");
      expect(said).toContain("mv /etc/drbd.d/r7.res /root/");
    } finally {
      await lab.run("bravo", "rm /etc/drbd.d/r7.res");
    }
  });

  test("another resource of the same site", async () => {
    // Which of the two comes first is Pulumi's affair.
    await stack.configure({ ...site, resources: [r0, { ...r0, name: "r1" }] });
    const run = await stack.preview();
    expect(run.code).not.toBe(0);
    expect(changesOf(run)).toEqual([]);
    for (const what of ["minor 1", "port 7789", "the disk /dev/vdb"])
      expect(run.output).toMatch(new RegExp(`${what} belongs to the resource r[01] on \\S+ already: each needs`));
  });
});

test("a user who may become root by sudo is as good as root", async () => {
  await stack.configure(withConnection(withConnection(site, "alpha", { user: "admin" }), "bravo", { user: "admin" }));
  const run = expectSuccess(await stack.preview());
  expect(diagnosticsOf(run, "r0")).toContain("alpha | mkfs.xfs -L data /dev/drbd1 | blank, never formatted");
});

test("after all of that the hosts are as they were", async () => {
  // Setting the tests' own obstacles up and away has touched these two.
  const lasting = (text: string) => text.replace(/^\/(srv|etc\/fstab|etc\/drbd\.d|etc) .*$/gm, "");
  expect((await surveyAll(lab)).map(lasting)).toEqual(prepared.map(lasting));
  expect(await Promise.all(HOLD_DATA.map((disk) => diskSum(lab, "alpha", disk)))).toEqual(sums);
});

test("a kernel without the module", async () => {
  const folder = "/lib/modules/$(uname -r)/kernel/drivers/block/drbd";
  await lab.run(
    "alpha",
    `drbdsetup down r8 && drbdadm down r9 && rmmod drbd && mv ${folder}/drbd.ko* /root/ && depmod`,
  );
  try {
    const said = await refusalOf(site, "pair-alpha");
    expect(said).toMatch(/alpha: the running kernel \(6\.\S+\) has no drbd module \(modinfo: /);
    expect(said).toContain("linux-image-amd64");
  } finally {
    await lab.run("alpha", `mv /root/drbd.ko* ${folder}/ && depmod && modprobe drbd`);
  }
});

describe("up", () => {
  /** What was done about the resource or to a disk. */
  const toTheResource = (run: Run): string[] => changesOf(run).filter((change) => /r0|\/dev\/|mount/.test(change));

  test("stops at its own preview", async () => {
    await stack.configure(onDisks("/dev/lab/ext4", "/dev/lab/tail"));
    const run = await stack.up("--skip-preview=false");
    expect(run.code).not.toBe(0);
    expect(run.output).toContain("/dev/lab/ext4 holds ext4");
    expect(changesOf(run)).toEqual([]);
  });

  test("refuses without a preview too, and the disks keep what they hold", async () => {
    const run = await stack.up();
    expect(run.code).not.toBe(0);
    expect(run.output).toContain("/dev/lab/ext4 holds ext4");
    expect(toTheResource(run)).toEqual([]);
    expect(await Promise.all(HOLD_DATA.map((disk) => diskSum(lab, "alpha", disk)))).toEqual(sums);
  });
});

describe("a host that is down", () => {
  const down: MachineName = "bravo";

  beforeAll(async () => {
    await lab.powerOff(down);
    // The other host has something to be changed: a global option that neither has yet, and that no foreign resource lives by.
    const global = { "dialog-refresh": 5 };
    const wanted = withNode(withNode(site, "alpha", { global }), "bravo", { global });
    await stack.configure(withConnection(wanted, down, { dialErrorLimit: 2 }));
  });

  test("costs a preview the plan: it warns and shows the configuration", async () => {
    const run = expectSuccess(await stack.preview("--diff", "--show-full-output"));
    expect(run.output).toMatch(/warning: bravo: cannot be reached at 127\.0\.0\.1:\d+/);
    expect(run.output).toContain("so this preview shows the configuration only");
    expect(run.output).toContain("resource r0 {\\n    net {\\n        protocol C;");
    expect(changesOf(run)).toEqual([]);
  });

  test("stops up, before the other one is touched", async () => {
    const run = await stack.up();
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/error: .*bravo: cannot be reached at 127\.0\.0\.1:\d+/);
    expect(run.output).toContain("check that the host is up");
    expect(changesOf(run)).toEqual([]);
  });
});
