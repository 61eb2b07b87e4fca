import { lockedOptions } from "../../../../provider/core/decided/data/locked-options";
import type { HostView } from "../../../../provider/core/decided/data/resource-view";

const host = (replication?: string): HostView =>
  ({
    host: { hostname: "alpha" },
    kernel: replication === undefined ? undefined : { peerDevices: [{ replication: "Established" }, { replication }] },
  }) as unknown as HostView;

test.each<[string, string | undefined, string | undefined]>([
  ["csums-alg", "SyncSource", "a sync"],
  ["csums-alg", "SyncTarget", "a sync"],
  ["csums-alg", "PausedSyncS", "a sync"],
  ["csums-alg", "VerifyS", undefined],
  ["csums-alg", "Established", undefined],
  ["csums-alg", undefined, undefined],
  ["verify-alg", "VerifyT", "a verify"],
  ["verify-alg", "SyncSource", undefined],
  ["max-buffers", "SyncSource", undefined],
])("%s changes while one volume is %s", (name, replication, work) => {
  const refusals = lockedOptions("r0", host(replication), [{ key: `net ${name}`, from: "sha1" }]);
  expect(refusals.map(({ node, found }) => [node, found])).toEqual(
    work === undefined ? [] : [["alpha", `${name} is to change, and DRBD does not change it while ${work} runs`]],
  );
});

test("nothing of it changes: nothing is refused", () => {
  expect(lockedOptions("r0", host("SyncSource"), [])).toEqual([]);
});
