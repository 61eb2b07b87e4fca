import type { DesiredResource } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import { devicePath, globalCommonPath, resourcePath } from "../../config/paths";

/**
 * Whether a host's own tables (kernel, mounts, files) already show that a resource is as wanted on this side, so that a
 * closer look at its disk could change nothing in the plan. Where in doubt, no.
 */
export function isSettled(
  desired: DesiredResource,
  configuration: string,
  globalCommon: string | undefined,
  node: ObservedNode,
): boolean {
  const kernel = node.kernelResources.get(desired.name);
  const device = kernel?.devices.find((one) => one.minor === desired.minor);
  const mountPoint = desired.filesystem?.mountPoint;
  const mounted = node.mounts.some((one) => one.source === devicePath(desired.minor) && one.target === mountPoint);
  const formatted = desired.filesystem === undefined || kernel?.role !== "Primary" || mounted;
  return (
    device?.disk === "UpToDate" &&
    kernel?.connection === "Connected" &&
    kernel.devices.length === 1 &&
    formatted &&
    node.files.get(resourcePath(desired.name)) === configuration &&
    (globalCommon === undefined || node.files.get(globalCommonPath) === globalCommon) &&
    node.adjust?.exit === 0 &&
    node.adjust.output.trim() === ""
  );
}
