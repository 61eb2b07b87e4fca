/** Pairs beside others: two in one file, one behind an include of its own, and one beside a stranger that lives by `common`. */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { drbdState, eventually, reboot } from "../machine";
import { sshKnowsTheLab } from "../ssh-names";
import { changesOf, expectSuccess, Stack } from "../stack";
import { onBoth, onFiles, running } from "./as-it-runs";

jest.setTimeout(600_000);

const DEBIANS_CONF = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';
const common = `global { usage-count no; }
common { net { protocol A; max-buffers 4000; } handlers { split-brain "/usr/lib/drbd/notify-split-brain.sh root"; } }
`;
const FILE = "file of the user's";

let lab: Lab;
let stack: Stack;
let forget = (): Promise<void> => Promise.resolve();

const DISKS = { r0: "/dev/vdb", web: "/dev/disk/by-id/virtio-more" } as const;
const TYPES = { r0: "xfs", web: "ext4" } as const;
type Name = keyof typeof DISKS;

function resource(name: Name, options = ""): string {
  const minor = name === "r0" ? 1 : 2;
  const sides = MACHINES.map(
    (host) =>
      `on ${host} { device /dev/drbd${minor}; disk ${DISKS[name]}; meta-disk internal; address ${lab.address(host)}:778${minor}; }`,
  );
  return `resource ${name} { ${options} ${sides.join(" ")} }\n`;
}

/** Both resources in sync without a first sync, the given ones Primary and mounted where they are named. */
async function make(files: Readonly<Record<string, string>>, mounted: Readonly<Record<Name, MachineName>>) {
  for (const name of MACHINES) await lab.attachDisk(name, { serial: "more", size: 100 * 1024 * 1024 });
  const write = Object.entries(files).map(
    ([path, text]) => `mkdir -p "$(dirname "${path}")"; cat >"${path}" <<'END'\n${text}END`,
  );
  const start = `for r in r0 web; do drbdadm create-md $r </dev/null; drbdadm up $r; systemctl enable drbd@$r.target; mkdir -p /srv/$r; done
    printf '/dev/drbd%s noauto 0 0\\n' '1 /srv/r0 ${TYPES.r0}' '2 /srv/web ${TYPES.web}' >>/etc/fstab`;
  await onBoth(lab, `set -e; ${write.join("\n")}\nmodprobe drbd; ${start}`);
  await lab.run(
    "alpha",
    `set -e; until drbdadm cstate all | grep -c Connected | grep -qx 2; do sleep 0.2; done
    for r in r0 web; do drbdadm -- --clear-bitmap new-current-uuid $r; done`,
  );
  for (const name of ["r0", "web"] as const)
    await lab.run(
      mounted[name],
      `set -e; drbdadm primary ${name}; mkfs.${TYPES[name]} -q "$(drbdadm sh-dev ${name})"; mount /srv/${name}
      head -c 2000000 /dev/urandom >"/srv/${name}/${FILE}"; sync`,
    );
}

const sums = () => onBoth(lab, "sha256sum /srv/*/* 2>/dev/null || :");

/** `up` writes files alone; what runs runs on, and drbdadm has nothing to change in any resource. */
async function expectTakenOver(before: readonly string[], sum: readonly string[]): Promise<void> {
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.length).toBeGreaterThan(5);
  expect(changes.filter((change) => !onFiles.test(change))).toEqual([]);
  await expectAsItRan(before, sum);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
}

async function expectAsItRan(before: readonly string[], sum: readonly string[]): Promise<void> {
  expect(await running(lab)).toEqual(before);
  expect(await sums()).toEqual(sum);
  expect(await onBoth(lab, "drbdadm -d adjust all")).toEqual(["", ""]);
}

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

