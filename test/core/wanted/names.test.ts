import * as fc from "fast-check";
import {
  diskPathFault,
  hostnameFault,
  isBareIn84,
  isBareWord,
  mountPointFault,
  resourceNameFault,
  sameHost,
  secretFault,
  xfsLabelFault,
} from "../../../provider/core/wanted/names";
import { mkfsOptionFaults } from "../../../provider/core/wanted/mkfs-option-faults";
import { quote } from "../../../provider/core/seen/shell-words";

const checks = { resourceNameFault, hostnameFault, diskPathFault, mountPointFault, xfsLabelFault, secretFault };

test.each<[keyof typeof checks, string[]]>([
  [
    "resourceNameFault",
    ["r0", "web-data", "0a", "a.b_c-d", "x".repeat(63), "data.res", "101", "10M", "10.0.0.1", "common", "disk"],
  ],
  ["hostnameFault", ["alpha", "node-1.example.com", "Web01", "a_b", "10web", "101", "disk", "x".repeat(64)]],
  [
    "diskPathFault",
    [
      "/dev/vdb",
      "/dev/sda7",
      "/dev/disk/by-id/wwn-0x5000c500a0b1c2d3",
      "/dev/mapper/vg-lv",
      "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
      "/dev/loop0",
      "/dev/md/0",
      "/dev/drbdpool/r0",
      "/dev/drbd_ssd/x",
      "/dev/drbd-vg/x",
      "/dev/mem/x",
      "/dev/full/x",
      "/dev/shm/x",
      "/dev/port/x",
    ],
  ],
  [
    "mountPointFault",
    [
      "/srv",
      "/mnt",
      "/data",
      "/srv/data",
      "/var/lib/postgresql",
      "/home",
      "/home/shared",
      "/usr/local/data",
      "/var/log",
      "/opt/app",
      "/media/x",
    ],
  ],
  ["xfsLabelFault", ["data", "r0", "a.b-c_d", "123456789012"]],
  ["secretFault", ["x", "s3cr3t;}#", "a".repeat(63), 'a"b', "a'b", "a\\b", "a b"]],
])("%s finds nothing wrong", (check, values) => {
  for (const value of values) expect([value, checks[check](value)]).toEqual([value, undefined]);
});

test.each<[keyof typeof checks, string, string]>([
  ["resourceNameFault", "", "must be a letter or digit"],
  ["resourceNameFault", "-r0", "must be a letter or digit"],
  ["resourceNameFault", "../r0", "must be a letter or digit"],
  ["resourceNameFault", "r 0", "must be a letter or digit"],
  ["resourceNameFault", "r0\n", "must be a letter or digit"],
  ["resourceNameFault", "rö", "must be a letter or digit"],
  ["resourceNameFault", "x".repeat(64), "must be at most 63 characters long, not 64"],
  ["resourceNameFault", "all", "is a word that drbdadm reads as something else: use another, for example r-all"],
  ["resourceNameFault", "minor-5", "is a word that drbdadm"],
  ["hostnameFault", "", "must be a host name as `uname -n` prints it"],
  ["hostnameFault", "alpha.", "must be a host name"],
  ["hostnameFault", "-alpha", "must be a host name"],
  ["hostnameFault", "alpha bravo", "must be a host name"],
  ["hostnameFault", "root@alpha", "must be a host name"],
  ["hostnameFault", "$(reboot)", "must be a host name"],
  ["hostnameFault", "x".repeat(65), "must be at most 64 characters long (Linux' own limit), not 65"],
  ["hostnameFault", "10.0.0.1", "looks like an address"],
  ["hostnameFault", "localhost", "is every host's name for itself"],
  ["hostnameFault", "localhost.localdomain", "is every host's name for itself"],
  ["diskPathFault", "vdb", "must be an absolute path, for example /dev/"],
  ["diskPathFault", "/srv/disk.img", "must be below /dev"],
  ["diskPathFault", "/dev/", "must be in its shortest form"],
  ["diskPathFault", "/dev/../etc/shadow", "must be in its shortest form"],
  ["diskPathFault", "/dev//vdb", "must be in its shortest form"],
  ["diskPathFault", "/dev/vdb;reboot", "must have no blanks, quotes or other special characters"],
  ["diskPathFault", "/dev/vd b", "must have no blanks"],
  ["diskPathFault", "/dev/drbd1", "is a DRBD device itself"],
  ["diskPathFault", "/dev/drbd/by-res/r0/0", "is a DRBD device itself"],
  ["diskPathFault", "/dev/disk/by-uuid/1234", "names a filesystem, which goes away"],
  ["diskPathFault", "/dev/disk/by-label/data", "names a filesystem, which goes away"],
  ["diskPathFault", "/dev/drbd10", "is a DRBD device itself"],
  ["diskPathFault", "/dev/drbd1p1", "is a DRBD device itself"],
  ["diskPathFault", `/dev/${"x".repeat(123)}`, "must be at most 127 characters long, not 128"],
  ["mountPointFault", "srv", "must be an absolute path, for example /srv/data"],
  ["mountPointFault", "/", "belongs to the system"],
  ["mountPointFault", "/etc", "belongs to the system"],
  ["mountPointFault", "/etc/drbd.d", "belongs to the system"],
  ["mountPointFault", "/root", "belongs to the system"],
  ["mountPointFault", "/var", "belongs to the system"],
  ["mountPointFault", "/usr/share/x", "belongs to the system"],
  ["mountPointFault", "/var/lib/drbd", "belongs to the system"],
  ["mountPointFault", "/tmp/x", "belongs to the system"],
  ["mountPointFault", "/srv/", "must be in its shortest form"],
  ["mountPointFault", "/srv/../etc", "must be in its shortest form"],
  ["mountPointFault", "/srv/a b", "must have no blanks"],
  ["mountPointFault", "/srv/a\\040b", "must have no blanks"],
  ["xfsLabelFault", "", "must be letters"],
  ["xfsLabelFault", "-data", "must be letters"],
  ["xfsLabelFault", "1234567890123", "must be at most 12 characters long (XFS' own limit), not 13"],
  ["secretFault", "", "must be 1..63 characters long, not 0"],
  ["secretFault", "a".repeat(64), "must be 1..63 characters long, not 64"],
  ["secretFault", "a\nb", "must be printable ASCII"],
  ["secretFault", "pässword", "must be printable ASCII"],
  ["secretFault", "(secret)", "is what stands in a secret's place"],
])("%s(%j): %s", (check, value, reason) => {
  expect(checks[check](value)).toContain(reason);
});

