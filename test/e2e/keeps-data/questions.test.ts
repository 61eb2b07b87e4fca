/** create-md asks before it writes over what it knows. A guard stands before that; without one, nobody answers. */
import { pairOf } from "../../core/one-volume";
import { Lab } from "../../../lab/lab";
import { applyScript, parseOutcomes } from "../../../provider/core/steps/apply-script";
import { resourcePath } from "../../../provider/core/config/paths";
import { quote } from "../../../provider/core/seen/shell-words";
import { shellOf } from "../../../provider/core/steps/step-script";
import { createMetadata } from "../../../provider/core/steps/metadata-steps";
import { configurationOf, diskBytes, r0 } from "../../core/observed-builder";
import { diskSum } from "../machine";

jest.setTimeout(1_000_000);

const nonce = "0123456789abcdef01";
const place = { disk: "/dev/vdb", diskSize: diskBytes, metaDisk: "internal", metaDiskSize: 0 };
const unguarded = { ...createMetadata("alpha", pairOf(r0), place, ""), guard: undefined };
const used = "drbdmeta --force 1 v08 /dev/vdb internal set-gi 1122334455667788:0:0:0:1:1";

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("utils");
  await lab.run("alpha", `modprobe drbd; umask 077; printf '%s' ${quote(configurationOf(r0))} >${resourcePath("r0")}`);
});

test.each([
  ["a filesystem", "mkfs.ext4 -qF /dev/vdb", /Operation refused|Do you want to proceed/],
  [
    "metadata in use",
    `drbdadm create-md r0 </dev/null && ${used} </dev/null`,
    /Do you really want to overwrite the existing meta-data/,
  ],
])("over %s: it gets no answer, fails, and writes nothing", async (_what, make, asked) => {
  await lab.run("alpha", make);
  const before = await diskSum(lab, "alpha", "/dev/vdb");
  const { stdout } = await lab.run(
    "alpha",
    applyScript(nonce, [shellOf(unguarded)], { token: "atest", words: "a test" }),
  );
  const [outcome] = parseOutcomes(nonce, [unguarded], stdout);
  expect(outcome?.exit).toBeGreaterThan(0);
  expect(outcome?.output).toMatch(asked);
  expect(await diskSum(lab, "alpha", "/dev/vdb")).toBe(before);
});
