/** Somebody's own line of fstab for the DRBD device, which a boot waits for. */
import { namesOfDevices } from "../../one-volume";
import type { DesiredFilesystem } from "../../../../provider/core/wanted/desired";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { fstabPath } from "../../../../provider/core/config/paths";
import { stepsOf } from "../../../../provider/core/steps/plan";
import { allCommands, healthyPair, planOf, r0, withFile } from "../../observed-builder";

/** What every plan says of a pair that is as it is wanted, with a line more on one host. */
function told(line: string, filesystem?: DesiredFilesystem, names: readonly string[] = []): readonly string[] {
  const desired = { ...r0, filesystem };
  const [alpha, bravo] = healthyPair(desired);
  const named: ObservedNode = { ...bravo, names: namesOfDevices({ r0: { disk: [], metaDisk: [], device: names } }) };
  const text = `${bravo.files.get(fstabPath) ?? ""}${line}\n`;
  const plan = planOf([alpha, withFile(named, fstabPath, text)], { desired });
  expect([plan.refusals, allCommands(plan)]).toEqual([[], []]);
  return plan.warnings;
}

test("it is told, with both ways on", () => {
  expect(told("/dev/drbd1\t/srv/vm\txfs\tdefaults\t0 0")).toEqual([
    "bravo: a boot waits for /dev/drbd1 because of `/dev/drbd1 /srv/vm xfs defaults 0 0` in /etc/fstab, and ends in emergency mode where that does not come. DRBD brings the device later, and it can be used only where r0 is Primary. Add `nofail` to the line's options, or set `filesystem: { mountPoint: /srv/vm }`: `pulumi up` then puts a line in its place that no boot waits for",
  ]);
});

test.each([
  "/dev/drbd1 /srv/vm ext4",
  "/dev/drbd1 none swap sw 0 0",
  "/dev/drbd1 /srv/vm xfs auto,x-systemd.device-timeout=10 0 0",
  "/dev/drbd/by-res/r0 /srv/vm xfs defaults 0 0",
  "/dev/drbd/by-res/r0/0 /srv/vm xfs defaults 0 0",
  '"/dev/drbd1" /srv/vm xfs defaults 0 0',
  "/dev//drbd1 /srv/vm xfs defaults 0 0",
])("a boot waits: %s", (line) => {
  const [warning = "", ...more] = told(line);
  expect(more).toEqual([]);
  expect(warning).toMatch(/^bravo: a boot waits for \/dev\/drbd1 because of .*emergency mode.*`nofail`/);
  expect(warning.includes("mountPoint")).toBe(!line.includes(" swap "));
});

test("by any link that the host has to the device", () => {
  const line = "/dev/drbd/by-disk/vdb /srv/vm xfs defaults 0 0";
  expect(told(line)).toEqual([]);
  expect(told(line, undefined, ["/dev/drbd1", "/dev/drbd/by-disk/vdb"])).toHaveLength(1);
});

test("of the network's filesystems a boot waits, too, and goes on", () => {
  const [warning = ""] = told("/dev/drbd1 /srv/vm xfs defaults,_netdev 0 0");
  expect(warning).toContain("a boot waits for /dev/drbd1");
  expect(warning).not.toContain("emergency");
});

test.each([
  "/dev/drbd1 /srv/vm xfs noauto 0 0",
  "/dev/drbd1 /srv/vm xfs noatime,nofail 0 0",
  "/dev/drbd1 /srv/vm xfs x-systemd.automount 0 0",
  "#/dev/drbd1 /srv/vm xfs defaults 0 0",
  "/dev/drbd10 /srv/vm xfs defaults 0 0",
  "/dev/drbd/by-res/r01 /srv/vm xfs defaults 0 0",
])("no boot waits: %s", (line) => {
  expect(told(line)).toEqual([]);
});

test.each(["/dev/drbd1", '"/dev/drbd1"', "/dev//drbd1"])(
  "a line of %s that ours takes the place of is told by its step alone",
  (word) => {
    const [alpha, bravo] = healthyPair();
    const line = `${word} /other xfs defaults 0 0`;
    const plan = planOf([alpha, withFile(bravo, fstabPath, `${bravo.files.get(fstabPath) ?? ""}${line}\n`)]);
    expect(allCommands(plan)).toEqual(["bravo: write /etc/fstab", "bravo: systemctl daemon-reload"]);
    expect(stepsOf(plan)[0]?.because).toContain(`takes the place of \`${line}\`, which stays there as a comment`);
    expect(plan.warnings).toEqual([]);
  },
);
