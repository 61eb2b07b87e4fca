/** Pairs that somebody set up by hand, in the ways that drbd.conf allows: each is taken over, or refused with what to do. */
import { Lab } from "../../../lab/lab";
import { MACHINES, type MachineName } from "../../../lab/machines";
import { drbdState, mountedAt } from "../machine";
import { siteOf, withResource, type Site, type SiteResource } from "../site";
import { changesOf, expectSuccess, Stack, type Run } from "../stack";
import { onBoth } from "./as-it-runs";

jest.setTimeout(1_000_000);

const MOUNTED = "/srv/vm";
const both = 'include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n';
const common = "global { usage-count no; }\ncommon { net { protocol A; } }\n";

interface Installed {
  /** Files by their path; `sides` is what the two hosts have in a resource, volume 0 on /dev/vdb. */
  readonly files: (sides: string) => Readonly<Record<string, string>>;
  readonly disk?: string;
  /** What the program says of it, beside what `siteOf` says. */
  readonly program?: Partial<SiteResource>;
  /** Of the refusal, and what a person does then on each host. */
  readonly refused?: readonly string[];
  readonly obeyed?: (sides: string) => string;
  /** Where the definition was, to which a destroy gives it back. */
  readonly keptIn?: string;
}

const r0 = (sides: string, more = "") => `resource r0 { ${more} ${sides} }\n`;
const cat = (path: string, text: string) => `cat >"${path}" <<'END'\n${text}END`;

const CASES: Readonly<Record<string, Installed>> = {
  "a flat drbd.conf": {
    files: (sides) => ({ "/etc/drbd.conf": `${common}${r0(sides)}`, "/etc/drbd.d/global_common.conf": "" }),
    refused: ["/etc/drbd.conf holds", "resource r0 { … }", "Move"],
    obeyed: (sides) =>
      [
        cat("/etc/drbd.conf", both),
        cat("/etc/drbd.d/global_common.conf", common),
        cat("/etc/drbd.d/r0.res", r0(sides)),
      ].join("\n"),
  },
  "two resources in one file": {
    files: (sides) => ({
      "/etc/drbd.d/global_common.conf": common,
      "/etc/drbd.d/r0.res": `${r0(sides)}resource web { device /dev/drbd7; disk /dev/vdx; meta-disk internal; on alpha { address 10.0.99.1:7799; } on bravo { address 10.0.99.2:7799; } }\n`,
    }),
    refused: ["/etc/drbd.d/r0.res", "web"],
    obeyed: (sides) => cat("/etc/drbd.d/r0.res", r0(sides)),
  },
  "a file of another name that another include names": {
    files: (sides) => ({
      "/etc/drbd.conf": `${both}include "drbd.d/pairs/*.conf";\n`,
      "/etc/drbd.d/global_common.conf": common,
      "/etc/drbd.d/pairs/the-pair.conf": r0(sides),
    }),
    keptIn: "/etc/drbd.d/pairs/the-pair.conf",
  },
  "a folder of one's own, which alone is included": {
    files: (sides) => ({
      "/etc/drbd.conf": 'include "/etc/drbd.conf.d/*.conf";\n',
      "/etc/drbd.conf.d/00 shared.conf": common,
      "/etc/drbd.conf.d/the pair.conf": r0(sides),
    }),
    refused: [
      "/etc/drbd.conf.d/00 shared.conf holds",
      "mv '/etc/drbd.conf.d/00 shared.conf'",
      'include "drbd.d/*.res"',
    ],
    obeyed: () =>
      `mv "/etc/drbd.conf.d/00 shared.conf" /etc/drbd.d/global_common.conf\ncat >>/etc/drbd.conf <<'END'\n${both}END`,
    keptIn: "/etc/drbd.conf.d/the pair.conf",
  },
  "a line that names the file alone": {
    files: (sides) => ({
      "/etc/drbd.conf": 'include "drbd.d/global_common.conf";\ninclude "pairs/r0.conf";\n',
      "/etc/drbd.d/global_common.conf": common,
      "/etc/pairs/r0.conf": r0(sides),
    }),
    refused: ["names alone", "mv /etc/pairs/r0.conf /etc/drbd.d/r0.res"],
    obeyed: () =>
      `mv /etc/pairs/r0.conf /etc/drbd.d/r0.res\nsed -i 's,^include "pairs.*,include "/etc/drbd.d/*.res";,' /etc/drbd.conf`,
    keptIn: "/etc/drbd.d/r0.res",
  },
  "a file of another name": {
    files: (sides) => ({
      "/etc/drbd.d/global_common.conf": common,
      "/etc/drbd.d/the-pair.res": r0(sides, "net { max-buffers 4000; } startup { wfc-timeout 30; }"),
    }),
    program: { net: { "max-buffers": 4000 }, startup: { "wfc-timeout": 30 } },
  },
};

