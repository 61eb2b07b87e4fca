/** Options that DRBD does not change while it is at work: `drbdadm adjust` would fail, with both files written already. */
import type { OptionChange } from "../../config/compare-options";
import type { Refusal } from "../../steps/plan";
import type { HostView } from "./resource-view";

/** ERR_CSUMS_RESYNC_RUNNING and ERR_VERIFY_RUNNING (drbd_nl.c, 8.4 and 9). */
const locks = [
  { key: "net csums-alg", while: /^(Paused)?Sync/, work: "a sync" },
  { key: "net verify-alg", while: /^Verify/, work: "a verify" },
] as const;

export function lockedOptions(name: string, { host, kernel }: HostView, changed: readonly OptionChange[]): Refusal[] {
  return locks
    .filter(
      (lock) =>
        changed.some(({ key }) => key === lock.key) &&
        kernel?.peerDevices?.some(({ replication }) => lock.while.test(replication)) === true,
    )
    .map(({ key, work }) => ({
      node: host.hostname,
      found: `${key.replace(/^\w+ /, "")} is to change, and DRBD does not change it while ${work} runs`,
      way: `Wait until it is over (\`drbd-where ${name}\` there shows how far it is), and run \`pulumi up\` again.`,
    }));
}
