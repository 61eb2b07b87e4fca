import { type MachineName, machineFiles } from "../machines";
import { type Monitor, withMonitor } from "../monitor";

const FILTER = "link-filter";
const RELAY = "link-relay";

/**
 * The frames that a running machine sends go to a UDP port of the relay, and no longer to the other machine. What comes
 * in needs nothing: a machine's end of the cable takes frames from whoever sends them. Without a link there is no
 * filter at all, so that the plain cable is as fast as ever.
 */
export async function divertFrames(folder: string, name: MachineName, port: number): Promise<void> {
  await withMonitor(machineFiles(folder, name).monitor, async (monitor) => {
    await removeFilter(monitor);
    const remote = { type: "inet", data: { host: "127.0.0.1", port: String(port) } };
    // UDP: a relay that is gone or slow never holds the machine up.
    await monitor.execute("chardev-add", { id: RELAY, backend: { type: "udp", data: { remote } } });
    // rx: what the netdev receives, which is what the machine sends.
    await monitor.execute("object-add", {
      "qom-type": "filter-redirector",
      id: FILTER,
      netdev: "link",
      queue: "rx",
      outdev: RELAY,
    });
  });
}

/** The frames go straight to the other machine again. */
export async function undivertFrames(folder: string, name: MachineName): Promise<void> {
  await withMonitor(machineFiles(folder, name).monitor, removeFilter);
}

async function removeFilter(monitor: Monitor): Promise<void> {
  const objects = (await monitor.execute("qom-list", { path: "/objects" })) as { name: string }[];
  if (objects.some((each) => each.name === FILTER)) await monitor.execute("object-del", { id: FILTER });
  const devices = (await monitor.execute("query-chardev")) as { label: string }[];
  if (devices.some((each) => each.label === RELAY)) await monitor.execute("chardev-remove", { id: RELAY });
}
