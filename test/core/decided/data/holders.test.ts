/** Who is told to hold a device or a mount, and which folders are made and taken away, in a real sh. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parseOutcomes, applyScript } from "../../../../provider/core/steps/apply-script";
import { remoteFunctions } from "../../../../provider/core/seen/remote-functions";
import { quote } from "../../../../provider/core/seen/shell-words";
import { shellOf } from "../../../../provider/core/steps/step-script";
import { unmount } from "../../../../provider/core/steps/filesystem-steps";
import { lockedIn, sh, temporaryFolder, withTools } from "../../shell";

const folder = temporaryFolder();
const run = (call: string) => sh(`${remoteFunctions}\n${call}\n`);

describe("who has it in use", () => {
  const place = join(folder, "mounted");
  const file = join(place, "a file");
  let holder: ChildProcess;

  beforeAll(async () => {
    mkdirSync(place);
    writeFileSync(file, "");
    holder = spawn("sh", ["-c", `echo open; exec sleep 60 <${quote(file)}`], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((heard) => holder.stdout?.once("data", heard));
    await new Promise((wake) => setTimeout(wake, 50));
  });
  afterAll(() => holder.kill("SIGKILL"));

  test("a process with a file below the mount point, by its id and name", () => {
    const { stdout } = run(`holders /dev/drbd1 ${quote(place)}`);
    expect(stdout).toBe(`in use: process ${holder.pid} (sleep): ${file}\n`);
  });

  test("a process whose folder it is, and not we ourselves", async () => {
    const inside = spawn("sh", ["-c", "echo in; exec sleep 60"], { cwd: place, stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((heard) => inside.stdout.once("data", heard));
    await new Promise((wake) => setTimeout(wake, 50));
    const { stdout } = run(`cd ${quote(place)}; holders /dev/drbd1 ${quote(place)}`);
    inside.kill("SIGKILL");
    expect(stdout.split("\n").filter((line) => line.includes(`process ${inside.pid} `))).toHaveLength(1);
    expect(stdout).not.toContain(" (sh)");
  });

  test("a process with the device open; a name that only begins alike is another's", () => {
    expect(run(`holders ${quote(file)}`).stdout).toContain(`process ${holder.pid} (sleep)`);
    expect(run(`holders /dev/drbd1 ${quote(place.slice(0, -1))}`).stdout).toBe("");
  });

  describe("a process in another mount namespace", () => {
    const apart = remoteFunctions.replaceAll('readlink("/proc/self/ns/mnt")', '"mnt:[1]"');
    const told = (functions: string) => sh(`${functions}\nholders /dev/drbd1 ${quote(place)}\n`).stdout;

    test("is told where the folder is the same one there", () => {
      expect(apart).not.toBe(remoteFunctions);
      expect(told(apart)).toContain(`process ${holder.pid} (sleep): ${file}`);
    });

    test("is no user where the path leads to another device there, as in a container", () => {
      const elsewhere = apart.replaceAll('(stat "/proc/$proc/$link")[0]', "12345");
      expect(elsewhere).not.toBe(apart);
      expect(told(elsewhere)).toBe("");
    });
  });

  test("those of the services that a move stops are no hindrance", () => {
    const groups = join(folder, "cgroup");
    writeFileSync(groups, "9:name=systemd:/system.slice/web.service\n0::/system.slice/web.service/inner\n");
    const own = remoteFunctions.replaceAll("/proc/$proc/cgroup", groups);
    const passing = (units: string) =>
      sh(`${own}\npassed_units=${quote(units)}; holders /dev/drbd1 ${quote(place)}\n`).stdout;
    expect(own).not.toBe(remoteFunctions);
    expect(passing("db.service web.service")).toBe("");
    for (const units of ["", "db.service", "web", "eb.service"])
      expect(passing(units)).toContain(`process ${holder.pid} `);
  });

  test("nor are the virtual machines that it shuts down, by the names that they have in libvirt", () => {
    const command = join(folder, "cmdline");
    const own = remoteFunctions.replaceAll("/proc/$proc/cmdline", command);
    const passing = (names: string) =>
      sh(`${own}\npassed_guests=${quote(names)}; holders /dev/drbd1 ${quote(place)}\n`).stdout;
    writeFileSync(command, "/usr/bin/qemu-system-x86_64\0-name\0guest=my,,web,debug-threads=on\0-S\0");
    expect(passing("db\nmy,web\n")).toBe("");
    for (const names of ["", "my", "web", "my,web2"]) expect(passing(names)).toContain(`process ${holder.pid} `);
    writeFileSync(command, "/usr/bin/qemu-system-x86_64\0-hda\0guest=my,,web\0");
    expect(passing("my,web")).toContain(`process ${holder.pid} `);
  });

  test("they stand behind what the step that failed has said", () => {
    const step = unmount("alpha", "/dev/drbd1", place, "");
    const script = applyScript("0123456789abcdef01", [shellOf(step)], { token: "me", words: "me" });
    const tools = { umount: 'echo "umount: target is busy."; exit 32' };
    const [outcome] = parseOutcomes(
      "0123456789abcdef01",
      [step],
      sh(withTools(folder, lockedIn(folder, script), tools)).stdout,
    );
    expect(outcome).toMatchObject({ exit: 32 });
    expect(outcome?.output).toBe(`umount: target is busy.\nin use: process ${holder.pid} (sleep): ${file}`);
  });
});

describe("folders to mount on", () => {
  const note = join(folder, "notes/r0.folders");
  const deep = join(folder, "srv/very deep/data");

  test("those that were missing are made and noted; those that were there are not ours", () => {
    expect(run(`make_folder ${quote(deep)} ${quote(note)}`)).toMatchObject({ exit: 0 });
    expect(existsSync(deep)).toBe(true);
    expect(readFileSync(note, "utf8")).toBe(`${deep}\n${join(folder, "srv/very deep")}\n${join(folder, "srv")}\n`);
    expect(run(`make_folder ${quote(deep)} ${quote(note)}`)).toMatchObject({ exit: 0 });
    expect(readFileSync(note, "utf8").split("\n")).toHaveLength(4);
    run(`make_folder ${quote(join(folder, "srv/other"))} ${quote(note)}`);
    expect(readFileSync(note, "utf8").split("\n").slice(-2)).toEqual([join(folder, "srv/other"), ""]);
  });

  test("one goes by itself where it is empty and was noted, and the others stay noted", () => {
    const one = join(folder, "srv/one");
    const noted = () => readFileSync(note, "utf8").split("\n");
    run(`make_folder ${quote(one)} ${quote(note)}`);
    writeFileSync(join(one, "file"), "mine");
    expect(run(`remove_folder ${quote(one)} ${quote(note)}`)).toMatchObject({ exit: 0, stdout: "", stderr: "" });
    expect([existsSync(join(one, "file")), noted().includes(one)]).toEqual([true, true]);
    rmSync(join(one, "file"));
    const before = noted();
    expect(run(`remove_folder ${quote(one)} ${quote(note)}`)).toMatchObject({ exit: 0, stdout: "", stderr: "" });
    expect(existsSync(one)).toBe(false);
    expect(noted()).toEqual(before.filter((path) => path !== one));
    // Not ours, or gone already.
    expect(run(`remove_folder ${quote(folder)} ${quote(note)}`)).toMatchObject({ exit: 0 });
    expect(existsSync(folder)).toBe(true);
  });

  test("they go again, but for one that holds something", () => {
    writeFileSync(join(folder, "srv/other/file"), "mine");
    expect(run(`remove_folders ${quote(note)}`)).toMatchObject({ exit: 0, stdout: "", stderr: "" });
    expect(existsSync(join(folder, "srv/very deep"))).toBe(false);
    expect(existsSync(join(folder, "srv/other/file"))).toBe(true);
    expect(existsSync(join(folder, "notes"))).toBe(false);
    expect(run(`remove_folders ${quote(note)}`)).toMatchObject({ exit: 0 });
  });
});