test("r0.res with two resources, one Primary on each host: each goes into a file of its own, as adopt says", async () => {
  const [r0, web] = [resource("r0"), resource("web")];
  await make(
    { "/etc/drbd.d/global_common.conf": common, "/etc/drbd.d/r0.res": `${r0}${web}` },
    { r0: "alpha", web: "bravo" },
  );
  const [before, sum] = [await running(lab), await sums()];
  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo"));
  expect(adopted.output).not.toContain("Not taken over");
  expect(adopted.output.replaceAll(/\s+/g, " ")).toContain("It refuses");
  const config = await stack.config();
  for (const part of ["syncSource: alpha", "mountPoint: /srv/r0", "syncSource: bravo", "mountPoint: /srv/web"])
    expect(config).toContain(part);
  await expectAsItRan(before, sum);

  await onBoth(lab, `printf '%s' '${r0}' >/etc/drbd.d/r0.res; printf '%s' '${web}' >/etc/drbd.d/web.res`);
  await expectTakenOver(before, sum);
  expectSuccess(await stack.destroy());
  await expectAsItRan(before, sum);
  for (const text of await onBoth(lab, "cat /etc/drbd.d/*.res")) expect(text).toBe(`${r0}${web}`);
});

test("behind includes of one's own: taken over from where they are, and given back there", async () => {
  const [r0, web] = [resource("r0"), resource("web")];
  const files = {
    "/etc/drbd.conf": `${DEBIANS_CONF}include "drbd.d/pairs/*.conf";\ninclude "/etc/replicated/web";\n`,
    "/etc/drbd.d/global_common.conf": common,
    "/etc/drbd.d/pairs/the pair.conf": r0,
    "/etc/replicated/web": web,
  };
  await make(files, { r0: "alpha", web: "alpha" });
  const [before, sum] = [await running(lab), await sums()];
  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo"));
  expect(adopted.output).not.toContain("Not taken over");
  const told = adopted.output.replaceAll(/\s+/g, " ");
  // A line that names one file alone would make drbdadm fail as soon as that file is away.
  expect(told).toContain("names alone");
  await onBoth(
    lab,
    `mv /etc/replicated/web /etc/drbd.d/web.res; sed -i '\\,/etc/replicated/web,d' /etc/drbd.conf; drbdadm dump all`,
  );
  await expectTakenOver(before, sum);
  await onBoth(lab, `test ! -e "/etc/drbd.d/pairs/the pair.conf" && grep -q Managed /etc/drbd.d/r0.res`);

  expectSuccess(await stack.destroy());
  await expectAsItRan(before, sum);
  for (const text of await onBoth(lab, `cat "/etc/drbd.d/pairs/the pair.conf" /etc/drbd.d/web.res`))
    expect(text).toBe(`${r0}${web}`);
});

test("beside a resource that lives by `common` and is no pair for adopt: it stays connected, also after a reboot", async () => {
  // Its files differ between the hosts: adopt leaves it out, and says so.
  const web = resource("web");
  await make(
    { "/etc/drbd.d/global_common.conf": common, "/etc/drbd.d/r0.res": resource("r0"), "/etc/drbd.d/web.res": web },
    { r0: "alpha", web: "alpha" },
  );
  await lab.run(
    "bravo",
    `printf '%s' '${resource("web", "net { max-epoch-size 3000; }")}' >/etc/drbd.d/web.res; drbdadm adjust web`,
  );
  const [before, sum] = [await running(lab), await sums()];
  const adopted = expectSuccess(await stack.command("adopt", "alpha", "bravo"));
  expect(adopted.output.replaceAll(/\s+/g, " ")).toMatch(/Not taken over: web/);
  const config = await stack.config();
  for (const part of ["protocol: A", "max-buffers: 4000", "split-brain"]) expect(config).toContain(part);
  expect(config).not.toContain("/srv/web");
  await expectTakenOver(before, sum);

  await reboot(lab, ...MACHINES);
  const connected = /^cs:Connected .* ds:UpToDate\/UpToDate A r-/;
  for (const name of MACHINES)
    expect(await eventually(() => drbdState(lab, name, 2), connected, 60)).toMatch(connected);
  for (const text of await onBoth(lab, "drbdsetup show web; drbdadm -d adjust all"))
    expect(text).toMatch(/max-buffers\s+4000;/);
  await lab.run("alpha", "drbdadm primary web; mount /srv/web");
  expect(await eventually(() => sums().then((all) => all.join("")), sum.join(""), 120)).toBe(sum.join(""));
});
