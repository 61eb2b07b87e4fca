/**
 * `npm run bench`: what the provider takes, beside a good bash script and Pulumi's own floor, all in one run and
 * interleaved, since these machines are noisy. Ratios count, not seconds. BENCH_RUNS sets how many (5), BENCH_PARTS which
 * of `pair`, `switch` and `ten` (all).
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Lab } from "../lab/lab";
import { accessFiles } from "../lab/ssh-access";
import { Stack, timed, type Timed, type Traffic } from "./stack";
import { formatTable, median } from "./table";

const clone = resolve(__dirname, "../..");
const runs = Number(process.env["BENCH_RUNS"] ?? 5);
const parts = (process.env["BENCH_PARTS"] ?? "pair,switch,ten").split(",");
const hosts = ["alpha", "bravo"] as const;

const seconds = new Map<string, number[]>();
const traffic = new Map<string, Traffic>();

function note(name: string, result: number | Timed): void {
  const value = typeof result === "number" ? result : result.seconds;
  seconds.set(name, [...(seconds.get(name) ?? []), value]);
  if (typeof result !== "number") traffic.set(name, result.traffic);
  console.error(`${name}: ${value.toFixed(2)} s`);
}

async function site(lab: Lab, resources: readonly object[]): Promise<object> {
  const nodes = await Promise.all(
    hosts.map(async (hostname) => ({
      hostname,
      address: lab.address(hostname),
      connection: await lab.connection(hostname),
    })),
  );
  return { "pulumi-drbd:nodes": nodes, "pulumi-drbd:resources": resources };
}

const onVdb = {
  name: "r0",
  minor: 1,
  port: 7789,
  disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" },
  syncSource: "alpha",
  waitForSync: false,
};
const mounted = { ...onVdb, filesystem: { mountPoint: "/srv/data" } };

/** SSH as a careful script uses it: one connection a host and run, shared by its commands. */
function multiplexed(lab: Lab, host: string, run: string): string {
  const shared = `-o ControlMaster=auto -o ControlPath=/tmp/bench-${run}-%n -o ControlPersist=2`;
  return `ssh -q -F ${accessFiles(lab.folder).config} ${shared} ${host}`;
}

/** What `up` has put on a host, as an archive: what a person would have prepared for a script. */
async function preparedFiles(lab: Lab, host: (typeof hosts)[number]): Promise<string> {
  const places = "etc/drbd.d etc/systemd/system/drbd* etc/pulumi-drbd usr/local/sbin/drbd-*";
  const { stdout } = await lab.run(host, `cd / && tar -cf - ${places} | base64`);
  const file = join(lab.folder, `${host}.tar`);
  writeFileSync(file, Buffer.from(stdout, "base64"), { mode: 0o600 });
  return file;
}

async function comparePair(lab: Lab): Promise<void> {
  const pair = await Stack.create(clone, "pulumi-drbd", await site(lab, [mounted]));
  const floor = await Stack.create(join(clone, "bench/floor"), "floor", {});
  const script = (name: string) => join(clone, "bench", name);
  for (let run = 1; run <= runs; run++) {
    const ssh = (what: string) => hosts.map((host) => multiplexed(lab, host, `${what}${run}`));
    // Reset, and let the machines come to rest: they share this machine's cores with us.
    const fresh = async () => {
      await lab.reset("utils");
      await new Promise((wake) => setTimeout(wake, 3000));
    };
    await fresh();
    await pair.forget();
    note("first up", await pair.pulumi("up", "--yes", "--skip-preview"));
    const files = await Promise.all(hosts.map((host) => preparedFiles(lab, host)));
    await lab.run("alpha", 'until [ "$(drbdadm dstate r0)" = UpToDate/UpToDate ]; do sleep 1; done', { timeout: 120 });

    await floor.forget();
    note("floor: first up", await floor.pulumi("up", "--yes", "--skip-preview"));
    for (let again = 0; again < 2; again++) {
      note("preview, nothing to do", await pair.pulumi("preview"));
      note("look", await timed([script("look.sh"), ...ssh(`look${again}`)]));
      note("floor: preview", await floor.pulumi("preview"));
      note("up, nothing to do", await pair.pulumi("up", "--yes", "--skip-preview"));
      note("floor: up", await floor.pulumi("up", "--yes", "--skip-preview"));
    }
    await fresh();
    await pair.forget();
    note("first up, previewed", await pair.pulumi("up", "--yes"));
    await floor.forget();
    note("floor: first up, previewed", await floor.pulumi("up", "--yes"));

    await fresh();
    note("bash", await timed([script("pair.sh"), ...ssh("pair"), "r0", ...files, "/srv/data"]));
  }
  pair.remove();
  floor.remove();
}