let lab: Lab;
let site: Site;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(() => lab.reset("utils"));
afterEach(() => stack.remove());

/** By hand, as a guide has it; answers the checksum of what was written on it. */
async function setUp({ files }: Installed): Promise<string> {
  const side = (name: MachineName) =>
    `on ${name} { device /dev/drbd1; disk /dev/vdb; address ${lab.address(name)}:7789; meta-disk internal; }`;
  const sides = MACHINES.map(side).join(" ");
  const write = Object.entries(files(sides)).map(
    ([path, text]) => `mkdir -p "${path.replace(/\/[^/]*$/, "")}"\n${cat(path, text)}`,
  );
  await onBoth(
    lab,
    `set -e\n${write.join("\n")}\nmodprobe drbd; drbdadm create-md r0 </dev/null; drbdadm up r0; mkdir -p ${MOUNTED}`,
  );
  const made = await lab.run(
    "alpha",
    `set -e; until drbdadm cstate r0 | grep -q Connected; do sleep 0.2; done
     drbdadm -- --clear-bitmap new-current-uuid r0; drbdadm primary r0; mkfs.xfs -q /dev/drbd1
     echo '/dev/drbd1 ${MOUNTED} xfs noauto 0 0' >>/etc/fstab; mount ${MOUNTED}
     head -c 2000000 /dev/urandom >${MOUNTED}/file; sync; sha256sum ${MOUNTED}/file`,
    { timeout: 300 },
  );
  return made.stdout;
}

/** Without the breaks that a terminal's width makes. */
const words = (run: Run) => run.output.replaceAll(/\s+/g, " ");

/** It runs on, with the same data, and drbdadm has nothing to change. */
async function expectAsItWas(sum: string): Promise<void> {
  expect((await lab.run("alpha", `sha256sum ${MOUNTED}/file`)).stdout).toBe(sum);
  expect(await mountedAt(lab, "alpha", MOUNTED)).toBe("/dev/drbd1 xfs");
  expect(await drbdState(lab, "alpha")).toMatch(/^cs:Connected ro:Primary\/Secondary ds:UpToDate\/UpToDate A r-/);
  for (const text of await onBoth(lab, "drbdadm -d adjust r0")) expect(text.trim()).toBe("");
}

test.each(Object.entries(CASES))("%s", async (_name, installed) => {
  const sum = await setUp(installed);
  site = withResource(await siteOf(lab), {
    protocol: "A",
    filesystem: { mountPoint: MOUNTED },
    ...installed.program,
  });
  stack = await Stack.create(site);
  if (installed.refused !== undefined) {
    const run = await stack.preview();
    expect(run.code).not.toBe(0);
    for (const part of installed.refused) expect(words(run)).toContain(part);
    await expectAsItWas(sum);
    const side = (name: MachineName) =>
      `on ${name} { device /dev/drbd1; disk /dev/vdb; address ${lab.address(name)}:7789; meta-disk internal; }`;
    await onBoth(lab, `set -e\n${installed.obeyed?.(MACHINES.map(side).join(" ")) ?? ""}`);
  }
  const changes = changesOf(expectSuccess(await stack.up()));
  expect(changes.filter((one) => /drbdadm (up|down|adjust|create-md|primary|secondary)|mkfs|umount/.test(one))).toEqual(
    [],
  );
  await expectAsItWas(sum);
  expect(changesOf(expectSuccess(await stack.up()))).toEqual([]);
  const { keptIn } = installed;
  if (keptIn === undefined) return;
  const kept = `"${keptIn}.before-pulumi-drbd"`;
  await onBoth(lab, `set -e\ntest -f ${kept}; grep -q Managed /etc/drbd.d/r0.res; drbdadm dump r0`);
  expectSuccess(await stack.destroy());
  await onBoth(lab, `set -e\ntest ! -e ${kept}; grep -q '^resource r0' "${keptIn}"; drbdadm dump all`);
  await expectAsItWas(sum);
});
