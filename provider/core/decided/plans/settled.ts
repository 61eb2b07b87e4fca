import { sideOn, volumePairs, type DesiredResource, type VolumePair } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import { devicePath, globalCommonPath, resourcePath } from "../../config/paths";

/**
 * Whether a host's own tables (kernel, mounts, files) already show that a resource is as wanted on this side, so that a
 * closer look at its disk could change nothing in the plan. Where in doubt, no.
 */
export function isSettled(
  desired: DesiredResource,
  host: string,
  configuration: string,
  globalCommon: string | undefined,
  node: ObservedNode,
): boolean {
  const kernel = node.kernelResources.get(desired.name);
  const isWell = (volume: VolumePair): boolean => {
    const { minor } = sideOn(volume, host);
    const device = kernel?.devices.find((one) => one.minor === minor && one.volume === volume.volume);
    const mountPoint = volume.filesystem?.mountPoint;
    const mounted = node.mounts.some((one) => one.source === devicePath(minor) && one.target === mountPoint);
    const formatted = volume.filesystem === undefined || kernel?.role !== "Primary" || mounted;
    return device?.disk === "UpToDate" && formatted;
  };
  const areKnown =
    desired.services.every((service) => node.services?.has(service) === true) &&
    (desired.virtualMachines ?? []).every(({ name }) => node.virtualMachines?.machines.has(name) === true);
  return (
    areKnown &&
    kernel?.connection === "Connected" &&
    kernel.devices.length === desired.volumes.length &&
    volumePairs(desired).every(isWell) &&
    node.files.get(resourcePath(desired.name)) === configuration &&
    (globalCommon === undefined || node.files.get(globalCommonPath) === globalCommon) &&
    node.adjust?.exit === 0 &&
    node.adjust.output.trim() === ""
  );
}
