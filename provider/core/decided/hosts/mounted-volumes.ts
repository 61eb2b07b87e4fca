/** Whether a resource is mounted on a host where its program wants it. */
import { devicePath } from "../../config/paths";
import type { ObservedNode } from "../../seen/observed";
import type { DesiredResource } from "../../wanted/desired";

/** Every volume with a mount point; of a resource that has none, there is nothing to be mounted. */
export function isMountedOn({ hosts, volumes }: DesiredResource, node: ObservedNode, host: string): boolean {
  const place = hosts[0].hostname === host ? 0 : 1;
  return volumes.every(({ filesystem, places }) => {
    const device = devicePath(places[place].minor);
    const mountPoint = filesystem?.mountPoint;
    return (
      mountPoint === undefined || node.mounts.some(({ source, target }) => source === device && target === mountPoint)
    );
  });
}