test("a secret's fault does not quote it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6 }), (secret) => {
      fc.pre(!"must be printable ASCII characters (secret)".includes(secret));
      expect(secretFault(secret) ?? "").not.toContain(secret);
    }),
  );
});

test.each(["resourceNameFault", "hostnameFault", "diskPathFault", "mountPointFault", "xfsLabelFault"] as const)(
  "what %s lets through needs no quoting in a shell and can be no option of a command",
  (check) => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        "/",
        "/dev/",
        "a",
        "0",
        "-",
        "_",
        ".",
        " ",
        "$",
        ";",
        "'",
        '"',
        "\\",
        "\n",
        "\0",
        "é",
        "=",
        ":",
        "*",
      ),
    });
    fc.assert(
      fc.property(hostile, (value) => {
        if (checks[check](value) !== undefined) return;
        expect(quote(value)).toBe(value);
        expect(value).toMatch(/^[A-Za-z0-9/._]/);
      }),
      { numRuns: 3000 },
    );
  },
);

test.each([
  ["alpha", "alpha", true],
  ["alpha", "Alpha", true],
  ["alpha", "alpha.example.com", true],
  ["alpha.a.com", "alpha.b.com", false],
  ["alpha", "bravo", false],
  ["alpha", "alphabet", false],
])("drbdadm might take %s and %s for one host: %s", (a, b, same) => {
  expect(sameHost(a, b)).toBe(same);
  expect(sameHost(b, a)).toBe(same);
});

test("keywords, numbers and addresses are no bare words", () => {
  for (const word of [
    "on",
    "disk",
    "timeout",
    "shared-secret",
    "fence-peer",
    "10",
    "10M",
    "1.2.3.4",
    "a b",
    "",
    "x".repeat(129),
  ]) {
    expect([word, isBareWord(word)]).toEqual([word, false]);
  }
  for (const word of ["r0", "/dev/vdb", "10web", "sha256", "x".repeat(128)]) expect(isBareWord(word)).toBe(true);
});

test("8.4's scanner knows words that 9's does not, and the other way round", () => {
  for (const word of ["101", "10M", "10.0.0.1", "net", "timeout", "plugin"])
    expect([word, isBareIn84(word)]).toEqual([word, false]);
  for (const word of ["r0", "1k", "0x1", "path", "quorum", "all"])
    expect([word, isBareIn84(word)]).toEqual([word, true]);
});

describe("mkfs.xfs options", () => {
  test.each([
    [[]],
    [["-m", "reflink=0,crc=1"]],
    [["-K"]],
    [["-q", "-i", "size=512", "-d", "agcount=4"]],
    [["-lsize=64m"]],
    [["-s", "size=4096"]],
    [["-c", "options=/usr/share/xfsprogs/mkfs/lts_5.15.conf"]],
  ])("%j", (words) => {
    expect(mkfsOptionFaults(words)).toEqual([]);
  });
  test.each([
    [["-f"], "-f would overwrite what is on the device"],
    [["-Kf"], "must stand alone: -K"],
    [["-L", "x"], "the label is given in filesystem.label"],
    [["-N"], "-N would make no filesystem"],
    [["-m"], "needs a value behind it"],
    [["-m", "-f"], "needs a value behind it"],
    [["-m", "a b"], "needs a value behind it"],
    [["/dev/sdb"], "must be an option of mkfs.xfs"],
    [["-d", "name=/dev/sdb"], "would write somewhere else"],
    [["-d", "agcount=4,file"], "would write somewhere else"],
    [["-dsize=1g"], "would write somewhere else than on the device, or not to its end"],
    [["-l", "logdev=/dev/sdb"], "would write somewhere else"],
    [["-r", "rtdev=/dev/sdb"], "-r would write to another device"],
    [["-p", "/etc/x"], "-p reads a list of files"],
    [["-x", "y"], "is no option that can be used here"],
    [["-c", "options=/etc/shadow"], "must be `options=` and a file that xfsprogs brings along"],
    [["-c", "options=/usr/share/xfsprogs/../../../etc/shadow"], "must be `options=` and a file"],
    [["-c", "/usr/share/xfsprogs/mkfs/lts_5.15.conf"], "must be `options=` and a file"],
    [["--force"], "must be an option of mkfs.xfs"],
    [["--"], "must be an option of mkfs.xfs"],
    [["-m", "$(reboot)"], "needs a value behind it"],
  ])("%j: %s", (words, reason) => {
    expect(
      mkfsOptionFaults(words)
        .map((fault) => fault.reason)
        .join(),
    ).toContain(reason);
  });
});
