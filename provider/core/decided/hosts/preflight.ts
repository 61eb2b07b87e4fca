import { isAmong } from "../../wanted/address";
import { tooOldRefusals } from "./too-old-refusals";
import { beyondPairRefusals } from "./beyond-pair";
import { brokenFileRefusals, unreadOwnFiles } from "../../installed/broken-file";
import { claimRefusals, sharedDiskRefusals } from "./claim-refusals";
import { redactSecrets, secretsIn } from "../../config/shared-secret";
import { placeRefusals, replacedPath } from "../../installed/configuration-place";
import { digestRefusals } from "./digest-refusals";
import { flatRefusals } from "../../installed/flat-configuration";
import { includeRefusals } from "../../installed/includes";
import { filesystemToolRefusals, needRefusals } from "./host-needs";
import { type ObservedNode } from "../../seen/observed";
import { inheritedRefusals } from "./inherited-options";
import { moduleAdvice } from "./module-advice";
import { globalCommonPath, resourcePath } from "../../config/paths";
import type { ResourceSituation } from "./resource-situation";
import type { Refusal } from "../../steps/plan";
import { snapshotRefusals } from "./snapshot-refusals";
import { serviceRefusals } from "./service-refusals";
import { virtualMachineRefusals } from "./virtual-machine-refusals";
import { takeOverRefusals } from "./take-over-refusals";
import { differentVersionRefusals } from "./different-versions";
import { sizeRefusals } from "./too-small-refusals";

/** What must hold on both hosts before the first write on either. */
export function preflight(situation: ResourceSituation): Refusal[] {
  const { desired, nodes } = situation;
  const claimed = claimRefusals(desired, nodes);
  const versions = differentVersionRefusals(desired, nodes);
  return [
    ...desired.hosts.flatMap((host, index) => {
      const node = nodes[index === 0 ? 0 : 1];
      const placed = wrongPlace(node, host.hostname, desired.name);
      return [
        // Host and address are properties of the node.
        ...hostRefusals(host.hostname, host.address, node, situation.preview).map((one) => ({
          ...one,
          property: undefined,
        })),
        ...sharedDiskRefusals(desired, node, host.hostname),
        ...beyondPairRefusals(desired, node, host),
        ...digestRefusals(desired, node, host.hostname),
        ...filesystemToolRefusals(desired, host.hostname, node),
        ...serviceRefusals(desired, node, host.hostname),
        ...takeOverRefusals(node, host.hostname, desired),
        ...placed,
        // Of what belongs to another resource, or is defined twice, drbdadm complains too, in other words; and with two
        // versions of DRBD, what it says of a file follows from that.
        ...(claimed.length + versions.length + placed.length > 0
          ? []
          : configurationRefusals(situation, host.hostname, node)),
      ];
    }),
    ...claimed,
    ...virtualMachineRefusals(desired, nodes),
    ...inheritedRefusals(situation),
    ...snapshotRefusals(situation),
    ...sizeRefusals(situation),
    ...versions,
  ];
}

function wrongPlace(node: ObservedNode, host: string, resource: string): Refusal[] {
  const flat = flatRefusals(node, host, new Set([resource]));
  const refusals = flat.length > 0 ? flat : placeRefusals(node, host, resource);
  return refusals.length > 0 ? refusals : includeRefusals(node, host, resourcePath(resource));
}

/** Also DrbdNode's own: what must hold on a host whatever stands on it. */
export function hostRefusals(hostname: string, address: string, node: ObservedNode, withoutUtils: boolean): Refusal[] {
  const found: Refusal[] = [];
  const refuse = (what: string, way: string, property?: string) =>
    found.push({ node: hostname, property, found: what, way });
  if (node.hostname !== hostname) {
    refuse(
      `\`uname -n\` says ${node.hostname} there`,
      `DRBD finds its own section by that name, to the letter: set \`hostname: ${node.hostname}\`, or check that \`connection.host\` leads to the right machine.`,
      "hostname",
    );
  }
  if (!isAmong(node.addresses, address)) {
    refuse(
      `no interface has the address ${address}`,
      `Set \`address\` to the one that replication shall use; it has ${node.addresses.filter((one) => one !== "127.0.0.1" && one !== "::1").join(", ")}.`,
      "address",
    );
  }
  if (node.module === null) {
    const said = node.modinfo?.split("\n")[0] ?? "";
    refuse(
      `the running kernel (${node.kernel}) has no drbd module${said === "" ? "" : ` (${said})`}`,
      moduleAdvice(node),
    );
  }
  found.push(...tooOldRefusals(hostname, node), ...needRefusals(hostname, node));
  if (node.utils === null && !withoutUtils) {
    refuse(
      "drbd-utils is not installed",
      "DrbdNode installs it: make the resource depend on its nodes, or run `pulumi up` again.",
    );
  }
  return found;
}

function configurationRefusals(situation: ResourceSituation, host: string, node: ObservedNode): Refusal[] {
  const { name } = situation.desired;
  const ours = [globalCommonPath, resourcePath(name), replacedPath(node, name) ?? ""];
  const broken = brokenFileRefusals(node, host, ours);
  if (broken.length > 0) return broken;
  const observed = node.resources.get(name);
  const { candidate, change = node.adjust } = observed ?? {};
  const secrets = [situation.configuration, ...node.files.values()].flatMap(secretsIn);
  if (candidate !== undefined && candidate.exit !== 0) {
    return [
      {
        node: host,
        found: `drbdadm does not take the configuration (exit ${candidate.exit}): ${redactSecrets(candidate.output.trim(), secrets)}`,
        way: "Line numbers count all files of /etc/drbd.d together. If the complaint is about a file of yours there, mend or remove it.",
      },
    ];
  }
  // One file that drbdadm cannot read breaks every resource: handlers fail, and the next resync parts the pair.
  const asked =
    candidate !== undefined || node.files.get(resourcePath(situation.desired.name)) === situation.configuration;
  const isTheirs = unreadOwnFiles(node).length === 0;
  if (asked && isTheirs && change !== undefined && change.exit !== 0 && node.module?.loaded === true) {
    return [
      {
        node: host,
        found: `drbdadm fails on what is installed there (exit ${change.exit}): ${redactSecrets(change.output.trim(), secrets)}`,
        way: "Mend or remove the file of /etc/drbd.d that it complains about.",
      },
    ];
  }
  return [];
}
