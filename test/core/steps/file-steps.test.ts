/** The steps that write files, in a real sh, on a host whose files stand in a folder. */
import { pairOf } from "../one-volume";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { applyScript, parseOutcomes } from "../../../provider/core/steps/apply-script";
import { deviceNames } from "../../../provider/core/seen/parse-fstab";
import {
  fstabPath,
  globalCommonBackupPath,
  globalCommonPath,
  moduleAtBootPath,
  resourcePath,
} from "../../../provider/core/config/paths";
import { ownMark } from "../../../provider/core/config/own-mark";
import { skipSync } from "../../../provider/core/steps/initial-sync-steps";
import type { Step } from "../../../provider/core/steps/plan";
import { shellOf } from "../../../provider/core/steps/step-script";
import { writeConfiguration } from "../../../provider/core/steps/configuration-steps";
import { backUpGlobalCommon, loadModuleAtBoot } from "../../../provider/core/steps/node-steps";
import { tellSyncEnd } from "../../../provider/core/steps/kernel-steps";
import { forgetUnits, writeUnit, removeDropIns, startService } from "../../../provider/core/steps/unit-steps";
import { mount } from "../../../provider/core/steps/filesystem-steps";
import { makeFilesystem } from "../../../provider/core/steps/filesystem-steps";
import { fstabLine, removeFstabLine, writeFstabLine } from "../../../provider/core/steps/fstab-steps";
import { forcePrimary } from "../../../provider/core/steps/promotion-steps";
import { formattingMark } from "../../../provider/core/steps/own-folder";
import { giveBackFile, writeResourceFile } from "../../../provider/core/steps/file-steps";
import { promotionUnits } from "../../../provider/core/steps/boot-units";
import { nonce, rooted } from "../fake-host";
import { r0, secret, xfs } from "../observed-builder";
import { filesAsDisks, lockedIn, sh, withTools } from "../shell";

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "pulumi-drbd-host-")));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const give = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const read = (path: string): string | undefined => {
  try {
    return readFileSync(join(root, path), "latin1");
  } catch {
    return undefined;
  }
};
const modeOf = (path: string): string => (statSync(join(root, path)).mode & 0o7777).toString(8);
const listed = (path: string): string => sh(`ls -A '${join(root, path)}'`).stdout.trim();

