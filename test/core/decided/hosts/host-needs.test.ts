/** What must be there before a plan begins, and is not. */
import { withVolume } from "../../one-volume";
import { lookOf } from "../../one-volume";
import { neededTools, noSystemd } from "../../../../provider/core/seen/needed-tools";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { capturedHost, look } from "../../captured-host";
import { type FakeHost, nonce, probed } from "../../fake-host";
import type { Folder } from "../../../../provider/core/seen/observed";
import { justTheHost, observeScript } from "../../../../provider/core/seen/probe";
import { planNode } from "../../../../provider/core/decided/plans/plan-node";
import { stepsOf } from "../../../../provider/core/steps/plan";
import {
  allCommands,
  blankPair,
  commandsOf,
  desiredNode,
  healthyPair,
  planOf,
  type Pair,
  r0,
  refusalsOf,
  withFile,
  withLook,
  withMount,
} from "../../observed-builder";

const lacking = (tools: readonly string[], [alpha, bravo] = blankPair()): Pair => [alpha, { ...bravo, missing: tools }];

test("every tool that a step runs is looked for", () => {
  const own = ["write", "drbdadm", "apt-get", "rm", "ln", "mv", "install"];
  const used = stepsOf(planOf(lacking(["mkfs.xfs"]))).map(({ argv }) => argv[0]!);
  expect(used.filter((tool) => !own.includes(tool) && !neededTools.includes(tool))).toEqual([]);
  const script = observeScript("0123456789abcdef01", justTheHost);
  expect(script).toContain(`needed_tools='${neededTools.join(" ")}'`);
  for (const tool of ["mkfs.xfs", "lsblk", "flock", "perl", "systemctl"]) expect(neededTools).toContain(tool);
});

describe("mkfs.xfs is missing", () => {
  const install = ["bravo: apt-get update", "bravo: apt-get install -y --no-install-recommends xfsprogs"];

  test("installed before anything else, and shown in a preview", () => {
    expect(commandsOf(planOf(lacking(["mkfs.xfs"]), { preview: true }))[0]).toEqual(install);
  });

  test("on the host of a pair that runs, for a repair after a failover", () => {
    expect(allCommands(planOf(lacking(["mkfs.xfs"], healthyPair())))).toEqual(install);
  });

  test("without a filesystem nobody needs it", () => {
    const plan = planOf(lacking(["mkfs.xfs"]), { desired: { ...r0, filesystem: undefined } });
    expect(allCommands(plan).filter((one) => one.includes("apt-get"))).toEqual([]);
  });

  test("where apt is not the package manager: refused", () => {
    const [alpha, bravo] = lacking(["mkfs.xfs"]);
    const rocky = { ...bravo, os: { id: "rocky", like: ["rhel", "fedora"], name: "Rocky Linux 9" } };
    expect(refusalsOf(planOf([alpha, rocky]))).toEqual([
      "bravo: mkfs.xfs is not installed, and a filesystem is wanted",
    ]);
  });
});

test("another tool is missing: named, with the package that has it, by the node and by the resource", () => {
  const pair = lacking(["flock", "perl"]);
  const found = "bravo: flock, perl: not installed, and later steps need them";
  expect(refusalsOf(planOf(pair))).toEqual([found]);
  const node = planNode({ desired: desiredNode("bravo"), configuration: "", node: pair[1], described: new Set() });
  expect(refusalsOf(node)).toEqual([found]);
  expect(node.refusals[0]!.way).toBe("Install what has them (on Debian, `apt-get install perl util-linux`).");
});

test("another init than systemd is refused by its name, and nothing else is", () => {
  const [alpha, bravo] = lacking(["systemctl", "systemd-run", noSystemd]);
  expect(refusalsOf(planOf([alpha, withFile(bravo, "/proc/1/comm", "init\n")]))).toEqual([
    "bravo: systemd does not run this host (process 1 is init)",
  ]);
});

describe("room", () => {
  const withRoom = (path: string, kibibytes: number, files?: number): Pair => {
    const [alpha, bravo] = blankPair();
    return [alpha, { ...bravo, room: [{ path, kibibytes, files }] }];
  };

  test.each([
    ["/etc", 1024, 20, []],
    ["/etc", 1023, 20, ["bravo: /etc has 1023 KiB left: too little to write to it"]],
    ["/var/lib", 9999, 19, ["bravo: /var/lib has room for 19 files left: too little to write to it"]],
    ["/run", 0, undefined, ["bravo: /run has 0 KiB left: too little to write to it"]],
    // Btrfs has no table of files.
    ["/etc", 9999, undefined, []],
  ])("%s with %d KiB and %s files", (path, kibibytes, files, refused) => {
    expect(refusalsOf(planOf(withRoom(path, kibibytes, files)))).toEqual(refused);
  });

  test("a filesystem that errors have made read-only", () => {
    const [alpha, bravo] = withRoom("/etc", 9999);
    const mounts = [{ source: "/dev/vda", target: "/", fstype: "ext4", readOnly: true as const }];
    expect(refusalsOf(planOf([alpha, { ...bravo, mounts }]))).toEqual([
      "bravo: /etc is on a filesystem that is mounted read-only",
    ]);
  });

  test("where nothing is written, a full disk stops nobody", () => {
    const [alpha, bravo] = healthyPair();
    expect(refusalsOf(planOf([alpha, { ...bravo, room: [{ path: "/etc", kibibytes: 0 }] }]))).toEqual([]);
  });
});

