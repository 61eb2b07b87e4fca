/** What drbdadm says that somebody else's definition means: every difference from ours is told or refused. */
import { probeLook } from "../../one-volume";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseDump } from "../../../../provider/core/config/parse-dump";
import type { ResourceMeaning } from "../../../../provider/core/config/resource-meaning";
import { parseProbe } from "../../../../provider/core/seen/parse-probe";
import { observeScript } from "../../../../provider/core/seen/probe";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { stepsOf, type Plan } from "../../../../provider/core/steps/plan";
import { healthyPair, planOf, withFile, withLook } from "../../observed-builder";
import { sh, temporaryFolder, withTools } from "../../../core/shell";

const file = "/etc/drbd.d/r0.res";
const places = (address: string, more = ""): string =>
  `{ device /dev/drbd1 minor 1; disk /dev/vdb; meta-disk internal; address ipv4 ${address}:7789; ${more} }`;
const dumped = (inHosts: string, inResource: string): string =>
  `# resource r0 on alpha: not ignored, not stacked\n# defined at /etc/drbd.d/pairs/one.res:3\nresource r0 {\n` +
  `on alpha ${places("10.1.1.31", inHosts)} on bravo ${places("10.1.1.32", inHosts)}\n${inResource}\n}\n`;
const meaning = (text: string): ResourceMeaning => {
  const [only] = parseDump(text);
  if (only === undefined) throw new Error("no resource");
  return only;
};
const ours = meaning(dumped("", "net { protocol C; fencing resource-only; }"));

const text = `resource r0 { on alpha ${places("10.1.1.31")} on bravo ${places("10.1.1.32")} }\n`;

/** A foreign pair whose definition drbdadm has read, and of which the text tells nothing. */
function planFor(installed: string): Plan {
  const by = (node: ObservedNode): ObservedNode =>
    withLook(withFile(node, file, text), {
      meanings: { installed: meaning(installed), wanted: ours },
      change: { exit: 0, output: "drbdsetup-84 net-options a b --set-defaults --protocol=C\n" },
    });
  const [alpha, bravo] = healthyPair();
  return planOf([by(alpha), by(bravo)]);
}

const foundIn = (plan: Plan): string[] =>
  plan.refusals.map(({ found }) => found).filter((one) => one.includes("pairs/one.res"));

describe("refused, with its line and where its definition begins", () => {
  test.each([
    ["proxy on alpha { inside ipv4 127.0.0.1:7789; }", "", "proxy on alpha { inside ipv4 127.0.0.1:7789; }"],
    ["alternate-link-address ipv4 10.9.9.9:1;", "", "alternate-link-address ipv4 10.9.9.9:1;"],
    ["options { cpu-mask 3; }", "", "on alpha { options { cpu-mask 3; } }"],
    ["", "odd { thing; }", "odd { thing; }"],
    ["", "stacked-on-top-of low { address ipv4 10.2.0.1:1; }", "stacked-on-top-of low"],
  ])("%s%s", (inHosts, inResource, line) => {
    const plan = planFor(dumped(inHosts, `net { protocol C; fencing resource-only; } ${inResource}`)).refusals;
    const told = plan.map(({ found }) => found).filter((one) => one.includes(line));
    expect(told[0]).toContain(
      "(its definition begins at /etc/drbd.d/pairs/one.res:3), and no program can say that yet",
    );
  });

  test("a device with a name of its own", () => {
    const named = dumped("", "net { protocol C; fencing resource-only; }").replaceAll("/dev/drbd1", "/dev/drbd_data");
    expect(foundIn(planFor(named))[0]).toContain("`device /dev/drbd_data`");
  });
});

test("the same meaning has nothing to be refused", () => {
  expect(foundIn(planFor(dumped("", "net { protocol c; fencing resource-only; timeout 60; }")))).toEqual([]);
});

test("what goes and comes stands in the row of its step, whatever file it came from", () => {
  const theirs = dumped(
    "disk { on-io-error pass_on; }",
    'net { protocol A; fencing resource-only; } handlers { split-brain "/bin/true"; } startup { become-primary-on alpha; }',
  );
  const [alpha, bravo] = healthyPair();
  const by = (node: ObservedNode): ObservedNode =>
    withLook(withFile(node, file, text), {
      meanings: { installed: meaning(theirs), wanted: ours },
      change: { exit: 0, output: "drbdsetup-84 net-options a b --set-defaults --protocol=C\n" },
    });
  const plan = planOf([by(alpha), by(bravo)]);
  const [because] = stepsOf(plan)
    .filter(({ argv }) => argv.join(" ") === "drbdadm adjust r0")
    .map((step) => step.because);
  expect(because).toBe(
    "protocol A → protocol C; - on-io-error pass_on; - become-primary-on alpha; - split-brain /bin/true",
  );
  expect(plan.warnings).toEqual([
    "the handlers that your files name (split-brain) go: to keep them, set `handlers` on the resource",
    "protocol A → protocol C, which says when a write counts as done: to keep it, set `protocol: A` on the resource",
    expect.stringContaining("become-primary-on alpha goes: after a boot of both hosts nobody is Primary"),
  ]);
});

describe("the look", () => {
  const temporary = temporaryFolder();
  const nonce = "0123456789abcdef01";
  const look = probeLook({
    name: "r0",
    minor: 1,
    port: 7789,
    disk: "/dev/vdb",
    metaDisk: "internal",
    filesystem: false,
  });
  const fixture = readFileSync(path.join(__dirname, "../../../fixtures/drbdadm-dump/9/volumes-two.txt"), "utf8");
  const drbdadm = `case "$*" in
"--verbose dump r0") cat <<'.'\n${fixture}.\n;;
"--verbose -c - dump r0") cat ;;
"-c - "*) cat >/dev/null ;;
esac`;
  const seen = (isForeign: boolean) => {
    const candidate = { name: "r0", resource: "resource r0 { net { protocol A; } }\n", globalCommon: "", isForeign };
    const script = observeScript(nonce, { looks: [look], candidates: [candidate], depth: "close" });
    return parseProbe(nonce, sh(withTools(temporary, script, { drbdadm })).stdout).resources.get("r0");
  };

  test("asks drbdadm what the installed definition means, and what ours would", () => {
    const { installed, wanted } = seen(true)?.meanings ?? {};
    expect(installed?.hosts[0]?.volumes).toHaveLength(2);
    expect(wanted?.net.get("protocol")).toBe("A");
  });

  test("only where it is somebody else's", () => {
    expect(seen(false)).not.toHaveProperty("meanings");
  });
});
