/** A disk that failed in use, is another pair's, or whose host was made anew: the survivor's data comes first. */
import { MOUNT_POINT, withResource } from "../site";
import { LivingPair } from "./living-pair";

jest.setTimeout(1_000_000);

let pair: LivingPair;

beforeAll(async () => {
  pair = await LivingPair.begin("changed");
});
beforeEach(() => pair.back());
afterAll(() => pair.end());

test("the target's disk failed and was replaced in a pair that runs on", async () => {
  await pair.run("bravo", "drbdadm detach r0 && dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; sync");
  const changes = await pair.up();
  expect(changes).toEqual(["bravo: drbdadm create-md r0", "bravo: drbdadm adjust r0"]);
  await pair.expectWhole();
});

test("the source's disk is gone, and what is left is out of date: refused, and the disk that was is named", async () => {
  await pair.lab.cutLink();
  // What fencing would do, had it been able to reach the peer.
  await pair.run("bravo", "until drbdadm cstate r0 | grep -q WFConnection; do sleep 0.2; done; drbdadm outdate r0");
  await pair.run(
    "alpha",
    `umount ${MOUNT_POINT}; drbdadm down r0; dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; sync`,
  );
  await pair.lab.restoreLink();
  expect(await pair.refused()).toMatch(
    /bravo: \/dev\/vdb holds the only copy of r0 that is left, and it is Outdated; alpha:\/dev\/vdb holds nothing/,
  );
});

test("another resource's disk under the same path: refused, or filled at a person's word", async () => {
  await pair.stop();
  await pair.run(
    "bravo",
    "drbdadm -- --force wipe-md r0 && dd if=/dev/zero of=/dev/vdb bs=1M 2>/dev/null; drbdadm create-md r0 </dev/null && drbdmeta --force 1 v08 /dev/vdb internal set-gi 1122334455667788:0:0:0:1:1 </dev/null; sync",
  );
  const told = await pair.refused();
  const [, line = ""] = /`(discard: \{ bravo: "drbd:[0-9a-f]{1,16}" \})`/.exec(told) ?? [];
  expect(told).toMatch(/bravo: \/dev\/vdb holds the metadata of another DRBD device \([0-9a-f]{16}\) than that of r0/);
  const identity = /"(.*)"/.exec(line)?.[1] ?? "";
  if (identity === "") throw new Error(`no line is told: ${told}`);
  await pair.stack.configure(withResource(pair.site, { discard: { bravo: identity } }));
  const changes = await pair.up();
  expect(changes).toEqual(
    expect.arrayContaining(["bravo: wipefs -a /dev/vdb", "bravo: drbdadm create-md r0", "alpha: drbdadm primary r0"]),
  );
  expect(changes.filter((one) => /^alpha: (drbdadm create-md|mkfs|wipefs)/.test(one))).toEqual([]);
  await pair.stack.configure(pair.site);
  expect(await pair.up()).toEqual([]);
  await pair.expectWhole();
});

test("the target was installed anew: its configuration is written, its metadata and data are taken as they are", async () => {
  await pair.run(
    "bravo",
    "drbdadm down r0 && rm -rf /etc/drbd.d/r0.res /var/lib/drbd/* /var/lib/pulumi-drbd /etc/systemd/system/*drbd* /etc/systemd/system/*/drbd*",
  );
  const changes = await pair.up();
  expect(changes[0]).toBe("bravo: write /etc/drbd.d/r0.res");
  expect(changes.slice(changes.indexOf("bravo: drbdadm up r0"))).toEqual([
    "bravo: drbdadm up r0",
    "bravo: write /etc/systemd/system/drbd@r0.service.d/pulumi-drbd.conf",
    "bravo: write /etc/systemd/system/drbd@r0.target.d/pulumi-drbd.conf",
    "bravo: systemctl enable --no-reload drbd@r0.target",
    "bravo: systemctl daemon-reload",
    "bravo: drbdadm cstate r0",
  ]);
  expect(changes.filter((one) => /drbdadm (create-md|primary)/.test(one))).toEqual([]);
  await pair.expectWhole();
});
