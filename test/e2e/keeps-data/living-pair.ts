/** A pair that is up, with a file on it, to which a test goes back in seconds. */
import { Lab } from "../../../lab/lab";
import type { MachineName } from "../../../lab/machines";
import { drbdState, eventually, mountedAt } from "../machine";
import { sumsOf } from "../output";
import { DEVICE, MOUNT_POINT, siteOf, type Site } from "../site";
import { changesOf, expectSuccess, Stack, type Run } from "../stack";

const checksum = `cd ${MOUNT_POINT} && sha256sum file`;
const WELL = "ds:UpToDate/UpToDate C r-----";

export class LivingPair {
  private constructor(
    readonly lab: Lab,
    readonly site: Site,
    readonly stack: Stack,
    private readonly snapshot: string,
    private readonly sum: string,
  ) {}

  static async begin(snapshot: string): Promise<LivingPair> {
    const lab = await Lab.open();
    await lab.reset("utils");
    const site = await siteOf(lab);
    const stack = await Stack.create(site);
    expectSuccess(await stack.up());
    const write = `cd ${MOUNT_POINT} && head -c 3000000 /dev/urandom >file && sync && ${checksum}`;
    const { stdout } = await lab.run("alpha", write);
    await stack.remember(snapshot);
    await lab.snapshot(snapshot);
    return new LivingPair(lab, site, stack, snapshot, stdout);
  }

  async back(): Promise<void> {
    await this.lab.reset(this.snapshot);
    await this.stack.recall(this.snapshot);
    await this.stack.configure(this.site);
  }

  async end(): Promise<void> {
    await this.lab.reset("bare");
    await this.lab.deleteSnapshot(this.snapshot);
    await this.stack.remove();
  }

  async run(machine: MachineName, script: string, options: { check?: boolean } = {}, stdin?: string): Promise<string> {
    return (await this.lab.run(machine, script, { timeout: 120, ...options, stdin })).stdout.trim();
  }

  /** The provider's next run must succeed, and this is what it did on the hosts. */
  async up(): Promise<string[]> {
    return changesOf(expectSuccess(await this.stack.up()));
  }

  /** Refused in the preview and in `up`, with nothing done. */
  async refused(): Promise<string> {
    const runs: Run[] = [await this.stack.preview(), await this.stack.up()];
    for (const run of runs) {
      if (run.code === 0) throw new Error(`it was not refused:\n${run.output}`);
      expect(changesOf(run)).toEqual([]);
    }
    return runs.map(({ output }) => output).join("\n");
  }

  /** Takes the resource out of use on both, the Primary first. */
  async stop(): Promise<void> {
    await this.run("alpha", `umount ${MOUNT_POINT} && drbdadm down r0`);
    await this.run("bravo", "drbdadm down r0");
  }

  /** In sync, mounted, with the file as it was, and nothing left to do; and the other side holds the same. */
  async expectWhole(): Promise<void> {
    const state = await eventually(() => drbdState(this.lab, "alpha"), new RegExp(`${WELL}$`), 120);
    expect(state).toBe(`cs:Connected ro:Primary/Secondary ${WELL}`);
    expect(await mountedAt(this.lab, "alpha", MOUNT_POINT)).toBe(`${DEVICE} xfs`);
    expect((await this.lab.run("alpha", checksum)).stdout).toBe(this.sum);
    // An `up` that ended before the sync has stored the states of that time. The next one stores these, and does no more.
    expect(await this.up()).toEqual([]);
    const quiet = expectSuccess(await this.stack.preview());
    expect(sumsOf(quiet)).toEqual(["5 unchanged"]);
    expect(changesOf(quiet)).toEqual([]);
    await this.expectOnBravo();
  }

  /** What the other side would give after a failover; the pair is not connected afterwards. */
  private async expectOnBravo(): Promise<void> {
    await this.run("alpha", `sync; umount ${MOUNT_POINT}; drbdadm secondary r0`);
    await this.run("bravo", `drbdadm primary r0 && mount ${MOUNT_POINT}`);
    expect((await this.lab.run("bravo", checksum)).stdout).toBe(this.sum);
  }
}
