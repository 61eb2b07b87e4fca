import { ownMark } from "../config/own-mark";
import { globalCommonPath, moduleAtBootPath } from "../config/paths";
import { writeFile } from "./file-steps";
import type { Step } from "./plan";
import { listsUpdated, moduleLoaded, packagesInstalled, quick } from "./time-limits";

/** Debian packages, from whatever source has them. The locks of apt and dpkg are waited for in both steps (host/writers/apt.sh). */
export function installPackages(node: string, packages: readonly string[], because: string): Step[] {
  return [
    {
      node,
      argv: ["apt-get", "update"],
      because: "its package lists may be old",
      does: [{ kind: "update-lists" }],
      timeoutSeconds: listsUpdated,
    },
    {
      node,
      argv: ["apt-get", "install", "-y", "--no-install-recommends", ...packages],
      because,
      does: [{ kind: "install", packages }],
      timeoutSeconds: packagesInstalled,
    },
  ];
}

export function loadModule(node: string, because: string): Step {
  return { node, argv: ["modprobe", "drbd"], because, timeoutSeconds: moduleLoaded };
}

export function loadModuleAtBoot(node: string, because: string): Step {
  return writeFile(node, moduleAtBootPath, "drbd\n", because);
}

/** Keeps what the administrator (or the package) had there: our own text is never taken for theirs. */
export function backUpGlobalCommon(node: string, kept: string, because: string): Step {
  return {
    node,
    argv: ["ln", globalCommonPath, kept],
    because,
    does: [{ kind: "keep", path: globalCommonPath, copy: kept, unless: ownMark }],
    timeoutSeconds: quick,
  };
}

/** drbd.conf includes the file by name and does not parse without it. */
export function restoreGlobalCommon(node: string, kept: string, because: string): Step {
  return { node, argv: ["mv", "-f", kept, globalCommonPath], because, timeoutSeconds: quick };
}
