import { devicesOn, type DesiredResource } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import {
  fatesOf,
  fateWarnings,
  giveBackSteps,
  leaveAloneSteps,
  removeSteps,
  type Fate,
  type LeavingHost,
} from "./given-back-or-down";
import { managerRefusals } from "../hosts/manager-refusals";
import { devicePath } from "../../config/paths";
import type { Plan, Refusal, Step } from "../../steps/plan";
import * as steps from "../../steps/kernel-steps";
import * as stepsUnits from "../../steps/unit-steps";
import * as stepsMachines from "../../steps/virtual-machine-steps";
import * as stepsFilesystem from "../../steps/filesystem-steps";
import * as stepsPromotion from "../../steps/promotion-steps";
import * as ownFolder from "../../steps/own-folder";
import * as stepsFiles from "../../steps/file-steps";
import {
  bringUpOf,
  isActive,
  machineBeside,
  promotionOf,
  roleOf,
  startsOf,
  servedOf,
  serviceDropInsOn,
  targetOf,
  unitsThere,
} from "../../steps/boot-units";

/**
 * Takes a resource out of service: unmounted, demoted, down, and what we wrote removed. Data and metadata stay on the
 * disks: nothing here writes to them. The host where it is Primary comes first, so that the peer sees a clean end. One that
 * was taken over and runs by the user's own files as it does now is given back instead, and runs on.
 */
export function planTeardown(
  desired: DesiredResource,
  /** Those that are reached, by name. */
  hosts: readonly string[],
  nodes: readonly ObservedNode[],
  /** The hosts whose DrbdNode stays in the program. */
  staying: ReadonlySet<string> = new Set(),
): Plan {
  const { name: resource } = desired;
  const stages: Step[][] = [[], []];
  const refusals: Refusal[] = [];
  const warnings: string[] = [];
  const leaving = nodes.map((node, index): LeavingHost => {
    const host = hosts[index] ?? node.hostname;
    return { host, node, keepsNode: staying.has(host) };
  });
  const fates = fatesOf(desired, leaving);
  leaving.forEach((one, index) => {
    const { host, node } = one;
    const fate: Fate = fates[index] ?? { kind: "taken down", beside: [], why: "" };
    warnings.push(...fateWarnings(desired, one, fate));
    if (fate.kind === "left alone") {
      stages[1]?.push(...leaveAloneSteps(desired, one));
      return;
    }
    const kernel = node.kernelResources.get(resource);
    const devices = devicesOn(desired, host);
    const minors = devices.map(({ minor }) => minor);
    const foreign = kernel?.devices.find((one) => !minors.includes(one.minor));
    if (foreign !== undefined) {
      refusals.push({
        node: host,
        found: `${resource} runs there as minor ${foreign.minor}, not ${minors.join(", ")}`,
        way: "Somebody changed it by hand: take it down yourself, then destroy again.",
      });
    }
    const managed = managerRefusals(node, host, {
      name: resource,
      volumes: devices,
      ignoreManagers: desired.ignoreManagers,
    });
    refusals.push(
      ...managed.map(({ found, way }) => ({
        node: host,
        found,
        way: `Take ${resource} out of it first; or with ${/`ignoreManagers: .*?`/.exec(way)?.[0] ?? ""} and one \`pulumi up\`, where it does not act any more; or leave all as it is, and let Pulumi forget ${resource} (\`pulumi state delete\`).`,
      })),
    );
    if (fate.kind === "given back")
      stages[1]?.push(...giveBackSteps(desired, one, fate, marksSteps(desired, host, node)));
    else (kernel?.role === "Primary" ? stages[0] : stages[1])?.push(...teardownSteps(desired, host, node));
  });
  return {
    subject: resource,
    stages: refusals.length > 0 ? [] : stages.filter((stage) => stage.length > 0),
    refusals,
    warnings,
    afterwards: [],
  };
}

function teardownSteps(desired: DesiredResource, host: string, node: ObservedNode): Step[] {
  const found: Step[] = [];
  const { name: resource } = desired;
  const kernel = node.kernelResources.get(resource);
  const volumes = devicesOn(desired, host);
  const devices = volumes.map(({ minor }) => devicePath(minor));
  if (kernel?.role === "Primary") {
    const beside = serviceDropInsOn(node, resource);
    const machines = beside.flatMap((one) => machineBeside(node, one) ?? []);
    const services = beside.flatMap((one) => (machineBeside(node, one) === undefined ? [one.service] : []));
    // Where it is off, nothing is waited for: a destroy does not ask libvirt beforehand.
    for (const { name, seconds } of machines)
      found.push(stepsMachines.shutDownMachine(host, name, seconds, "before it is unmounted; it stays defined"));
    // The last that was started stops first.
    if (services.length > 0) found.push(stepsUnits.stopServices(host, services, "before it is unmounted"));
  }
  for (const { source, target } of node.mounts.filter((one) => devices.includes(one.source)).reverse()) {
    found.push(stepsFilesystem.unmount(host, source, target, "the device goes; the data stays on the disk"));
  }
  const enabled = node.links.some((link) => link.endsWith(`/${targetOf(resource)}`));
  if (kernel?.role === "Primary")
    found.push(stepsPromotion.secondary(host, resource, devices, "fails while something still uses it"));
  if (kernel !== undefined)
    found.push(steps.down(host, resource, devices, "detaches the disk; data and metadata stay on it"));
  if (enabled) found.push(stepsUnits.disableAtBoot(host, resource, "must not come up again after a reboot"));
  if (enabled || isActive(node, bringUpOf(resource))) {
    const units = [
      ...unitsThere(node, [servedOf(resource), roleOf(resource), startsOf(resource), promotionOf(resource)]),
      targetOf(resource),
    ];
    found.push(stepsUnits.stopUnits(host, units, "systemd forgets that it was up"));
  }
  found.push(...removeSteps(desired, host, node), ...marksSteps(desired, host, node));
  return found;
}

/** Our own notes. A folder that something is mounted on is not empty, and stays. */
function marksSteps(desired: DesiredResource, host: string, node: ObservedNode): Step[] {
  const found: Step[] = [];
  const { name: resource } = desired;
  const volumes = devicesOn(desired, host);
  for (const mark of volumes.map(ownFolder.formattingMark).filter((path) => node.files.has(path))) {
    found.push(stepsFiles.removeFile(host, mark, "written by us"));
  }
  const note = ownFolder.lastPrimaryNote(resource);
  if (node.files.has(note)) found.push(stepsFiles.removeFile(host, note, "written by us"));
  const definitions = serviceDropInsOn(node, resource).flatMap((one) => machineBeside(node, one)?.name ?? []);
  for (const path of definitions.map(ownFolder.definitionNote).filter((one) => node.files.has(one)))
    found.push(stepsFiles.removeFile(host, path, "written by us; the virtual machine stays defined"));
  const folders = (node.files.get(ownFolder.foldersNote(resource)) ?? "").split("\n").filter((folder) => folder !== "");
  if (folders.length > 0) {
    found.push(
      stepsFiles.removeFolders(host, resource, folders, "made by us to mount on; one that is not empty stays"),
    );
  }
  return found;
}
