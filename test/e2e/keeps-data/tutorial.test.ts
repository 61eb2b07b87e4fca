/** The pair of an old tutorial, word for word: its options in `common`, its fstab line, a partition. Taken over and given back. */
import { Lab } from "../../../lab/lab";
import { MACHINES } from "../../../lab/machines";
import { drbdState, eventually } from "../machine";
import { diagnosticsOf } from "../output";
import { siteOf, withResource, type Site } from "../site";
import { changesOf, expectSuccess, Stack } from "../stack";

jest.setTimeout(1_000_000);

const line = "/dev/drbd1 /srv/vm xfs defaults 0 0";
/** As an installer would write it. udev has no link yet for a filesystem that was just made on a DRBD device. */
const byUuid = `sed -i "s|^${line}|UUID=$(blkid -p -s UUID -o value /dev/drbd1) /srv/vm xfs defaults 0 0|" /etc/fstab`;
const common = `global { usage-count no; }
common { net { protocol A; } handlers { split-brain "/usr/lib/drbd/notify-split-brain.sh root"; } }
`;

/** One DOS partition of type 83 over 320 MiB, from sector 2048 on: the machines have no fdisk. */
const entry = String.raw`\0\0\0\0\203\0\0\0\0\010\0\0\0\370\011\0`;
const partition = String.raw`{ printf '${entry}'; head -c 48 /dev/zero; printf '\125\252'; } | dd of=/dev/vdb bs=1 seek=446 conv=notrunc 2>/dev/null && blockdev --rereadpt /dev/vdb`;

let lab: Lab;
let site: Site;
let stack: Stack;
let resource: string;

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

/** As the tutorial has it, on one line. */
async function byHand(): Promise<string> {
  const side = (name: (typeof MACHINES)[number]) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb1; address ${lab.address(name)}:7789; meta-disk internal; }`;
  resource = `resource r0 { ${MACHINES.map(side).join(" ")} }\n`;
  for (const name of MACHINES) {
    await lab.run(
      name,
      `set -e; ${partition}; udevadm settle
      printf '%s' '${common}' >/etc/drbd.d/global_common.conf; printf '%s' '${resource}' >/etc/drbd.d/r0.res
      dd if=/dev/zero of=/dev/vdb1 bs=1M count=128 2>/dev/null; modprobe drbd; drbdadm create-md r0 </dev/null; drbdadm up r0
      mkdir -p /srv/vm; echo '${line}' >>/etc/fstab`,
      { timeout: 120 },
    );
  }
  const make = `until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done; drbdadm primary --force r0; mkfs.xfs -q /dev/drbd1; ${byUuid}; mount /srv/vm; head -c 2000000 /dev/urandom >/srv/vm/file; sync; until drbdadm dstate r0 | grep -qx UpToDate/UpToDate; do sleep 0.5; done; sha256sum /srv/vm/file`;
  return (await lab.run("alpha", make, { timeout: 300 })).stdout;
}

const links = async () =>
  Promise.all(
    MACHINES.map(async (name) => (await lab.run(name, "drbdadm sh-udev minor-1 | grep ^RESOURCE=")).stdout.trim()),
  );
const filesOf = async (name: (typeof MACHINES)[number]) => {
  const { stdout } = await lab.run(name, "cd /etc/drbd.d; ls; cat global_common.conf r0.res; grep /srv/vm /etc/fstab");
  return stdout;
};

test("a preview names all that goes, `up` keeps data and files, and `destroy` gives the files back", async () => {
  const sum = await byHand();
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

  expectSuccess(await stack.destroy());
  expect(await Promise.all(MACHINES.map(filesOf))).toEqual(before.files);
  // The pair is what it was.
  for (const name of MACHINES) await lab.run(name, "drbdadm up r0");
  await eventually(() => drbdState(lab, "alpha"), /cs:Connected .* ds:UpToDate\/UpToDate A /, 60);
  const mounted = await lab.run("alpha", "drbdadm primary r0 && mount /srv/vm && sha256sum /srv/vm/file");
  expect(mounted.stdout).toBe(sum);
});
