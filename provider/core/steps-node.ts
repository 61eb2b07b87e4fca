import { ownMark } from "./own-mark";
import { globalCommonPath, moduleAtBootPath } from "./paths";
import type { Step } from "./plan";

const install = ["install", "-y", "--no-install-recommends", "drbd-utils"];
/** confold: dpkg fails rather than ask whether a configuration file that is there already may stay. */
const asksNothing = ["-o", "DPkg::Lock::Timeout=120", "-o", "DPkg::Options::=--force-confold"];

export function installUtils(node: string, because: string): Step[] {
  return [
    { node, argv: ["apt-get", "update"], because: "its package lists may be old", timeoutSeconds: 300 },
    {
      node,
      argv: ["apt-get", ...install],
      because,
      does: [{ kind: "run", argv: ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...asksNothing, ...install] }],
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
    does: [{ kind: "put", path: moduleAtBootPath, text: "drbd\n", mode: 0o644 }],
    timeoutSeconds: 30,
  };
}

/** Keeps what the administrator (or the package) had there: our own text is never taken for theirs. */
export function backUpGlobalCommon(node: string, kept: string, because: string): Step {
  return {
    node,
    argv: ["ln", globalCommonPath, kept],
    because,
    does: [{ kind: "keep", path: globalCommonPath, copy: kept, unless: ownMark }],
    timeoutSeconds: 30,
  };
}

/** drbd.conf includes the file by name and does not parse without it. */
export function restoreGlobalCommon(node: string, kept: string, because: string): Step {
  return { node, argv: ["mv", "-f", kept, globalCommonPath], because, timeoutSeconds: 30 };
}
