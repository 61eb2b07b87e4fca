/** `primary: bravo`: the resource moves there by `up`, under write load, and ends served on one side whatever fails. */
import { Lab } from "../../lab/lab";
import { Lines } from "./acknowledged-lines";
import { drbdState, eventually, mountedAt } from "./machine";
import { sumsOf } from "./output";
import { expectPasted, saidOf } from "./pasted";
import { MOUNT_POINT, siteOf, withResource, type Site } from "./site";
import { Stack, changesOf, expectSuccess } from "./stack";
import { ACKNOWLEDGED, installWriter, SERVICE } from "./writer-service";

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

const primaryAt = (host: string | undefined) => stack.configure(withResource(site, { primary: host }));

async function servedOn(host: "alpha" | "bravo"): Promise<void> {
  const peer = host === "alpha" ? "bravo" : "alpha";
  expect(await drbdState(lab, host)).toMatch(/^cs:Connected ro:Primary\/Secondary ds:UpToDate\/UpToDate /);
  expect(await mountedAt(lab, host, MOUNT_POINT)).toBe("/dev/drbd1 xfs");
  expect(await mountedAt(lab, peer, MOUNT_POINT)).toBe("");
  const active = await lab.run(host, "systemctl is-active drbd-primary@r0.service");
  expect(active.stdout.trim()).toBe("active");
  const idle = await lab.run(peer, "systemctl is-active drbd-primary@r0.service", { check: false });
  expect(idle.stdout.trim()).toBe("inactive");
}

test("its preview has each command in order; up does them; no acknowledged line is lost, and the gap is told", async () => {
  await primaryAt("bravo");
  const preview = expectSuccess(await stack.preview());
  const rows = [
    /alpha +umount \/srv\/data +r0 moves to bravo/,
    /alpha +drbdadm secondary r0/,
    /bravo +drbdadm primary r0 +`primary: bravo`/,
    /bravo +mount \/srv\/data/,
  ].map((row) => preview.output.search(row));
  expect(rows).not.toContain(-1);
  expect([...rows].sort((a, b) => a - b)).toEqual(rows);
  await expectPasted("switch-sides.md", "switch-preview", saidOf(preview.output, "r0"));
  // Somebody writes there who is no service of the resource: refused beforehand, with who it is.
  const lines = await Lines.start(lab, "alpha", `${MOUNT_POINT}/lines`);
  for (const run of [await stack.preview(), await stack.up()]) {
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/r0 is to move from there to bravo .* and is in use: process \d+ \(perl\): \/srv\/data/);
    expect(changesOf(run)).toEqual([]);
  }
  await expectPasted("switch-sides.md", "switch-busy", saidOf((await stack.preview()).output, "r0"));
  await servedOn("alpha");
  const acknowledged = await lines.stop();
  const moved = expectSuccess(await stack.up());
  expect(moved.output).toMatch(/r0: moved from alpha to bravo; it was in use on neither for \d+\.\d s/);
  await expectPasted("switch-sides.md", "switch-up", saidOf(moved.output, "r0"));
  await servedOn("bravo");
  expect(acknowledged.length).toBeGreaterThan(3);
  expect((await lines.found("bravo")).slice(0, acknowledged.length)).toEqual(acknowledged);
  const again = expectSuccess(await stack.up());
  expect(changesOf(again)).toEqual([]);
  expect(sumsOf(again)).toEqual(["5 unchanged"]);
});

test("moved by hand since: it is left there, and the preview says how to move it back", async () => {
  await lab.run("bravo", `umount ${MOUNT_POINT} && systemctl stop drbd-primary@r0 && drbdadm secondary r0`);
  await lab.run("alpha", "systemctl start srv-data.mount");
  const run = expectSuccess(await stack.up());
  expect(changesOf(run)).toEqual([]);
  expect(run.output).toMatch(/r0 is Primary on alpha, and `primary` names bravo/);
  await servedOn("alpha");
});

