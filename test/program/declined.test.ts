/** A host that was not made Primary because somebody holds the device open on its peer. */
import { askingWhoHolds } from "../../provider/lifecycle/declined";
import { resourceOf } from "../core/one-volume";
import { r0 } from "../core/observed-builder";
import type { Pair } from "../../provider/lifecycle/pair";
import type { Step } from "../../provider/core/steps/plan";
import { HostError } from "../../provider/shell/error-classes";

const output =
  "r0: State change failed: (-10) State change was refused by peer node\nadditional info from kernel:\nDeclined by peer bravo (id: 1), see the kernel log there";
const declined = new HostError("alpha", "a step failed (neither host is Primary)", {
  command: "drbdadm primary r0",
  exit: 11,
  output,
});

function pairWith(apply: (steps: readonly Step[]) => Promise<undefined>) {
  const asked: string[] = [];
  const hosts = ["alpha", "bravo"].map((name) => ({
    name,
    apply: (steps: readonly Step[]) => {
      asked.push(...steps.map((step) => `${name}: ${step.argv.join(" ")}`));
      return apply(steps);
    },
  }));
  return { pair: { hosts, desired: resourceOf(r0) } as unknown as Pair, asked };
}

const failing = (error: Error) => () => Promise.reject(error);
const held = new HostError("bravo", "a step failed", { output: "/dev/drbd1 is held open by sleep (pid 512)\n" });

test("the peer is asked, and the error names it and who holds the device there", async () => {
  const { pair, asked } = pairWith(failing(held));
  const error = await askingWhoHolds(pair, failing(declined)).catch((one: unknown) => one as HostError);
  expect(error).toBeInstanceOf(HostError);
  expect(asked).toEqual(["bravo: fuser -v /dev/drbd1"]);
  expect(error.message).toContain("on bravo, /dev/drbd1 is held open by sleep (pid 512)");
  expect(error.message).toContain("Declined by peer bravo");
  expect(error.message).toContain("Stop that on bravo, and run `pulumi up` again");
});

test("the peer is asked as well where the kernel gives the number alone", async () => {
  const { pair, asked } = pairWith(failing(held));
  const bare = new HostError("alpha", "a step failed", { output: output.split("\n")[0] });
  await expect(askingWhoHolds(pair, failing(bare))).rejects.toThrow("on bravo, /dev/drbd1 is held open by sleep");
  expect(asked).toHaveLength(1);
});

test("where nobody holds it any more, or the peer does not answer, the error stays what it was", async () => {
  for (const apply of [() => Promise.resolve(undefined), failing(new HostError("bravo", "no answer"))]) {
    await expect(askingWhoHolds(pairWith(apply).pair, failing(declined))).rejects.toBe(declined);
  }
});

test("another error, and no error, are passed on, and nobody is asked", async () => {
  const { pair, asked } = pairWith(failing(held));
  const other = new HostError("alpha", "a step failed", { output: "Multiple primaries not allowed by config" });
  await expect(askingWhoHolds(pair, failing(other))).rejects.toBe(other);
  await expect(askingWhoHolds(pair, failing(new Error("Declined by peer")))).rejects.toThrow("Declined by peer");
  await expect(askingWhoHolds(pair, () => Promise.resolve(7))).resolves.toBe(7);
  expect(asked).toEqual([]);
});
