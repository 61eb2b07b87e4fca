/** Pairs that were made by hand, described by `npx pulumi-drbd adopt alpha bravo`, and taken over by what it wrote. */
import { execute } from "../../lab/command";
import { Lab } from "../../lab/lab";
import { MACHINES, type MachineName } from "../../lab/machines";
import { drbdState, eventually, surveyAll } from "./machine";
import { diagnosticsOf } from "./output";
import { sshKnowsTheLab } from "./ssh-names";
import { changesOf, expectSuccess, Stack } from "./stack";
import { onBoth, onFiles, running, twoPartitions } from "./take-over/as-it-runs";
import { waitInSync } from "./take-over/in-sync";
import { makeTutorialsPair } from "./take-over/tutorials-pair";

jest.setTimeout(1_000_000);

let lab: Lab;
let stack: Stack;
let forget = (): Promise<void> => Promise.resolve();

const side = (name: MachineName, minor: number, port: number) =>
  `on ${name} { device /dev/drbd${minor}; disk /dev/vdb${minor}; address ${lab.address(name)}:${port}; meta-disk internal; }`;

beforeAll(async () => {
  lab = await Lab.open();
  forget = await sshKnowsTheLab(lab);
});
beforeEach(async () => {
  await lab.reset("utils");
  stack = await Stack.create();
});
afterEach(() => stack.remove());
afterAll(() => forget());

test("the tutorial's pair: adopt, a preview of files alone, up, nothing left to do, and back", async () => {
  const { resource, sum } = await makeTutorialsPair(lab);
  const [before, files] = [await running(lab), await surveyAll(lab)];

  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo"));
  expect(await surveyAll(lab)).toEqual(files);
  expect(adopted.output).toContain("examples/sites/Pulumi.lab.yaml is written:");
  expect(adopted.output).toContain("Only files are written, and units enabled: what runs is not touched.");
  expect(adopted.output).not.toContain("Not taken over");
  const config = await stack.config();
  for (const part of ["connection:\n        host: alpha\n", "protocol: A\n", "auth: false\n", "mountPoint: /srv/vm\n"])
    expect(config).toContain(part);

  const told = diagnosticsOf(expectSuccess(await stack.preview()), "r0").join("\n");
  // What `adopt` said is the preview's own words.
  for (const row of told.split("\n").filter((text) => /^ +(alpha|bravo)/.test(text)))
    expect(adopted.output).toContain(row.trim());
  expect(told).not.toContain("drbdadm adjust");
  expect(await surveyAll(lab)).toEqual(files);

  const up = expectSuccess(await stack.up());
  expect(changesOf(up).length).toBeGreaterThan(5);
  expect(changesOf(up).filter((change) => !onFiles.test(change))).toEqual([]);
  expect(await running(lab)).toEqual(before);
  expect((await lab.run("alpha", "sha256sum /srv/vm/file")).stdout).toBe(sum);
  expect(await drbdState(lab, "alpha")).toBe("cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate A r-----");
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);

  const again = await stack.command("adopt", "alpha", "bravo");
  expect([again.code, again.output]).toEqual([1, expect.stringContaining("describes a pair already")]);
  expect(await stack.config()).toBe(config);

  // And back: its own files, and it runs on.
  expectSuccess(await stack.destroy());
  expect(await running(lab)).toEqual(before);
  for (const text of await onBoth(lab, "cat /etc/drbd.d/r0.res")) expect(text).toBe(resource);
});

test("npx finds the command in a clone", async () => {
  const { stdout } = await execute(["npx", "--no", "pulumi-drbd", "adopt", "--help"]);
  expect(stdout).toContain("Usage: pulumi-drbd adopt [options] <host> <other-host>");
});

test("a flat drbd.conf with two resources, an ext4 and a secret: what to move is said, and then all are taken over", async () => {
  const secret = "F0oFunFact0ry";
  const shared = `global { usage-count no; }
common { net { cram-hmac-alg sha1; shared-secret "${secret}"; after-sb-0pri discard-zero-changes; } }
`;
  const r0 = `resource r0 { ${MACHINES.map((name) => side(name, 1, 7789)).join(" ")} }\n`;
  const web = `resource web { net { protocol B; } ${MACHINES.map((name) => side(name, 2, 7790)).join(" ")} }\n`;
  await onBoth(
    lab,
    `set -e; ${twoPartitions}
    rm -f /etc/drbd.d/*; printf '%s' '${shared}${r0}${web}' >/etc/drbd.conf; modprobe drbd
    for r in r0 web; do drbdadm create-md $r </dev/null; drbdadm up $r; done
    mkdir -p /srv/vm; echo '/dev/drbd1 /srv/vm ext4 noauto,noatime 0 0' >>/etc/fstab`,
  );
  const make = `until drbdadm cstate all | grep -c Connected | grep -qx 2; do sleep 0.2; done; drbdadm primary --force r0; mkfs.ext4 -q /dev/drbd1; mount /srv/vm; head -c 2000000 /dev/urandom >/srv/vm/file; sync; sha256sum /srv/vm/file`;
  const sum = (await lab.run("alpha", make, { timeout: 120 })).stdout;
  await waitInSync(lab, "alpha", "r0");
  const fill = `drbdadm primary --force web; until drbdadm dstate web | grep -qx UpToDate/UpToDate; do sleep 0.5; done; drbdadm secondary web`;
  await lab.run("bravo", fill, { timeout: 300 });
  const before = await running(lab);

  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo", "--stack", "lab"));
  expect(adopted.output).toContain("with 2 secrets, encrypted");
  expect(adopted.output).toContain("It refuses alpha, bravo");
  expect(adopted.output.replaceAll(/\s+/g, " ")).toContain(
    "Move `resource r0 { … }` to /etc/drbd.d/r0.res; `resource web { … }` to /etc/drbd.d/web.res; `global { … }` and `common { … }` to /etc/drbd.d/global_common.conf",
  );
  const config = await stack.config();
  expect(config).toContain("type: ext4");
  expect(config.match(/sharedSecret:\n +secure: v1:/g)).toHaveLength(2);
  expect(config + adopted.output).not.toContain(secret);

  // As it says.
  await onBoth(
    lab,
    `printf '%s' '${shared}' >/etc/drbd.d/global_common.conf; printf '%s' '${r0}' >/etc/drbd.d/r0.res; printf '%s' '${web}' >/etc/drbd.d/web.res
    printf 'include "drbd.d/global_common.conf";\\ninclude "drbd.d/*.res";\\n' >/etc/drbd.conf; drbdadm -d adjust all`,
  );
  const up = expectSuccess(await stack.up());
  expect(changesOf(up).filter((change) => !onFiles.test(change))).toEqual([]);
  expect(await running(lab)).toEqual(before);
  expect((await lab.run("alpha", "sha256sum /srv/vm/file")).stdout).toBe(sum);
  expect(await eventually(() => drbdState(lab, "bravo", 2), /./, 5)).toBe(
    "cs:Connected ro:Secondary/Secondary ds:UpToDate/UpToDate B r-----",
  );
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  expect(await stack.everythingWritten()).not.toContain(secret);
});