/** An idle mounted resource moves to the other host and back. */
async function compareSwitch(lab: Lab): Promise<void> {
  await lab.reset("utils");
  const primaryAt = (primary: string) => site(lab, [{ ...mounted, waitForSync: true, primary }]);
  const pair = await Stack.create(clone, "pulumi-drbd", await primaryAt("alpha"));
  const floor = await Stack.create(join(clone, "bench/floor"), "floor", { "floor:turn": "0" });
  await pair.pulumi("up", "--yes", "--skip-preview");
  await floor.pulumi("up", "--yes", "--skip-preview");
  for (let run = 1; run <= runs; run++) {
    const [from, to] = run % 2 === 1 ? (["alpha", "bravo"] as const) : (["bravo", "alpha"] as const);
    pair.configure(await primaryAt(to));
    note("switch", await pair.pulumi("up", "--yes", "--skip-preview"));
    floor.configure({ "floor:turn": String(run) });
    note("floor: up with a change", await floor.pulumi("up", "--yes", "--skip-preview"));
    // Back by the script, and there again, so that the next `up` finds it where its program had it.
    const move = (one: string, other: string) =>
      timed([
        join(clone, "bench/switch.sh"),
        multiplexed(lab, one, `back${run}`),
        multiplexed(lab, other, `back${run}`),
        "r0",
        "/srv/data",
      ]);
    note("bash: switch", await move(to, from));
    note("bash: switch", await move(from, to));
  }
  pair.remove();
  floor.remove();
}

/** Ten small resources on logical volumes of the same disk, beside the first of them alone. */
async function compareTen(lab: Lab): Promise<void> {
  await lab.reset("utils");
  const names = Array.from({ length: 10 }, (_, index) => `r${index}`);
  const make = `pvcreate -q /dev/vdb && vgcreate -q vg /dev/vdb && ${names.map((name) => `lvcreate -q -Wn -L 28M -n ${name} vg`).join(" && ")}`;
  await Promise.all(hosts.map((host) => lab.run(host, make)));
  const resources = names.map((name, index) => ({
    ...onVdb,
    name,
    minor: index + 1,
    port: 7789 + index,
    disks: { alpha: `/dev/vg/${name}`, bravo: `/dev/vg/${name}` },
  }));
  const one = await Stack.create(clone, "pulumi-drbd", await site(lab, resources.slice(0, 1)));
  const ten = await Stack.create(clone, "pulumi-drbd", await site(lab, resources));
  await one.pulumi("up", "--yes", "--skip-preview");
  note("ten resources: first up", await ten.pulumi("up", "--yes", "--skip-preview"));
  await lab.run("alpha", "until ! grep -q Inconsistent /proc/drbd; do sleep 1; done", { timeout: 300 });
  for (let run = 1; run <= runs; run++) {
    note("one resource: preview", await one.pulumi("preview"));
    note("ten resources: preview", await ten.pulumi("preview"));
  }
  one.remove();
  ten.remove();
}

/** A figure, the sum that it is measured against, and how much of that is allowed. */
const targets: readonly (readonly [string, readonly string[], number | undefined])[] = [
  ["first up", ["bash", "floor: first up"], 1.15],
  ["first up, previewed", ["bash", "floor: first up, previewed"], undefined],
  ["preview, nothing to do", ["look", "floor: preview"], 1.15],
  ["up, nothing to do", ["look", "floor: up"], 1.15],
  ["switch", ["bash: switch", "floor: up with a change"], 1.15],
  ["ten resources: preview", ["one resource: preview"], 1.5],
];

function report(): string {
  const of = (name: string) => median(seconds.get(name) ?? []);
  const figures = [...seconds].map(([name, values]) => {
    const seen = traffic.get(name);
    return [
      name,
      of(name).toFixed(2),
      `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`,
      String(values.length),
      seen === undefined || seen.connections === 0 ? "" : `${seen.connections}`,
      seen === undefined || seen.connections === 0 ? "" : `${seen.commands}`,
    ];
  });
  const measured = targets.filter(([name]) => seconds.has(name));
  const ratios = measured.map(([name, sum, wanted]) => {
    const against = sum.reduce((all, part) => all + of(part), 0);
    return [name, sum.join(" + "), (of(name) / against).toFixed(2), wanted === undefined ? "" : `at most ${wanted}`];
  });
  return [
    formatTable([["seconds", "median", "range", "runs", "connections", "commands"], ...figures]),
    formatTable([["ratio", "against", "is", "wanted"], ...ratios]),
  ].join("\n\n");
}

async function main(): Promise<void> {
  const lab = await Lab.open({
    report: (line) => {
      console.error(line);
    },
  });
  if (parts.includes("pair")) await comparePair(lab);
  if (parts.includes("switch")) await compareSwitch(lab);
  if (parts.includes("ten")) await compareTen(lab);
  console.log(report());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
