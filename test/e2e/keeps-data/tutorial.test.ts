/** The pair of an old tutorial, word for word: its options in `common`, its fstab line, a partition. Taken over, and what a destroy leaves of it. */
import { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";
import { drbdState, eventually } from "../machine";
import { diagnosticsOf } from "../output";
import { siteOf, withResource, type Site } from "../site";
import { fstabLine, makeTutorialsPair, tutorialsCommon } from "../take-over/tutorials-pair";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

const line = fstabLine("defaults");

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.reset("utils");
  site = withResource(await siteOf(lab), {
    disks: { alpha: "/dev/vdb1", bravo: "/dev/vdb1" },
    filesystem: { mountPoint: "/srv/vm" },
  });
  stack = await Stack.create(site);
});
afterAll(() => stack.remove());

const links = async () =>
  Promise.all(
    MACHINES.map(async (name) => (await lab.run(name, "drbdadm sh-udev minor-1 | grep ^RESOURCE=")).stdout.trim()),
  );
const filesOf = async (name: (typeof MACHINES)[number]) => {
  const { stdout } = await lab.run(name, "cd /etc/drbd.d; ls; cat global_common.conf r0.res; grep /srv/vm /etc/fstab");
  return stdout;
};

test("a preview names all that goes, `up` keeps data and files, and after `destroy` the files are there", async () => {
  const { sum, resource } = await makeTutorialsPair(lab);
  const before = { links: await links(), files: await Promise.all(MACHINES.map(filesOf)) };
  expect(before.links).toEqual(["RESOURCE=r0", "RESOURCE=r0"]);

  const preview = expectSuccess(await stack.preview());
  const told = diagnosticsOf(preview, "r0").join("\n");
  for (const part of [
    "protocol A → protocol C",
    "- split-brain",
    "takes the place of yours, which is kept as /etc/drbd.d/r0.res.before-pulumi-drbd",
    `takes the place of \`${line}\`, which stays there as a comment`,
    "takes the place of `UUID=",
    "to keep it, set `protocol: A` on the resource",
  ])
    expect(told).toContain(part);
  expect(await Promise.all(MACHINES.map(filesOf))).toEqual(before.files);

  expectSuccess(await stack.up());
  expect((await lab.run("alpha", "sha256sum /srv/vm/file")).stdout).toBe(sum);
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----");
  expect(await links()).toEqual(before.links);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  for (const name of MACHINES) {
    const kept = await lab.run(
      name,
      "cat /etc/drbd.d/r0.res.before-pulumi-drbd; grep -c '^# before pulumi-drbd: .* /srv/vm ' /etc/fstab",
    );
    expect(kept.stdout).toBe(`${resource}1\n`);
  }

  // With other options than before it does not run by the old files any more: they stay beside.
  const destroyed = expectSuccess(await stack.destroy());
  expect(destroyed.output).toContain("stays there and is not put back as /etc/drbd.d/r0.res: `drbdadm adjust` with it");
  for (const name of MACHINES) {
    const there = await lab.run(
      name,
      "cd /etc/drbd.d; ls; cat global_common.conf r0.res.before-pulumi-drbd; drbdadm sh-resources",
    );
    expect(there.stdout.trim()).toBe(
      `global_common.conf\nr0.res.before-pulumi-drbd\n${tutorialsCommon}${resource}`.trim(),
    );
    expect(await drbdState(lab, name)).toBe("");
  }
  // By which the pair is what it was.
  for (const name of MACHINES)
    await lab.run(
      name,
      "cd /etc/drbd.d; mv r0.res.before-pulumi-drbd r0.res; sed -i 's/^# before pulumi-drbd: //' /etc/fstab; drbdadm up r0",
    );
  expect(await Promise.all(MACHINES.map(filesOf))).toEqual(before.files);
  const upAgain = /cs:Connected .* ds:UpToDate\/UpToDate A /;
  expect(await eventually(() => drbdState(lab, "alpha"), upAgain, 60)).toMatch(upAgain);
  const mounted = await lab.run("alpha", "drbdadm primary r0 && mount /srv/vm && sha256sum /srv/vm/file");
  expect(mounted.stdout).toBe(sum);
});
