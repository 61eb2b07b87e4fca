import { writeFile } from "./file-steps";
import type { Step } from "./plan";
import type { Call } from "../seen/remote-functions";
import { type UnitFile, targetOf, promotionOf, servedOf } from "./boot-units";
import { quick, patient, serviceStart } from "./time-limits";

export function writeUnit(node: string, { path, text }: UnitFile, because: string): Step {
  return writeFile(node, path, text, because);
}

/** `--no-reload`: reloading is a step of its own, once. */
export function enableAtBoot(node: string, resource: string, because: string): Step {
  return { node, argv: ["systemctl", "enable", "--no-reload", targetOf(resource)], because, timeoutSeconds: patient };
}

export function disableAtBoot(node: string, resource: string, because: string): Step {
  return { node, argv: ["systemctl", "disable", "--no-reload", targetOf(resource)], because, timeoutSeconds: patient };
}

export function reloadSystemd(node: string, because: string): Step {
  return { node, argv: ["systemctl", "daemon-reload"], because, timeoutSeconds: patient };
}

/**
 * Not waited for, since it takes longer than to format the device does: it goes on while the steps after it run. By
 * systemd-run, since `systemctl --no-block daemon-reload` waits all the same (systemd 252).
 */
export function reloadSystemdMeanwhile(node: string, because: string): Step {
  const argv = ["systemctl", "daemon-reload"];
  const inBackground = ["systemd-run", "--quiet", "--no-block", "--collect", ...argv];
  return { node, argv, because, does: [{ kind: "run", argv: inBackground }], timeoutSeconds: quick };
}

/**
 * `systemctl start` of what runs already. `ignore-dependencies`: else systemd starts more than is asked for. It would wait
 * until every interface of the host is online, and try once more every mount that failed when the host booted.
 */
function start(node: string, units: readonly string[], guard: Call, because: string): Step {
  return {
    node,
    argv: ["systemctl", "start", units.at(-1) ?? ""],
    because,
    guard: [guard],
    does: [{ kind: "run", argv: ["systemctl", "start", "--job-mode=ignore-dependencies", ...units] }],
    timeoutSeconds: patient,
  };
}

/** What a boot starts of a resource that is up. `drbdadm adjust`, which the first of them runs, then changes nothing. */
export function startBootUnits(node: string, resource: string, units: readonly string[], because: string): Step {
  return start(node, units, ["is_attached", resource], because);
}

/** Where it fails, systemd says why, and the last lines of its journal do. A stop of the resource's target then stops it, too. */
export function startService(node: string, resource: string, unit: string, because: string): Step {
  const does: Step["does"] = [
    { kind: "start-service", unit },
    { kind: "run", argv: ["systemctl", "start", "--job-mode=ignore-dependencies", servedOf(resource)] },
  ];
  return { node, argv: ["systemctl", "start", unit], because, does, timeoutSeconds: serviceStart };
}

export function stopServices(node: string, services: readonly string[], because: string): Step {
  return { node, argv: ["systemctl", "stop", ...services], because, timeoutSeconds: serviceStart };
}

/** Files beside the units of others, and the folders that hold nothing else. */
export function removeDropIns(node: string, paths: readonly string[], because: string): Step {
  return {
    node,
    argv: ["rm", "-f", ...paths],
    because,
    does: [{ kind: "remove-drop-ins", paths }],
    timeoutSeconds: quick,
  };
}

/** Of a Primary: the unit then only takes note of it. Waited for: when `up` has ended, nothing that touches DRBD runs. */
export function startPromotionUnit(node: string, resource: string, because: string): Step {
  return start(node, [promotionOf(resource)], ["is_primary", resource], because);
}

/** Of a Secondary: else the next `systemctl start` of the mount would not promote it. */
export function stopPromotionUnit(node: string, resource: string, because: string): Step {
  const argv = ["systemctl", "stop", promotionOf(resource)];
  return { node, argv, because, guard: [["is_secondary", resource]], timeoutSeconds: patient };
}

/** Of a resource that runs on: a plain stop would unmount it, demote it and take it down. Reads fstab and the units, too. */
export function forgetUnits(node: string, units: readonly string[], because: string): Step {
  return {
    node,
    argv: ["systemctl", "stop", "--job-mode=ignore-dependencies", ...units],
    because,
    does: [{ kind: "forget-units", units }],
    timeoutSeconds: patient,
  };
}

/** After the resource is down: the units then have nothing left to do but to be stopped. */
export function stopUnits(node: string, units: readonly string[], because: string): Step {
  return { node, argv: ["systemctl", "stop", ...units], because, timeoutSeconds: patient };
}
