/** Installing packages in a real sh, with an apt-get of the test's own. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyScript, parseMarker, parseOutcomes } from "../../../provider/core/steps/apply-script";
import { quote } from "../../../provider/core/seen/shell-words";
import { shellOf } from "../../../provider/core/steps/step-script";
import { installPackages } from "../../../provider/core/steps/node-steps";
import { lockedIn, replaced, sh, temporaryFolder, withTools } from "../shell";

const folder = temporaryFolder();
const calls = join(folder, "calls");
const nonce = "0123456789abcdef01";
const steps = installPackages("alpha", ["drbd-utils", "xfsprogs"], "missing");

/** One answer for each call, the last one for all that follow. */
type Answers = readonly (readonly [exit: number, says: string])[];

const body = (name: string, answers: Answers): string =>
  answers
    .map(([exit, says], index) => {
      const last = index === answers.length - 1;
      return `${last ? "" : `if [ $(grep -c '^${name}' ${quote(calls)}) -le ${index + 1} ]; then `}printf '%s\\n' ${quote(says)}; exit ${exit}${last ? "" : "; fi"}`;
    })
    .join("\n");

interface Told {
  readonly outcomes: readonly (readonly [exit: number | null, output: string])[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** What apt-get was called with. */
  readonly ran: readonly string[];
}

function install(update: Answers, installing: Answers, patience = 600): Told {
  rmSync(calls, { force: true });
  const apt = `
for word; do case $word in update|install) verb=$word; break ;; esac; done
echo "$verb $*" >>${quote(calls)}
case $verb in
update) ${body("update", update)} ;;
install) ${body("install", installing)} ;;
esac`;
  const script = applyScript(nonce, steps.map(shellOf), { token: "me", words: "me" });
  const impatient = replaced(replaced(script, "sleep 2", "sleep 0"), "left=600", `left=${patience}`);
  const { exit, stdout, stderr } = sh(withTools(folder, lockedIn(folder, impatient), { "apt-get": apt }));
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
  const events = stdout.split("\n").flatMap((line) => parseMarker(nonce, line) ?? []);
  const texts = (warnings: boolean) =>
    events.flatMap((event) => (event.kind === "said" && event.isWarning === warnings ? [event.text] : []));
  return {
    outcomes: parseOutcomes(nonce, steps, stdout).map((outcome) => [outcome.exit, outcome.output] as const),
    notes: texts(false),
    warnings: texts(true),
    ran: existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [],
  };
}

const well: Answers = [[0, "done"]];
const held = (lock: string, who = " It is held by process 232 (perl)"): readonly [number, string] => [
  100,
  `Reading package lists...\nE: Could not get lock ${lock}.${who}\nN: Be aware that removing the lock file is not a solution.`,
];

test("the lists, then the packages, without a question", () => {
  const { outcomes, ran, notes, warnings } = install(well, well);
  expect(outcomes).toEqual([
    [0, ""],
    [0, ""],
  ]);
  expect(ran).toEqual([
    "update update",
    "install -o DPkg::Options::=--force-confold install -y --no-install-recommends drbd-utils xfsprogs",
  ]);
  expect([notes, warnings]).toEqual([[], []]);
});

describe("a lock that somebody holds is waited for, and told with who holds it", () => {
  test("of the lists, and then of the archives", () => {
    const { outcomes, notes } = install(
      [held("/var/lib/apt/lists/lock"), held("/var/lib/apt/lists/lock"), ...well],
      [held("/var/cache/apt/archives/lock", " It is held by process 7 (unattended-upgr)"), ...well],
    );
    expect(outcomes.map(([exit]) => exit)).toEqual([0, 0]);
    expect(notes).toEqual([
      "waits for process 232 (perl), which holds /var/lib/apt/lists/lock",
      "waits for process 232 (perl), which holds /var/lib/apt/lists/lock",
      "waits for process 7 (unattended-upgr), which holds /var/cache/apt/archives/lock",
    ]);
  });

  test.each([
    [
      "of dpkg, as apt tells it",
      "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 9 (apt)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
      "waits for process 9 (apt), which holds /var/lib/dpkg/lock-frontend",
    ],
    [
      "of dpkg, as dpkg tells it",
      "dpkg: error: dpkg frontend lock was locked by another process with pid 345",
      "waits for pid 345, which holds a lock of apt or dpkg",
    ],
    [
      "as apt of before 1.9 tells it",
      "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)",
      "waits for another process, which holds /var/lib/dpkg/lock-frontend",
    ],
  ])("%s", (_name, says, note) => {
    const { outcomes, notes } = install(well, [[100, says], ...well]);
    expect(outcomes.map(([exit]) => exit)).toEqual([0, 0]);
    expect(notes).toEqual([note]);
  });

  test("but not for ever: then what apt says is the error", () => {
    const { outcomes, notes } = install(well, [held("/var/lib/dpkg/lock")], 4);
    expect(notes).toHaveLength(2);
    expect(outcomes[1]?.[0]).toBe(100);
    expect(outcomes[1]?.[1]).toContain("It is held by process 232 (perl)");
  });

  test("what is no lock fails at once", () => {
    const { outcomes, ran } = install(well, [
      [100, "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (30: Read-only file system)"],
    ]);
    expect(outcomes[1]?.[0]).toBe(100);
    expect(ran).toHaveLength(2);
  });
});

test("a source that does not answer is warned of, and stops nothing where the packages can be installed", () => {
  const { outcomes, warnings } = install(
    [[100, "Get:1 good\nE: Failed to fetch http://pve.example/  401  Unauthorized\nE: The repository is not signed."]],
    well,
  );
  expect(outcomes).toEqual([
    [0, ""],
    [0, ""],
  ]);
  expect(warnings).toEqual([
    "apt-get update failed (exit 100): E: Failed to fetch http://pve.example/  401  Unauthorized",
  ]);
});

test("where the packages cannot be installed, what the update said is told too, with the names that were not resolved", () => {
  const { outcomes, warnings } = install(
    [
      [
        0,
        "W: Failed to fetch http://deb.example/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.example'\nW: Some index files failed to download.",
      ],
    ],
    [[100, "E: Unable to locate package drbd-utils"]],
  );
  expect(warnings).toEqual([]);
  expect(outcomes[1]).toEqual([
    100,
    `E: Unable to locate package drbd-utils
Before it, apt-get update said (exit 0):
W: Failed to fetch http://deb.example/debian/dists/trixie/InRelease  Temporary failure resolving 'deb.example'
W: Some index files failed to download.
Names cannot be resolved on this host: deb.example (see /etc/resolv.conf there)`,
  ]);
});

test("an earlier run's update says nothing about this one", () => {
  writeFileSync(join(folder, "apt-get-update"), "100\nE: of yesterday\n");
  const { outcomes } = install(well, [[100, "E: Unable to locate package drbd-utils"]]);
  expect(outcomes[1]?.[1]).not.toContain("yesterday");
});
