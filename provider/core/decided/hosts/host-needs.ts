/** What a host must have before a plan begins: every tool that a look or a step runs, systemd, and room for what is written. */
import { isMade } from "../../wanted/filesystem-types";
import type { DesiredResource } from "../../wanted/desired";
import type { ObservedNode } from "../../seen/observed";
import type { Refusal, Step } from "../../steps/plan";
import { actionsOf } from "../../steps/plan";
import { familyOf, hasApt, type OsFamily } from "../../seen/os-family";
import { installPackages } from "../../steps/node-steps";
import { noSystemd, toolsByPackage } from "../../seen/needed-tools";

const mkfs = "mkfs.xfs";

/** Tools that no step of ours brings, and another init. */
export function needRefusals(host: string, node: ObservedNode): Refusal[] {
  const missing = node.missing ?? [];
  if (missing.includes(noSystemd)) {
    return [
      {
        node: host,
        found: `systemd does not run this host (process 1 is ${node.files.get("/proc/1/comm")?.trim() ?? "another init"})`,
        way: "pulumi-drbd brings a resource up at boot by systemd's units: use a host that systemd runs.",
      },
    ];
  }
  const tools = missing.filter((tool) => tool !== mkfs);
  if (tools.length === 0) return [];
  const packages = Object.keys(toolsByPackage).filter((name) =>
    toolsByPackage[name]?.some((tool) => tools.includes(tool)),
  );
  return [
    {
      node: host,
      found: `${tools.join(", ")}: not installed, and later steps need ${tools.length === 1 ? "it" : "them"}`,
      way: `Install what has ${tools.length === 1 ? "it" : "them"} (on Debian, \`apt-get install ${packages.join(" ")}\`).`,
    },
  ];
}

/** Only Debian's packages are installed by us. */
export function filesystemToolRefusals(desired: DesiredResource, host: string, node: ObservedNode): Refusal[] {
  if (!lacksFilesystemTool(desired, node) || hasApt(node.os)) return [];
  return [
    {
      node: host,
      found: `${mkfs} is not installed, and a filesystem is wanted`,
      way: `Install xfsprogs there with the package manager of ${node.os.name}.`,
    },
  ];
}

/** On both hosts: after a failover the other one may have to repair the filesystem. */
export function filesystemToolSteps(desired: DesiredResource, host: string, node: ObservedNode): Step[] {
  if (!lacksFilesystemTool(desired, node)) return [];
  return installPackages(host, ["xfsprogs"], `${mkfs} is missing on this ${node.os.name}`);
}

function lacksFilesystemTool({ volumes }: DesiredResource, node: ObservedNode): boolean {
  return (
    volumes.some(({ filesystem }) => filesystem !== undefined && isMade(filesystem)) &&
    (node.missing ?? []).includes(mkfs)
  );
}

/** KiB, and files. Our own files take some dozen KiB. */
const leastRoom = 1024;
const leastFiles = 20;

/** Before the first step: a full disk must not stop a plan in its middle. Who writes nothing needs no room. */
export function roomRefusals(host: string, node: ObservedNode, steps: readonly Step[]): Refusal[] {
  const own = steps.filter((step) => step.node === host);
  if (own.length === 0) return [];
  const writes = own.some((step) => actionsOf(step).some(({ kind }) => kind !== "run" && kind !== "check"));
  return (node.room ?? []).flatMap(({ path, kibibytes, files }) => {
    if (path !== "/run" && !writes) return [];
    const readOnly = node.mounts.findLast(
      ({ target }) => target === "/" || path === target || path.startsWith(`${target}/`),
    )?.readOnly;
    if (readOnly === true) {
      return [
        {
          node: host,
          found: `${path} is on a filesystem that is mounted read-only`,
          way: "Find out why (`dmesg` tells of errors), and remount it read-write.",
        },
      ];
    }
    if (kibibytes >= leastRoom && (files ?? leastFiles) >= leastFiles) return [];
    const left = kibibytes < leastRoom ? `${kibibytes} KiB` : `room for ${files ?? 0} files`;
    return [{ node: host, found: `${path} has ${left} left: too little to write to it`, way: "Make room there." }];
  });
}

/** drbd-utils are installed by apt-get alone: elsewhere a person does it. */
export function utilsRefusals(host: string, { utils, os }: ObservedNode): Refusal[] {
  if (utils !== null || hasApt(os)) return [];
  const ways: Readonly<Partial<Record<OsFamily, string>>> = {
    rhel: "enable the elrepo repository, then `dnf install drbd9x-utils kmod-drbd9x`.",
    fedora: "`dnf install drbd-utils`.",
    suse: "`zypper install drbd-utils drbd-kmp-default`.",
  };
  const way = ways[familyOf(os)];
  return [
    {
      node: host,
      found: `drbd-utils is not installed, and ${os.name} is no Debian or Ubuntu`,
      way:
        way === undefined
          ? "Install drbd-utils there with the system's own package manager."
          : `Install it there: ${way}`,
    },
  ];
}
