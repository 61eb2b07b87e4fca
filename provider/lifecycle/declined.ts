import { checkNotHeld, isDeclined } from "../core/steps/promotion-steps";
import { devicesOn } from "../core/wanted/desired";
import type { Pair } from "./pair";
import { HostError } from "../shell/error-classes";

/** Where a host was not made Primary because its peer declined, the peer is asked who holds the device open there. */
export async function askingWhoHolds<T>(pair: Pair, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HostError) || !isDeclined(error.details.output ?? "")) throw error;
    const peer = pair.hosts.find(({ name }) => name !== error.host);
    const said = peer === undefined ? undefined : await holdersOn(pair, peer, error.host);
    if (peer === undefined || said === undefined) throw error;
    throw new HostError(error.host, `${error.what}: on ${peer.name}, ${said}`, {
      ...error.details,
      advice: `DRBD makes nobody Primary while the device is open on the other host. Stop that on ${peer.name}, and run \`pulumi up\` again`,
    });
  }
}

/** What the peer says; undefined where nobody holds it any more, or nothing could be found out. */
async function holdersOn(pair: Pair, peer: Pair["hosts"][number], primary: string): Promise<string | undefined> {
  const because = `must not be open while ${primary} becomes Primary`;
  const steps = devicesOn(pair.desired, peer.name).map(({ minor }) => checkNotHeld(peer.name, minor, because));
  try {
    await peer.apply(steps, undefined, () => undefined);
    return undefined;
  } catch (error) {
    const said = error instanceof HostError ? error.details.output?.trim() : undefined;
    return said === "" ? undefined : said;
  }
}