const below = (script: string): string => rooted(root, script);
const onlyEtc = (script: string): string => script.replaceAll(/(?<=[ '"=])\/etc\//g, `${root}/etc/`);

/** Runs one step; drbdadm takes whatever it is given and keeps it, unless told otherwise. */
function run(step: Step, tools: Readonly<Record<string, string>> = {}, moved = below) {
  const drbdadm = `[ "$*" = "-c - sh-nop" ] || { echo "not expected: $*"; exit 64; }\ncat >${root}/parsed`;
  const script = moved(filesAsDisks(applyScript(nonce, [shellOf(step)], { token: "me", words: "me" })));
  // These tests may run as root: no script may reach the machine they run on.
  const machines = moved === onlyEtc ? "/etc/" : "/etc/|/var/lib/|/dev/drbd";
  const strayed = script.replaceAll(new RegExp(`${root}(?:${machines})`, "g"), "");
  if (new RegExp(machines).test(strayed)) throw new Error(`a file of the machine's own: ${strayed}`);
  const dangerous = ["mount", "umount", "mkfs.xfs", "systemctl", "modprobe", "apt-get", "drbdmeta", "drbdsetup"];
  const harmless = Object.fromEntries(dangerous.map((name) => [name, "exit 64"]));
  const { stdout } = sh(withTools(root, lockedIn(root, script), { ...harmless, drbdadm, ...tools }));
  const [outcome] = parseOutcomes(nonce, [step], stdout);
  // Of a step that went well nobody is told what it said, but it is kept on the host until the next one.
  const said = read("/output")?.trim();
  if (outcome !== undefined && outcome.exit !== 0) expect(outcome.output).toBe(said);
  return { exit: outcome?.exit, output: said?.replaceAll(root, ""), guarded: outcome?.guarded };
}

const done = { exit: 0, output: "", guarded: false };

describe("a file of drbd's configuration", () => {
  const text = `resource r0 {\n    net {\n        shared-secret "${secret}'$(id)\\";\n    }\n}\n`;
  const step = writeResourceFile("alpha", "r0", text, "new");
  const path = resourcePath("r0");

  test("is parsed together with all else that is installed, but for its own old text, and replaces that", () => {
    give("/etc/drbd.conf", 'include "drbd.d/global_common.conf";\n  include "drbd.d/*.res";\n# kept\n');
    give(globalCommonPath, "global {\n}\n");
    give(path, "the old one\n");
    give("/etc/drbd.d/web.res", "# \0\nresource web {\n}");
    expect(run(step)).toEqual(done);
    expect(read(path)).toBe(text);
    expect(modeOf(path)).toBe("600");
    expect(read("/parsed")).toBe(`global {\n}\nresource web {\n}\n${text}`);
    expect(listed("/etc/drbd.d")).toBe("global_common.conf\nr0.res\nweb.res");
  });

  test("that drbdadm does not take is not installed, and its complaint is told", () => {
    give(path, "the old one\n");
    const drbdadm = "cat >/dev/null; echo 'STDIN:7: Parse error' >&2; exit 10";
    expect(run(step, { drbdadm })).toEqual({ exit: 10, output: "STDIN:7: Parse error", guarded: false });
    expect(read(path)).toBe("the old one\n");
  });

  test("on a disk that is full: the old file stays, and the step fails", () => {
    give(path, "the old one\n");
    const { exit } = run(step, { sync: "echo no space >&2; exit 1" });
    expect(exit).not.toBe(0);
    expect(read(path)).toBe("the old one\n");
    expect(listed("/etc/drbd.d")).toBe("r0.res");
  });

  test("that did not arrive whole is told", () => {
    const { exit } = run(step, { mv: `head -c 20 "$2" >"$3"` });
    expect(exit).not.toBe(0);
  });

  test("global_common.conf is not parsed twice, and may be read by all", () => {
    give(globalCommonPath, "the old one\n");
    give("/etc/drbd.d/web.res", "resource web {\n}\n");
    expect(run(writeConfiguration("alpha", globalCommonPath, "global {\n}\n", 0o644, "new"))).toEqual(done);
    expect(read("/parsed")).toBe("resource web {\n}\nglobal {\n}\n");
    expect(modeOf(globalCommonPath)).toBe("644");
  });

  test("is parsed without files of ours that other steps mend", () => {
    give("/etc/drbd.d/web.res", "resource web {\n}\n");
    give("/etc/drbd.d/old.res", "# Managed by pulumi-drbd\nresource old {\n}\n");
    const beside = { unread: ["/etc/drbd.d/old.res"] };
    expect(run(writeConfiguration("alpha", globalCommonPath, "global {\n}\n", 0o644, "new", beside))).toEqual(done);
    expect(read("/parsed")).toBe("resource web {\n}\nglobal {\n}\n");
  });

  test("is parsed together with all that includes lead to, from the folder of each file that has one", () => {
    give(
      "/etc/drbd.conf",
      'global { } include "drbd.d/*.conf"; # include "drbd.d/no.res";\ninclude\n  "drbd.d/no*.res" ;',
    );
    give("/etc/drbd.d/a.conf", 'include "pairs/*.res"; include "a.conf"; include drbd.conf;');
    give("/etc/drbd.d/pairs/web.res", 'resource web { net { shared-secret "#;{include \\"x\\";"; } }');
    give("/etc/drbd.d/pairs/tpl.res", 'resource tpl { template-file "x.tpl"; }');
    give("/etc/drbd.d/never.res", "resource never { }");
    expect(run(step)).toEqual(done);
    const folder = join(root, "/etc/drbd.d");
    expect(read("/parsed")?.replaceAll(/\s*\n\s*/g, "\n")).toBe(
      `global { }\nresource tpl { template-file "${folder}/pairs/x.tpl"; }\nresource web { net { shared-secret "#;{include \\"x\\";"; } }\ninclude "${folder}/drbd.conf";\n${text.replaceAll(/\n\s*/g, "\n")}`,
    );
  });

  describe("that takes the place of somebody's", () => {
    const kept = `${path}.before-pulumi-drbd`;
    const over = writeResourceFile("alpha", "r0", text, "theirs is kept", { replaces: { path, kept } });

    test("of the same name: theirs is kept beside, with its mode", () => {
      give(path, "theirs\n");
      chmodSync(join(root, path), 0o640);
      expect(run(over)).toEqual(done);
      expect([read(path), read(kept), modeOf(kept)]).toEqual([text, "theirs\n", "640"]);
    });

    test("goes on where a run was stopped before ours was written", () => {
      give(path, "theirs\n");
      linkSync(join(root, path), join(root, kept));
      expect(run(over)).toEqual(done);
      expect([read(path), read(kept)]).toEqual([text, "theirs\n"]);
    });

    test("of another name: the two change places", () => {
      const other = "/etc/drbd.d/storage.res";
      give(other, "theirs\n");
      const replaces = { path: other, kept: `${other}.before-pulumi-drbd` };
      expect(run(writeResourceFile("alpha", "r0", text, "x", { replaces }))).toEqual(done);
      expect([read(path), read(other), read(replaces.kept)]).toEqual([text, undefined, "theirs\n"]);
    });

    test("what is kept under that name already is never written over", () => {
      give(path, "theirs\n");
      give(kept, "older\n");
      expect(run(over).exit).not.toBe(0);
      expect([read(path), read(kept)]).toEqual(["theirs\n", "older\n"]);
    });

    test("theirs, once again in its place when it is given back", () => {
      give(path, "theirs\n");
      run(over);
      expect(run(giveBackFile("alpha", { path, kept }, "yours"))).toEqual(done);
      expect([read(path), read(kept)]).toEqual(["theirs\n", undefined]);
    });
  });

  test("its text is in none of what is shown", () => {
    expect(JSON.stringify([step.argv, step.because])).not.toContain(secret);
  });
});

describe("a backup of global_common.conf", () => {
  const step = backUpGlobalCommon("alpha", globalCommonBackupPath, "kept");
  test.each([
    ["somebody's is kept", "theirs\n", undefined, "theirs\n"],
    ["ours is no backup", `# ${ownMark}: x\n`, undefined, undefined],
    ["the first one stays", "later\n", "first\n", "first\n"],
    ["there is none to keep", undefined, undefined, undefined],
  ])("%s", (_what, there, before, after) => {
    give("/etc/drbd.d/x", "");
    if (there !== undefined) give(globalCommonPath, there);
    if (before !== undefined) give(globalCommonBackupPath, before);
    expect(run(step)).toEqual(done);
    expect(read(globalCommonBackupPath)).toBe(after);
    expect(read(globalCommonPath)).toBe(there);
  });

  test("stays what it was when ours takes its place", () => {
    give(globalCommonPath, "theirs\n");
    expect(run(step)).toEqual(done);
    expect(run(writeConfiguration("alpha", globalCommonPath, "global {\n}\n", 0o644, "new"))).toEqual(done);
    expect([read(globalCommonPath), read(globalCommonBackupPath)]).toEqual(["global {\n}\n", "theirs\n"]);
  });

  test("that cannot be made is told", () => {
    give(globalCommonPath, "theirs\n");
    expect(run(step, { ln: "echo no room; exit 1" })).toEqual({ exit: 1, output: "no room", guarded: false });
  });
});

describe("fstab", () => {
  const others =
    "# caf\xe9 \xff\n/dev/vda / ext4 defaults 0 1\n\n/dev/drbd10 /a xfs noauto 0 0\n # /dev/drbd1 /b xfs noauto 0 0\n";
  const own = "x-systemd.requires=drbd-primary@r0.service";
  const line = `/dev/drbd1 /srv/data xfs noatime,nofail,${own} 0 0`;
  const words = deviceNames({ name: "r0", volume: 0, minor: 1 });
  const write = writeFstabLine("alpha", pairOf(r0), words, line, tmpdir(), "mounted at boot");
  const remove = removeFstabLine("alpha", words, "gone", false);
  // The paths in the lines are the host's, not the folder's.
  const edit = (step: Step, tools?: Readonly<Record<string, string>>) => run(step, tools, onlyEtc);
  const latin1 = (text: string) => {
    give(fstabPath, "");
    writeFileSync(join(root, fstabPath), text, "latin1");
  };

  test("a line is added, all else stays byte for byte", () => {
    latin1(others);
    expect(edit(write)).toEqual(done);
    expect(read(fstabPath)).toBe(`${others}${line}\n`);
    expect(modeOf(fstabPath)).toBe("644");
  });

  test("a line of ours is replaced, however it is written", () => {
    latin1(`/dev/drbd1\t/old xfs ${own} 0 0\n${others}/dev/drbd1 /older xfs a,${own},b 0 0\n`);
    expect(edit(write)).toEqual(done);
    expect(read(fstabPath)).toBe(`${others}${line}\n`);
    expect(edit(write)).toEqual(done);
    expect(read(fstabPath)).toBe(`${others}${line}\n`);
  });

  test.each(["/dev/drbd1", "/dev/drbd/by-res/r0", "/dev/drbd/by-res/r0/0"])(
    "somebody's line of %s becomes a comment in its place, and a line again when it is given back",
    (device) => {
      const theirs = `${device}\t/srv/my\\040data  xfs defaults 0 0\n`;
      latin1(`${theirs}${others}`);
      expect(edit(write)).toEqual(done);
      expect(read(fstabPath)).toBe(`# before pulumi-drbd: ${theirs}${others}${line}\n`);
      expect(edit(write)).toEqual(done);
      expect(read(fstabPath)).toBe(`# before pulumi-drbd: ${theirs}${others}${line}\n`);
      expect(edit(remove)).toEqual(done);
      expect(read(fstabPath)).toBe(`# before pulumi-drbd: ${theirs}${others}`);
      expect(
        edit(removeFstabLine("alpha", deviceNames({ name: "other", volume: 0, minor: 11 }), "gone", true)),
      ).toEqual(done);
      expect(read(fstabPath)).toBe(`# before pulumi-drbd: ${theirs}${others}`);
      expect(edit(removeFstabLine("alpha", words, "gone", true))).toEqual(done);
      expect(read(fstabPath)).toBe(`${theirs}${others}`);
    },
  );

  test.each(["UUID=1f0c-ab", "LABEL=my\\040data", "/dev/disk/by-label/my\\x20data", 'LABEL="data"'])(
    "so does a line of the word %s, which the plan found to mean the device",
    (word) => {
      const theirs = `${word} /srv/data xfs defaults 0 0\n`;
      latin1(`${theirs}${others}`);
      expect(edit(writeFstabLine("alpha", pairOf(r0), [...words, word], line, tmpdir(), ""))).toEqual(done);
      expect(read(fstabPath)).toBe(`# before pulumi-drbd: ${theirs}${others}${line}\n`);
      expect(edit(removeFstabLine("alpha", [...words, word], "gone", true))).toEqual(done);
      expect(read(fstabPath)).toBe(`${theirs}${others}`);
    },
  );

  test("somebody's line stays one where ours goes and theirs was never taken", () => {
    latin1(`/dev/drbd1 /theirs xfs defaults 0 0\n${line}\n`);
    expect(edit(remove)).toEqual(done);
    expect(read(fstabPath)).toBe("/dev/drbd1 /theirs xfs defaults 0 0\n");
  });

  test("a last line without an end is not joined", () => {
    latin1("/dev/vda / ext4 defaults 0 1");
    expect(edit(write)).toEqual(done);
    expect(read(fstabPath)).toBe(`/dev/vda / ext4 defaults 0 1\n${line}\n`);
  });

  test("an empty one", () => {
    latin1("");
    expect(edit(write)).toEqual(done);
    expect(read(fstabPath)).toBe(`${line}\n`);
    expect(edit(remove)).toEqual(done);
    expect(read(fstabPath)).toBe("");
  });

  test("none is told", () => {
    give("/etc/x", "");
    expect(edit(write)).toMatchObject({ exit: 1, output: expect.stringContaining("No such file") as string });
  });

  test("removed: all else stays byte for byte", () => {
    latin1(`${others}${line}\n/dev/drbd1\t/x xfs ${own} 0 0\n`);
    expect(edit(remove)).toEqual(done);
    expect(read(fstabPath)).toBe(others);
  });

  test.each([
    ["written", write],
    ["removed", remove],
  ])("when it cannot be read whole it stays as it is: a line is %s", (_what, step) => {
    latin1(`${others}${line}\n`);
    const failing = edit(step, { awk: "head -n 1; exit 2" });
    expect(failing.exit).not.toBe(0);
    expect(read(fstabPath)).toBe(`${others}${line}\n`);
  });
});

test("the line: noauto and nofail, so that no boot mounts it or hangs on it, and promoted before it is mounted", () => {
  expect(fstabLine(pairOf(r0), "alpha", xfs, "/srv/data")).toBe(
    "/dev/drbd1 /srv/data xfs defaults,noatime,noauto,nofail,_netdev,x-systemd.requires=drbd-primary@r0.target,x-systemd.requires=drbd-primary@r0.service,x-systemd.after=drbd@r0.service,x-systemd.device-timeout=90,x-systemd.mount-timeout=600 0 0",
  );
  expect(fstabLine(pairOf(r0), "alpha", { ...xfs, mountOptions: [] }, "/srv/data")).toBe(
    "/dev/drbd1 /srv/data xfs noauto,nofail,_netdev,x-systemd.requires=drbd-primary@r0.target,x-systemd.requires=drbd-primary@r0.service,x-systemd.after=drbd@r0.service,x-systemd.device-timeout=90,x-systemd.mount-timeout=600 0 0",
  );
  const limited = { ...xfs, mountOptions: ["x-systemd.mount-timeout=2h"] };
  expect(fstabLine(pairOf(r0), "alpha", limited, "/srv/data")).toMatch(
    / x-systemd\.mount-timeout=2h,noauto,.*,x-systemd\.device-timeout=90 0 0$/,
  );
});

test("other files are written as they are", () => {
  for (const unit of promotionUnits) {
    expect(run(writeUnit("alpha", unit, "x"))).toEqual(done);
    // The folders that its scripts name are moved, too.
    expect(read(unit.path)).toBe(below(unit.text).replaceAll("/run/pulumi-drbd", root));
  }
  expect(run(loadModuleAtBoot("alpha", "x"))).toEqual(done);
  expect(read(moduleAtBootPath)).toBe("drbd\n");
});

describe("the mark that a device may be formatted", () => {
  const mark = formattingMark({ name: "r0", volume: 0 });
  const gi = (current: string) => `${current}:0000000000000000:0000000000000000:0000000000000000:0`;
  const begun = "F2099469C0D6C689";
  const drbdadm = `case $1 in get-gi) echo $(cat "$0.gi" 2>/dev/null || echo ${gi("0000000000000004")}) ;; *) echo "$*"; echo ${gi(begun)} >"$0.gi" ;; esac`;
  const open = { drbdadm, drbdsetup: "echo ' connection:Connected disk:Inconsistent peer-disk:Inconsistent'" };
  const shut = { drbdadm, drbdsetup: "echo ' connection:StandAlone disk:Inconsistent peer-disk:Inconsistent'" };

  test("holds the generation that the force began, and goes when the device is formatted", () => {
    expect(run(forcePrimary("alpha", "r0", [pairOf(r0)], "x"), open)).toEqual({
      ...done,
      output: "primary --force r0",
    });
    expect(read(mark)).toBe(`${begun}\n`);
    give("/dev/drbd1", "\0".repeat(4096));
    const formatted = run(makeFilesystem("alpha", pairOf(r0), xfs, [], "x"), { "mkfs.xfs": 'echo "$*"' });
    expect(formatted).toEqual({ ...done, output: "-L data /dev/drbd1" });
    expect(read(mark)).toBeUndefined();
  });

  test("has its place on the disk before the device is forced, and is there when the step is over", () => {
    const sync = 'for one; do if [ -d "$one" ]; then echo "the folder with $(ls "$one")"; else cat "$one"; fi; done';
    const forced = run(forcePrimary("alpha", "r0", [pairOf(r0)], "x"), { ...open, sync });
    const output = ["the folder with r0.new", "0000000000000004", "primary --force r0", begun].join("\n");
    expect(forced).toEqual({ ...done, output });
  });

  test("has no place on a full disk: nothing is forced", () => {
    const forced = run(forcePrimary("alpha", "r0", [pairOf(r0)], "x"), { ...open, sync: "exit 1" });
    expect(forced).toEqual({ exit: 1, output: "", guarded: false });
  });

  test("names no generation where the force fails", () => {
    const failing = { ...open, drbdadm: `case $1 in get-gi) echo ${gi("0000000000000004")} ;; *) exit 11 ;; esac` };
    expect(run(forcePrimary("alpha", "r0", [pairOf(r0)], "x"), failing).exit).toBe(11);
    expect(read(mark)).toBe("0000000000000004\n");
  });

  const together = { drbdadm, drbdsetup: "echo ' connection:Connected disk:UpToDate peer-disk:UpToDate'" };
  const skipped = (tools: Readonly<Record<string, string>>, pair = pairOf(r0)) =>
    run({ ...skipSync(pair, pair.sides[0], "x"), guard: undefined }, tools);

  test("holds the generation that a skipped sync began, once its place is on the disk", () => {
    const sync = 'for one; do if [ -d "$one" ]; then echo "the folder with $(ls "$one")"; else cat "$one"; fi; done';
    const output = ["the folder with r0.new", "0000000000000004", "new-current-uuid --clear-bitmap r0/0", begun];
    expect(skipped({ ...together, sync })).toEqual({ ...done, output: output.join("\n") });
    expect(read(mark)).toBe(`${begun}\n`);
  });

  test.each<[string, Readonly<Record<string, string>>, object, string | undefined]>([
    ["on a full disk nothing is begun", { ...together, sync: "exit 1" }, { exit: 1, output: "" }, "0000000000000004\n"],
    [
      "where the kernel refuses, it names no generation",
      { ...together, drbdadm: `case $1 in get-gi) echo ${gi("0000000000000004")} ;; *) exit 10 ;; esac` },
      { exit: 10 },
      "0000000000000004\n",
    ],
    [
      "where the peer is not UpToDate after it, that is told",
      { ...together, sleep: "exit 0", drbdsetup: "echo ' connection:Connected disk:UpToDate peer-disk:Inconsistent'" },
      {
        exit: 1,
        output: expect.stringContaining(
          "r0/0 is Connected/UpToDate/Inconsistent here, not Connected/UpToDate",
        ) as string,
      },
      `${begun}\n`,
    ],
  ])("a skipped sync: %s", (_what, tools, result, marked) => {
    expect(skipped(tools)).toMatchObject(result);
    expect(read(mark)).toBe(marked);
  });

  test("a skipped sync without a filesystem leaves none", () => {
    expect(skipped(together, pairOf({ ...r0, filesystem: undefined }))).toEqual({
      ...done,
      output: "new-current-uuid --clear-bitmap r0/0",
    });
    expect(read(mark)).toBeUndefined();
  });

  test("stays when mkfs fails or is not run", () => {
    give(mark, "");
    give("/dev/drbd1", "\0".repeat(4096));
    expect(run(makeFilesystem("alpha", pairOf(r0), xfs, [], "x"), { "mkfs.xfs": "exit 1" }).exit).toBe(1);
    expect(read(mark)).toBe("");
    give("/dev/drbd1", "not blank");
    const guarded = run(makeFilesystem("alpha", pairOf(r0), xfs, [], "x"), { "mkfs.xfs": "echo ran" });
    expect(guarded).toMatchObject({ guarded: true, output: "/dev/drbd1 is not blank any more: data 0" });
    expect(read(mark)).toBe("");
  });

  test("goes when what is there is mounted, and stays when it cannot be", () => {
    give(mark, "");
    give("/srv/x", "");
    give("/proc/self/mountinfo", "22 1 254:0 / / rw - ext4 /dev/vda rw\n");
    expect(run(mount("alpha", pairOf(r0), "/srv/data", "x"), { mount: "exit 32" }).exit).toBe(32);
    expect(read(mark)).toBe("");
    expect(run(mount("alpha", pairOf(r0), "/srv/data", "x"), { mount: '[ -d "$1" ]' })).toEqual(done);
    expect(read(mark)).toBeUndefined();
  });

  const notMounted = "22 1 254:0 / / rw - ext4 /dev/vda rw\n";

  test.each([
    ["the line has changed since", "LoadState=loaded\nNeedDaemonReload=yes\nWhat=/dev/drbd1"],
    ["systemd knows no such line", "LoadState=not-found\nNeedDaemonReload=no\nWhat="],
    ["its unit is one of another device", "LoadState=loaded\nNeedDaemonReload=no\nWhat=/dev/drbd11"],
    ["systemd does not answer", ""],
  ])("mount does it where %s", (_what, known) => {
    give("/srv/x", "");
    give("/proc/self/mountinfo", notMounted);
    const systemctl = `case $1 in show) printf '%s' '${below(known)}' ;; *) echo "systemctl $*" ;; esac`;
    const mounted = run(mount("alpha", pairOf(r0), "/srv/data", "x"), { systemctl, mount: "echo by hand; exit 32" });
    expect(mounted).toMatchObject({ exit: 32, output: "by hand" });
  });

  test.each([
    ["147:1 / /srv/data rw - xfs /dev/any", 0, ""],
    // A btrfs has a number of its own.
    ["0:38 / /srv/data rw shared:40 - btrfs /dev/drbd1", 0, ""],
    [
      "0:38 / /srv/data rw - btrfs /dev/drbd11",
      1,
      "srv-data.mount is active, and what is seen at /srv/data is not /dev/drbd1",
    ],
    [
      "8:1 / /srv/data rw - xfs /dev/any",
      1,
      "srv-data.mount is active, and what is seen at /srv/data is not /dev/drbd1",
    ],
  ])("systemd does it where it has read the line, and this is mounted then: %s", (line, exit, output) => {
    give("/srv/x", "");
    give("/proc/self/mountinfo", notMounted);
    const start = below(`echo '90 22 ${line} rw' >>/proc/self/mountinfo`);
    const known = below("LoadState=loaded\nNeedDaemonReload=no\nWhat=/dev/drbd1");
    const systemctl = `case "$*" in show*) printf '%s' '${known}' ;; "start --job-mode=ignore-dependencies srv-data.mount") ${start} ;; *) exit 64 ;; esac`;
    const mounted = run(mount("alpha", pairOf(r0), "/srv/data", "x"), { systemctl, mount: "echo by hand; exit 32" });
    expect(mounted).toMatchObject({ exit, output });
  });

  const made = "/run/systemd/generator/srv-data.mount";
  test.each<[string, () => void, string]>([
    ["", () => undefined, "started"],
    [
      "by hand, since fstab has changed after that",
      () => {
        const later = new Date(Date.now() + 60_000);
        utimesSync(join(root, "/etc/fstab"), later, later);
      },
      "by hand",
    ],
    [
      "by hand, since the unit is of another device",
      () => {
        give(made, "[Mount]\nWhat=/dev/drbd11\n");
      },
      "by hand",
    ],
    [
      "by hand, since somebody has a unit of that name",
      () => {
        give("/etc/systemd/system/srv-data.mount", "");
      },
      "by hand",
    ],
    [
      "by hand, since there is one until the next boot",
      () => {
        give("/run/systemd/system/srv-data.mount", "");
      },
      "by hand",
    ],
  ])(
    "systemd is not asked where its own file shows that it has read the line; else mounted %s",
    (_what, change, how) => {
      give("/srv/x", "");
      give("/proc/self/mountinfo", notMounted);
      give("/etc/fstab", "");
      give(made, below("[Mount]\nWhat=/dev/drbd1\nWhere=/srv/data\n"));
      change();
      const systemctl = `case $1 in show) exit 1 ;; *) echo started; exit 1 ;; esac`;
      const mounted = run(mount("alpha", pairOf(r0), "/srv/data", "x"), { systemctl, mount: "echo by hand; exit 32" });
      expect(mounted.output).toContain(how);
      expect(mounted.output).not.toContain(how === "started" ? "by hand" : "started");
    },
  );

  test.each([
    ["the device is mounted there already", "147:1 / /srv/data", 0],
    ["another device is mounted there", "147:11 / /srv/data", 32],
    ["another device was mounted over it", "147:1 / /srv/data rw - xfs /dev/drbd1 rw\n91 22 8:1 / /srv/data", 32],
    ["the device is mounted elsewhere", "147:1 / /srv/data2", 32],
  ])("mount fails, and %s", (_what, line, exit) => {
    give("/srv/data/x", "");
    give("/proc/self/mountinfo", `22 1 254:0 / / rw - ext4 /dev/vda rw\n90 22 ${below(line)} rw - xfs /dev/any rw\n`);
    const said = "mount: /srv/data: /dev/drbd1 already mounted on /srv/data.";
    const mounted = run(mount("alpha", pairOf(r0), "/srv/data", "x"), { mount: `echo '${said}' >&2; exit 32` });
    expect(mounted).toMatchObject({ exit, output: exit === 0 ? "" : said });
  });

  test("is not made where the gate stays shut, or nothing will be formatted", () => {
    expect(run(forcePrimary("alpha", "r0", [pairOf(r0)], "x"), shut)).toMatchObject({ guarded: true });
    expect(read(mark)).toBeUndefined();
    expect(run(forcePrimary("alpha", "r0", [pairOf({ ...r0, filesystem: undefined })], "x"), open).exit).toBe(0);
    expect(read(mark)).toBeUndefined();
  });
});

describe("telling a sync source that its sync is over", () => {
  const drbdadm = 'echo "$*"';
  const events = (disk: string) =>
    `echo ' connection:Connected disk:${disk} peer-disk:UpToDate replication:Established'`;

  test("a pause that is taken back at once, in that order", () => {
    expect(run(tellSyncEnd("bravo", "r0", ["r0"], "x"), { drbdadm, drbdsetup: events("UpToDate") })).toEqual({
      ...done,
      output: "pause-sync r0\nresume-sync r0",
    });
  });

  test("never while the sync runs: nothing is paused", () => {
    const step = run(tellSyncEnd("bravo", "r0", ["r0"], "x"), { drbdadm, drbdsetup: events("Inconsistent") });
    expect(step).toMatchObject({ guarded: true });
    expect(step.output).not.toContain("pause-sync");
  });
});

describe("units of a resource that runs on", () => {
  const step = forgetUnits("alpha", ["drbd-primary@r0.target", "drbd-primary@r0.service"], "x");
  const folder = "/run/systemd/system";
  /** systemd as it reads what stands in the folder when it is told to. */
  const systemd = (loaded: string) => ({
    systemctl: `case $1 in
  daemon-reload) ${loaded} ;;
  show) cat ${root}/loaded ;;
  *) echo "$*" ;;
esac`,
  });
  const reads = () =>
    `sed -n 's/^Exec[A-Za-z]*=//p' ${root}${folder}/drbd-primary@r0.service.d/*.conf | grep . >${root}/loaded || :`;

  test("are stopped beside all dependencies, once systemd has read that they have no stop commands; nothing is left", () => {
    give(`${folder}/other`, "");
    expect(run(step, systemd(reads()))).toEqual({
      ...done,
      output: "stop --job-mode=ignore-dependencies drbd-primary@r0.target drbd-primary@r0.service",
    });
    expect(listed(folder)).toBe("other");
  });

  test("are not stopped where systemd would run a stop command still", () => {
    const stubborn = `echo '{ path=/bin/sh ; argv[]=drbdadm secondary r0 }' >${root}/loaded`;
    const { exit, output } = run(step, systemd(stubborn));
    expect(exit).toBe(1);
    expect(output).toBe(
      "systemd would run this still, to stop drbd-primary@r0.service: { path=/bin/sh ; argv[]=drbdadm secondary r0 }",
    );
  });

  test("are not stopped where systemd cannot read its files", () => {
    expect(run(step, systemd("exit 5"))).toMatchObject({ exit: 5, output: "" });
  });
});

describe("a service", () => {
  const step = startService("alpha", "r0", "web.service", "x");
  const systemctl = (start: number) =>
    `case "$*" in "start web.service") exit ${start} ;; start*) echo target ;; "status "*) echo "web: no luck today"; exit 3 ;; *) exit 64 ;; esac`;

  test("is started, and then its target", () => {
    expect(run(step, { systemctl: systemctl(0) })).toEqual({ ...done, output: "target" });
  });

  test("that fails is told with what systemd knows of it, and fails the step", () => {
    expect(run(step, { systemctl: systemctl(1) })).toEqual({ exit: 1, output: "web: no luck today", guarded: false });
  });

  test("what stands beside units goes, with the folders that hold nothing else", () => {
    const folder = "/etc/systemd/system";
    give(`${folder}/web.service.d/pulumi-drbd-r0.conf`, "ours\n");
    give(`${folder}/db.service.d/pulumi-drbd-r0.conf`, "ours\n");
    give(`${folder}/db.service.d/mine.conf`, "theirs\n");
    const paths = ["web", "db"].map((name) => `${folder}/${name}.service.d/pulumi-drbd-r0.conf`);
    expect(run(removeDropIns("alpha", paths, "x"))).toEqual(done);
    expect(listed(folder)).toBe("db.service.d");
    expect(listed(`${folder}/db.service.d`)).toBe("mine.conf");
  });
});
