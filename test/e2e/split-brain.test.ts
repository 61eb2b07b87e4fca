/** A split brain that a person decides in the program: `giveUp`, with a copy of what goes. */
import { Lab } from "../../lab/lab";
import type { MachineName } from "../../lab/machines";
import { drbdState, eventually, mountedAt } from "./machine";
import { expectPasted, saidOf } from "./pasted";
import { MOUNT_POINT, siteOf, withResource, type Site, type SiteResource } from "./site";
import { Stack, changesOf, expectSuccess } from "./stack";

jest.setTimeout(1_000_000);

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = await siteOf(lab);
  stack = await Stack.create(site);
  expectSuccess(await stack.up());
});

afterAll(async () => {
  await stack.remove();
});

const configure = (change: Partial<SiteResource>) => stack.configure(withResource(site, change));

/** Both write, each without the other, and then they meet: the file is of the one that wrote it alone. */
async function part(round: string): Promise<void> {
  await lab.cutLink();
  await eventually(() => drbdState(lab, "bravo"), /^cs:WFConnection /, 60);
  await lab.run("alpha", `echo alpha >${MOUNT_POINT}/of-alpha-${round} && sync ${MOUNT_POINT}`);
  await lab.run(
    "bravo",
    `drbdadm primary --force r0 && mount ${MOUNT_POINT} && echo bravo >${MOUNT_POINT}/of-bravo-${round} && sync ${MOUNT_POINT}`,
  );
  await lab.restoreLink();
  await eventually(async () => `${await drbdState(lab, "alpha")} ${await drbdState(lab, "bravo")}`, /StandAlone/, 60);
}

const demote = (name: MachineName) =>
  lab.run(name, `umount ${MOUNT_POINT}; systemctl stop drbd-primary@r0; drbdadm secondary r0`);

async function healed(kept: MachineName): Promise<void> {
  expect(await eventually(() => drbdState(lab, kept), /ds:UpToDate\/UpToDate /, 60)).toMatch(
    /^cs:Connected ro:Primary\/Secondary ds:UpToDate\/UpToDate /,
  );
  expect(await mountedAt(lab, kept, MOUNT_POINT)).toBe("/dev/drbd1 xfs");
}

test("the refusal offers a line for each side; a Primary is not given up; the copy holds what went", async () => {
  await part("first");
  const refused = await stack.up();
  expect(refused.code).not.toBe(0);
  for (const host of ["alpha", "bravo"])
    expect(refused.output).toMatch(
      new RegExp(
        `${host}: Primary, mounted on /srv/data; apart since [\\d-]+ [\\d:]+, by its kernel's log; by its bitmap \\d+\\.\\d MiB are changed or missing there; the file that was written last is /srv/data/of-${host}-first \\(`,
      ),
    );
  await expectPasted("split-brain.md", "split-refused", saidOf(refused.output, "r0"));
  const [, generation = ""] = /`giveUp: \{ bravo: "([0-9A-F]{16})" \}` gives up bravo's/.exec(refused.output) ?? [];
  expect(generation).not.toBe("");
  expect(refused.output).toMatch(/`giveUp: \{ alpha: "[0-9A-F]{16}" \}` gives up alpha's/);
  const giveUp = { bravo: generation };
  await configure({ giveUp, keep: "/var/backups/r0-before" });
  const primary = await stack.up();
  expect(primary.code).not.toBe(0);
  expect(primary.output).toContain("bravo: r0 is Primary there, and what it holds is to be given up");
  await demote("bravo");
  await configure({ giveUp });
  expect((await stack.up()).output).toContain("`keep` does not say whether a copy is kept");
  await configure({ giveUp, keep: "/var/backups/r0-before" });
  const preview = expectSuccess(await stack.preview());
  await expectPasted("split-brain.md", "split-preview", saidOf(preview.output, "r0"));
  expect(preview.output).toMatch(/DESTROYS bravo's r0 in generation [0-9A-F]{16}, of which \d+ KiB differ/);
  expect(preview.output).toMatch(/bravo +drbdadm connect --discard-my-data r0/);
  expectSuccess(await stack.up());
  await healed("alpha");
  expect((await lab.run("alpha", `ls ${MOUNT_POINT}`)).stdout.split("\n")).toContain("of-alpha-first");
  expect((await lab.run("alpha", `ls ${MOUNT_POINT}`)).stdout).not.toContain("of-bravo-first");
  // The copy is what bravo held.
  const inCopy = await lab.run(
    "bravo",
    "mkdir -p /root/there && mount -o loop,ro,norecovery,nouuid /var/backups/r0-before /root/there && cat /root/there/of-bravo-first; umount /root/there",
  );
  expect(inCopy.stdout.trim()).toBe("bravo");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("the line of last time gives nothing up; the other side is given up, without a copy", async () => {
  await part("second");
  await demote("alpha");
  const stale = await stack.up();
  expect(stale.code).not.toBe(0);
  expect(stale.output).toMatch(/`giveUp` names [0-9A-F]{16}, and r0 is in generation [0-9A-F]{16} there/);
  await configure({});
  const refused = await stack.up();
  const [, generation = ""] = /`giveUp: \{ alpha: "([0-9A-F]{16})" \}` gives up alpha's/.exec(refused.output) ?? [];
  await configure({ giveUp: { alpha: generation }, keep: "none" });
  expectSuccess(await stack.up());
  await healed("bravo");
  const files = (await lab.run("bravo", `ls ${MOUNT_POINT}`)).stdout.split("\n");
  expect(files).toContain("of-bravo-second");
  expect(files).not.toContain("of-alpha-second");
  // The line stays in the site's file, and means nothing more.
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});