test("refused while the new side has not all of it, with what DRBD says; then it moves", async () => {
  await primaryAt("alpha");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  await servedOn("alpha");
  await lab.cutLink();
  await eventually(() => drbdState(lab, "alpha"), /^cs:WFConnection /, 60);
  await lab.run("alpha", `dd if=/dev/urandom of=${MOUNT_POINT}/some bs=1M count=4 conv=fsync`);
  await primaryAt("bravo");
  for (const run of [await stack.preview(), await stack.up()]) {
    expect(run.code).not.toBe(0);
    expect(run.output).toContain(
      "bravo: r0 is to move there from alpha (`primary: bravo`), and DRBD says of it there:",
    );
    expect(run.output).toMatch(/connection Connecting, disk (UpToDate|Outdated)\. |stays Primary on alpha, mounted on/);
  }
  await expectPasted("switch-sides.md", "switch-refused", saidOf((await stack.preview()).output, "r0"));
  expect(await mountedAt(lab, "alpha", MOUNT_POINT)).toBe("/dev/drbd1 xfs");
  await lab.restoreLink();
  await eventually(() => drbdState(lab, "bravo"), /^cs:Connected ro:\S+ ds:UpToDate\/UpToDate /, 60);
  expectSuccess(await stack.up());
  await servedOn("bravo");
});

test("the new side refuses in the middle: the old one serves it again", async () => {
  await primaryAt("alpha");
  // Where it is to be mounted stands something else by then: no mount can succeed.
  await lab.run(
    "alpha",
    `mv /usr/bin/mount /usr/bin/mount.away; printf '#!/bin/sh\\necho no such luck; exit 32\\n' >/usr/bin/mount; chmod +x /usr/bin/mount`,
  );
  const run = await stack.up();
  await lab.run("alpha", "mv /usr/bin/mount.away /usr/bin/mount");
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("no such luck");
  expect(run.output).toContain("the move from bravo to alpha failed, and bravo serves it again");
  await servedOn("bravo");
});

test("a service that writes all the time moves with it: nothing acknowledged is lost, and it goes on where it was", async () => {
  await primaryAt("bravo");
  expectSuccess(await stack.up());
  await installWriter(lab);
  const both = (primary: string) => stack.configure(withResource(site, { primary, services: [SERVICE] }));
  await both("bravo");
  expectSuccess(await stack.up());
  await eventually(async () => (await lab.run("bravo", `wc -l <${ACKNOWLEDGED}`)).stdout.trim(), /^\d\d+$/, 60);
  await both("alpha");
  expectSuccess(await stack.up());
  await servedOn("alpha");
  const before = Number((await lab.run("bravo", `tail -n 1 ${ACKNOWLEDGED}`)).stdout);
  const [first = 0] = (await lab.run("alpha", `cat ${ACKNOWLEDGED}`)).stdout.split("\n").map(Number);
  expect(before).toBeGreaterThan(9);
  expect(first).toBeGreaterThan(before);
  // The last one may have been on the disk, and not yet noted.
  expect(first - before).toBeLessThanOrEqual(2);
  expect((await lab.run("bravo", `systemctl is-active ${SERVICE}`, { check: false })).stdout.trim()).toBe("inactive");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
});

test("a service that does not start on the new side: the old one serves it again, its service too", async () => {
  await lab.run(
    "bravo",
    `sed -i 's|^ExecStart=.*|ExecStart=/bin/false|; s|^.Service.|[Service]\\nType=oneshot|' /etc/systemd/system/${SERVICE} && systemctl daemon-reload`,
  );
  await stack.configure(withResource(site, { primary: "bravo", services: [SERVICE] }));
  const run = await stack.up();
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("the move from alpha to bravo failed, and alpha serves it again");
  await servedOn("alpha");
  expect((await lab.run("alpha", `systemctl is-active ${SERVICE}`, { check: false })).stdout.trim()).toBe("active");
});
