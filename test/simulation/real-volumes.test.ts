/**
 * The simulation held against a real pair with two volumes (DRBD 8.4.11): the same was typed on both, and at each point the
 * same is seen. Of the identifiers, which are the same and where each stands.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEvents } from "../../provider/core/seen/parse-events";
import { parseRoles } from "../../provider/core/seen/parse-proc-drbd";
import type { KernelResource } from "../../provider/core/seen/observed";
import { Names } from "./comparable";
import { happen } from "./events";
import { run } from "./commands";
import { giText } from "./disk";
import { observe } from "./observe";
import { type Machine, resourceFile } from "./machine";
import { World } from "./world";

const folder = join(__dirname, "../fixtures/two-volumes-8.4.11-utils-9.22.0");
const world = new World("8.4", 2);
const [alpha, bravo] = world.machines;

const onHost = ({ name, address, volumes }: Machine): string =>
  `    on ${name} {\n${volumes
    .map(
      ({ number, device, minor, diskPath }) =>
        `        volume ${number} {\n            device ${device} minor ${minor};\n            disk ${diskPath};\n            meta-disk internal;\n        }\n`,
    )
    .join("")}        address ${address}:7789;\n    }\n`;

const type = (machine: Machine, ...lines: readonly string[]): void => {
  for (const line of lines)
    expect({ line, exit: run(world, machine, line.split(" "), "hand").exit }).toEqual({ line, exit: 0 });
};
const refused = (machine: Machine, line: string, words: string): void => {
  expect(run(world, machine, line.split(" "), "hand").output).toContain(words);
};
const pass = (turns: number): void => {
  happen(world, { kind: "time", turns });
};

/** What was typed before the pair was as the files of that name say. */
const story: readonly (readonly [string, () => void])[] = [
  [
    "created",
    () => {
      for (const machine of world.machines) {
        machine.files.set(resourceFile, `resource r0 {\n${onHost(alpha)}${onHost(bravo)}}\n`);
        const lines = machine.volumes.map(({ device, mountPoint }) => `${device} ${mountPoint} xfs noauto 0 0\n`);
        machine.files.set("/etc/fstab", lines.join(""));
        type(machine, "drbdadm create-md r0", "drbdadm up r0");
      }
      pass(1);
    },
  ],
  [
    "mounted",
    () => {
      type(alpha, "drbdadm primary --force r0", "mkfs.xfs /dev/drbd1", "mkfs.xfs /dev/drbd2");
      pass(10);
      type(alpha, "mount /srv/data", "mount /srv/logs");
      for (const volume of [0, 1]) happen(world, { kind: "write", on: 0, block: 1, volume });
    },
  ],
  [
    "second-demoted",
    () => {
      refused(alpha, "drbdsetup del-minor 2", "(160)");
      refused(alpha, "drbdadm secondary r0/1", "(-12)");
      type(alpha, "umount /srv/logs");
      refused(alpha, "drbdsetup del-minor 2", "(160)");
      type(alpha, "drbdadm secondary r0/1");
    },
  ],
  [
    "second-gone-from-bravo",
    () => {
      type(bravo, "drbdadm detach r0/1", "drbdsetup del-minor 5");
    },
  ],
  [
    "second-gone",
    () => {
      refused(bravo, "drbdsetup detach 5", "(127)");
      type(alpha, "drbdadm detach r0/1", "drbdsetup del-minor 2");
    },
  ],
  [
    "second-back-on-alpha",
    () => {
      type(alpha, "drbdadm adjust r0");
    },
  ],
  [
    "second-back",
    () => {
      type(bravo, "drbdadm adjust r0");
    },
  ],
  [
    "second-mounted-again",
    () => {
      type(alpha, "drbdadm primary r0/1", "mount /srv/logs");
      happen(world, { kind: "write", on: 0, block: 2, volume: 1 });
    },
  ],
  [
    "second-split",
    () => {
      type(alpha, "umount /srv/logs", "drbdadm secondary r0/1");
      refused(bravo, "drbdadm primary r0/1", "(-20)");
      type(bravo, "drbdadm disconnect r0");
      for (const machine of [alpha, bravo]) {
        if (machine === alpha) type(alpha, "drbdadm disconnect r0");
        type(machine, "drbdadm primary r0/1", "mount /srv/logs");
        happen(world, { kind: "write", on: machine === alpha ? 0 : 1, block: 3, volume: 1 });
        type(machine, "umount /srv/logs", "drbdadm secondary r0/1");
      }
      for (const machine of [bravo, alpha]) type(machine, "drbdadm connect r0");
      pass(1);
    },
  ],
  [
    "second-recovered",
    () => {
      type(bravo, "drbdadm connect --discard-my-data r0");
      type(alpha, "drbdadm connect r0");
      pass(10);
    },
  ],
];

const stateOf = (kernel: KernelResource, roleOf: (minor: number) => string | undefined) => ({
  connection: kernel.connection,
  volumes: kernel.devices.map(({ volume, minor, disk }) => {
    const peer = kernel.peerDevices?.find((one) => one.volume === volume);
    // Of a connection that is down drbd-utils tells no more than that.
    return {
      minor,
      disk,
      role: roleOf(minor),
      peer: peer?.peerDisk ?? "DUnknown",
      replication: peer?.replication ?? "Off",
    };
  }),
});

const [real, simulated] = [new Names(), new Names()];
const captured = new Set<string>();

test.each(story)("%s", (name, typed) => {
  typed();
  for (const machine of world.machines) {
    const file = `${name}.${machine.name}.txt`;
    if (!readdirSync(folder).includes(file)) continue;
    captured.add(file);
    const [, proc = "", events = "", gi = ""] = readFileSync(join(folder, file), "utf8").split(/^## .*\n/m);
    const roles = parseRoles(proc);
    const seen = observe(world, machine, { looks: [], candidates: [], depth: "tables" }).kernelResources.get("r0")!;
    const isAlone = seen.devices.length === 1;
    const role = (minor: number) => (isAlone ? seen.role : seen.devices.find((one) => one.minor === minor)?.role);
    expect({ file, ...stateOf(seen, role) }).toEqual({
      file,
      ...stateOf(parseEvents(events).get("r0")!, (minor) => roles.get(minor)),
    });
    const told = machine.volumes.map((one) => simulated.of(giText(one.holder.metadata!, one.isPrimary)));
    expect({ file, gi: told }).toEqual({
      file,
      gi: gi
        .trim()
        .split("\n")
        .map((line) => real.of(line)),
    });
  }
});

test("every file of the real pair was looked at", () => {
  expect([...captured].sort()).toEqual(
    readdirSync(folder)
      .filter((file) => file.endsWith(".txt"))
      .sort(),
  );
});
