import type { DesiredResource } from "../wanted/desired";
import { digestsOf } from "../wanted/digests";
import { neededBy } from "../wanted/virtual-machine";
import type { Look } from "./probe";

/** What is looked at of a resource, on each of its hosts. `isParted`: its two sides do not speak. */
export function resourceLooks(desired: DesiredResource, isParted = false): readonly [Look, Look] {
  const { name, hosts, volumes, services, primary, virtualMachines = [], snapshotBeforeResync } = desired;
  const digests = digestsOf(desired).map(({ digest }) => digest);
  const at = (place: 0 | 1): Look => {
    const { hostname, address, port } = hosts[place];
    return {
      name,
      port,
      address,
      digests,
      services,
      ...(snapshotBeforeResync === true ? { snapshots: true } : {}),
      ...(isParted ? { parted: true } : {}),
      ...(primary === undefined ? {} : { wanted: primary === hostname ? "Primary" : "Secondary" }),
      virtualMachines: virtualMachines.map((machine) => ({
        name: machine.name,
        paths: neededBy(machine.xml ?? "").flatMap(({ path }) => path ?? []),
      })),
      volumes: volumes.map(({ number, places, filesystem }) => ({
        volume: number,
        ...places[place],
        filesystem: filesystem !== undefined,
        mountPoint: filesystem?.mountPoint,
      })),
    };
  };
  return [at(0), at(1)];
}
