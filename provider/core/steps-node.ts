import { globalCommonBackupPath, globalCommonPath, moduleAtBootPath } from "./paths";
import type { Step } from "./plan";

export function installUtils(node: string, because: string): Step[] {
  return [
    { node, argv: ["apt-get", "update"], because: "its package lists may be old", timeoutSeconds: 300 },
    {
      node,
      argv: ["apt-get", "install", "-y", "--no-install-recommends", "drbd-utils"],
      because,
      // confold: dpkg fails rather than ask whether a configuration file that is there already may stay.
      script:
        "DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -o DPkg::Options::=--force-confold install -y --no-install-recommends drbd-utils </dev/null",
      timeoutSeconds: 900,
    },
  ];
}

export function loadModule(node: string, because: string): Step {
  return { node, argv: ["modprobe", "drbd"], because, timeoutSeconds: 60 };
}

export function loadModuleAtBoot(node: string, because: string): Step {
  return {
    node,
    argv: ["write", moduleAtBootPath],
    because,
    script: `echo drbd | put ${moduleAtBootPath} 0644`,
    timeoutSeconds: 30,
  };
}

/** Keeps what the administrator (or the package) had there, once: our own text is never taken for theirs. */
export function backUpGlobalCommon(node: string, ownMark: string, because: string): Step {
  return {
    node,
    argv: ["cp", "-p", globalCommonPath, globalCommonBackupPath],
    because,
    script: [
      `if [ -e ${globalCommonPath} ] && [ ! -e ${globalCommonBackupPath} ] && ! grep -qF '${ownMark}' ${globalCommonPath}; then`,
      `cp -p ${globalCommonPath} ${globalCommonBackupPath}`,
      "fi",
    ].join("\n"),
    timeoutSeconds: 30,
  };
}

/** drbd.conf includes the file by name and does not parse without it. */
export function restoreGlobalCommon(node: string, because: string): Step {
  return { node, argv: ["mv", "-f", globalCommonBackupPath, globalCommonPath], because, timeoutSeconds: 30 };
}
