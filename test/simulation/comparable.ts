/** What of an observation can be compared between a simulated pair and a real one: what is chance is left out. */
import type { KernelResource } from "../../provider/core/seen/observed";

export const stateOf = (kernel: KernelResource | undefined) =>
  kernel && {
    role: kernel.role,
    connection: kernel.connection,
    peerRole: kernel.peerRole,
    replication: kernel.peerDevices?.[0]?.replication,
    disk: kernel.devices.map(({ disk }) => disk),
    peerDisk: kernel.peerDevices?.[0]?.peerDisk,
  };

/** What `drbdadm -d adjust` would do, without the options. */
export const verbsOf = (lines: string): (string | undefined)[] =>
  [...lines.matchAll(/^drbd(?:setup|setup-84|meta) (?:\S+ v0[89] \S+ \S+ )?([a-z-]+)/gm)].map(([, verb]) => verb);

/** Identifiers by the place where each was first met, without the role in bit 0. */
export class Names {
  private readonly met = new Map<bigint, number>();

  of(gi: string): (number | string)[] {
    const words = gi.split(":");
    const uuids = words.slice(0, 4).map((word) => {
      const uuid = BigInt(`0x${word}`) & ~1n;
      if (uuid === 0n) return 0;
      if (!this.met.has(uuid)) this.met.set(uuid, this.met.size + 1);
      return this.met.get(uuid)!;
    });
    // Consistent, was UpToDate, Primary, and the peer outdated: what the simulation keeps of the flags. DRBD 9 has twelve.
    const isOf9 = words.length === 16;
    return [...uuids, ...[4, 5, 6, isOf9 ? 12 : 9].map((at) => words[at]!)];
  }
}
