import { resourceOf } from "../../one-volume";
import type { ObservedNode } from "../../../../provider/core/seen/observed";
import { globalCommonPath, resourcePath } from "../../../../provider/core/config/paths";
import { isSettled } from "../../../../provider/core/decided/plans/settled";
import {
  type Pair,
  configurationOf,
  healthyPair,
  kernelDevice,
  nodeAt,
  planOf,
  r0,
  refusalsOf,
  withFile,
  withKernel,
  withLook,
} from "../../observed-builder";

const globalCommon = (node: ObservedNode): string | undefined => node.files.get(globalCommonPath);
const settled = (node: ObservedNode): boolean =>
  isSettled(resourceOf(r0), node.hostname, configurationOf(r0), globalCommon(nodeAt("alpha", "synced")), node);

test("both sides of a healthy pair are settled", () => {
  expect(healthyPair().map(settled)).toEqual([true, true]);
});

test("a settled pair that was not looked at closely has nothing to do", () => {
  const [alpha, bravo] = healthyPair();
  const unlooked: Pair = [withLook(alpha, undefined), withLook(bravo, undefined)];
  expect(planOf(unlooked)).toEqual({ subject: "r0", stages: [], refusals: [], warnings: [], afterwards: [] });
});

const healthy = nodeAt("alpha", "synced");
test.each<[string, ObservedNode]>([
  ["the resource is down", withKernel(healthy, undefined)],
  ["its disk is Inconsistent", withKernel(healthy, { devices: [kernelDevice("Inconsistent")] })],
  ["its disk is Diskless", withKernel(healthy, { devices: [kernelDevice("Diskless")] })],
  ["it runs as another minor", withKernel(healthy, { devices: [kernelDevice("UpToDate", { minor: 2 })] })],
  [
    "it has two volumes",
    withKernel(healthy, { devices: [kernelDevice("UpToDate"), kernelDevice("UpToDate", { volume: 1, minor: 5 })] }),
  ],
  ["it is not connected", withKernel(healthy, { connection: "Connecting" })],
  ["it has no connection", withKernel(healthy, { connection: undefined })],
  ["it is Primary and not mounted", { ...healthy, mounts: [] }],
  ["its file is not there", withFile(healthy, resourcePath("r0"), undefined)],
  ["its file differs", withFile(healthy, resourcePath("r0"), `${configurationOf(r0)}\n`)],
  ["global_common.conf differs", withFile(healthy, globalCommonPath, "global {\n}\n")],
  ["drbdadm was not asked", { ...healthy, adjust: undefined }],
  ["drbdadm would change something", { ...healthy, adjust: { exit: 0, output: "drbdsetup-84 net-options r0\n" } }],
  ["drbdadm failed", { ...healthy, adjust: { exit: 10, output: "" } }],
])("not settled: %s", (_what, node) => {
  expect(settled(node)).toBe(false);
});

test("a settled side whose peer was not looked at and is not UpToDate is refused, not guessed at", () => {
  const [alpha, bravo] = healthyPair();
  const inconsistent = withKernel(bravo, { devices: [kernelDevice("Inconsistent")] });
  const plan = planOf([withLook(alpha, undefined), withLook(inconsistent, undefined)]);
  expect(refusalsOf(plan)).toEqual(["bravo: the resource was not looked at there"]);
});