describe("the folder of the mount point", () => {
  const at = (folder: Folder, [alpha, bravo] = blankPair()): Pair => [alpha, withLook(bravo, { folder })];
  const folder = (holds: readonly string[], path = "/srv/data", real = path): Folder => ({
    kind: "folder",
    at: path,
    real,
    holds,
  });

  test.each([
    ["is empty", folder([]), []],
    ["is not there, and the one above holds others", folder(["web"], "/srv"), []],
    ["holds what mkfs left", folder(["lost+found"]), []],
    [
      "holds a database",
      folder(["ibdata1", "mysql"]),
      ['bravo: /srv/data holds "ibdata1", "mysql", which a mount would cover'],
    ],
    ["is a file", { kind: "not-a-folder", at: "/srv/data" } as const, ["bravo: /srv/data is there, and is no folder"]],
    [
      "is a link",
      folder([], "/srv", "/var/srv"),
      ["bravo: /srv leads to /var/srv by a symbolic link, which systemd and mountinfo do not follow"],
    ],
  ])("%s", (_what, found, refused) => {
    expect(refusalsOf(planOf(at(found)))).toEqual(refused);
  });

  test("our own filesystem is mounted there, or the line is there already: nobody is stopped", () => {
    const [alpha, bravo] = healthyPair();
    const files = folder(["data"]);
    expect(refusalsOf(planOf([withLook(alpha, { folder: files }), withLook(bravo, { folder: files })]))).toEqual([]);
  });

  test("what is mounted there is told before what the folder holds", () => {
    const [alpha, bravo] = at(folder(["data"]));
    expect(refusalsOf(planOf([alpha, withMount(bravo, "/dev/sdb1", "/srv/data")]))[0]).toBe(
      "bravo: /dev/sdb1 is mounted at /srv/data",
    );
  });
});

describe("as a host tells it", () => {
  const host = capturedHost("connected-uptodate.alpha");
  const seen = ({ files = {}, links = {}, tools = {}, init }: FakeHost, mountPoint = "/srv/my data") => {
    const changed = {
      files: { ...host.files, ...files },
      links: { ...host.links, ...links },
      tools: { ...host.tools, ...tools },
      init,
    };
    return parseProbe(
      nonce,
      probed(changed, { looks: [withVolume(look, { mountPoint })], candidates: [], depth: "close" }),
    );
  };
  const folderOf = (change: FakeHost) => lookOf(seen(change))?.folder;

  test("the folder, and the first names in it, hidden ones too", () => {
    expect(folderOf({ files: { "/srv/my data/.a": "", "/srv/my data/b c": "", "/srv/my data/d/e": "" } })).toEqual({
      kind: "folder",
      at: "/srv/my data",
      real: "/srv/my data",
      holds: ["b c", "d", ".a"],
    });
  });

  test("the nearest folder above that is there", () => {
    expect(folderOf({ files: { "/srv/x/y": "" } })).toMatchObject({ kind: "folder", at: "/srv", holds: ["x"] });
  });

  test("a file in its place, and a link", () => {
    expect(folderOf({ files: { "/srv/my data": "" } })).toEqual({ kind: "not-a-folder", at: "/srv/my data" });
    const link = { files: { "/dev/x/y": "" }, links: { "/srv/my data": "/dev/x" } };
    expect(folderOf(link)).toMatchObject({ at: "/srv/my data", real: "/dev/x" });
  });

  test("room, by what df says", () => {
    const call = "--block-size=1024 --output=avail,iavail,itotal /etc /var/lib /run";
    const says = " Avail IFree Inodes\n  5000    77    900\n 40000     0      0\n   300     -      -\n";
    expect(seen({ tools: { df: { [call]: { says } } } }).room).toEqual([
      { path: "/etc", kibibytes: 5000, files: 77 },
      { path: "/var/lib", kibibytes: 40000 },
      { path: "/run", kibibytes: 300 },
    ]);
    expect(seen({ tools: { df: { [call]: { exit: 1, says: "df: unrecognized option" } } } }).room).toEqual([]);
  });

  test("systemd, by the folder that it keeps", () => {
    expect(seen({}).missing).toEqual([]);
    expect(seen({ init: "another" }).missing).toEqual([noSystemd]);
  });
});
