/** A sync that is over, and whose source has not noticed: as DRBD 8.4 in the lab stood at 100 % until the peer said it again. */
import {
  commandsOf,
  healthyPair,
  kernelDevice,
  planOf,
  r0,
  remembered,
  withKernel,
  type Pair,
} from "../../observed-builder";

const [alpha, bravo] = healthyPair(r0);
const stands = { replication: "SyncSource", peerDisk: "Inconsistent", outOfSync: 0 };
const told = [["bravo: drbdadm resume-sync r0"], ["alpha: drbdadm cstate r0"]];

test.each<[string, Pair, readonly string[][]]>([
  ["nothing is left to send, and the peer says that it is whole", [withKernel(alpha, stands), bravo], told],
  [
    "the same, seen from the other side",
    [alpha, withKernel(bravo, stands)],
    [["alpha: drbdadm resume-sync r0"], ["bravo: drbdadm cstate r0"]],
  ],
  ["there is something to send", [withKernel(alpha, { ...stands, outOfSync: 4 }), bravo], []],
  [
    "the peer is being filled",
    [
      withKernel(alpha, stands),
      withKernel(bravo, { replication: "SyncTarget", devices: [kernelDevice("Inconsistent")] }),
    ],
    [],
  ],
  [
    "the two are apart",
    [withKernel(alpha, stands), withKernel(bravo, { connection: "Connecting", replication: "Off" })],
    [],
  ],
  ["a verify runs", [withKernel(alpha, { replication: "VerifyS" }), withKernel(bravo, { replication: "VerifyT" })], []],
])("%s", (_what, pair, commands) => {
  expect(commandsOf(planOf(pair, { memory: remembered }))).toEqual(commands);
});

test("the move waits for it: until then the source's DRBD knows nothing of a whole peer", () => {
  const desired = { ...r0, primary: "bravo" };
  const given = { desired, switchTo: "bravo", memory: remembered };
  const [from, to] = healthyPair(desired);
  const plan = planOf([withKernel(from, stands), to], given);
  expect([plan.refusals, commandsOf(plan), plan.switchover]).toEqual([[], told, undefined]);
  expect(plan.afterwards[0]).toBe("whatever else there is to do is planned once alpha knows that the sync is over");
  expect(commandsOf(planOf([from, to], given))).toHaveLength(2);
});
