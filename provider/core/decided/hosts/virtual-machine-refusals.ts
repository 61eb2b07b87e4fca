/** Virtual machines that cannot move with their resource, or would lose something by it: refused before anything is touched. */
import { devicePath } from "../../config/paths";
import type { ObservedNode, VirtualMachineSeen } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import { placesOn, type DesiredResource } from "../../wanted/desired";
import { neededBy, uuidOf, type DesiredVirtualMachine, type Needed } from "../../wanted/virtual-machine";
import { isMountedOn } from "./mounted-volumes";
import { isUp, machineOn, type Nodes } from "./machine-definitions";

type Found = Pick<Refusal, "found" | "way">;

export function virtualMachineRefusals(desired: DesiredResource, nodes: Nodes): Refusal[] {
  const { virtualMachines = [], hosts } = desired;
  if (virtualMachines.length === 0) return [];
  const blamed = (found: readonly Found[], node?: string): Refusal[] =>
    found.map((one) => ({ ...(node === undefined ? {} : { node }), property: "virtualMachines", ...one }));
  const faults = hosts.flatMap(({ hostname }, index) => blamed(libvirtFault(nodes[index === 0 ? 0 : 1]), hostname));
  if (faults.length > 0) return faults;
  return virtualMachines.flatMap((machine) => {
    const ofBoth = betweenHosts(
      machine,
      nodes,
      hosts.map(({ hostname }) => hostname),
    );
    return [
      ...hosts.flatMap(({ hostname }, index) => blamed(onHost(desired, machine, nodes, index === 0 ? 0 : 1), hostname)),
      ...blamed(ofBoth),
    ];
  });
}

function libvirtFault(node: ObservedNode): Found[] {
  const fault = node.virtualMachines?.fault;
  if (fault === undefined) return [];
  switch (fault.kind) {
    case "missing":
      return [
        {
          found: "`virsh` is not there, so that no virtual machine of libvirt can run",
          way: "Install libvirt on both hosts (Debian: `apt install libvirt-daemon-system libvirt-clients qemu-system-x86`).",
        },
      ];
    case "silent":
      return [
        {
          found: `libvirt does not answer \`virsh --connect qemu:///system list --all\`: ${fault.said}`,
          way: "Start it there, and have it started at boot: `systemctl enable --now libvirtd.socket`, or `virtqemud.socket` where libvirt has a daemon for each kind.",
        },
      ];
  }
}

function onHost(desired: DesiredResource, machine: DesiredVirtualMachine, nodes: Nodes, place: 0 | 1): Found[] {
  const { name } = machine;
  const node = nodes[place];
  const host = desired.hosts[place].hostname;
  const seen = machineOn(node, name);
  const called = `the virtual machine ${name}`;
  const found: Found[] = [];
  if (seen !== undefined) {
    if (!seen.isPersistent)
      found.push({
        found: `${called} is transient: once it ends, libvirt knows it no more`,
        way: `\`virsh dumpxml ${name}\` shows what it is: give that as \`xml\`, once it is shut down, or \`virsh define\` it.`,
      });
    if (seen.hasManagedSave)
      found.push({
        found: `${called} has a managed save: its next start there goes on with the memory of that time, over disks that may have changed since`,
        way: `Start it and shut it down; or \`virsh managedsave-remove ${name}\`, which throws that memory away, as if its plug had been pulled.`,
      });
    if (isUp(seen) && !isServedOn(desired, node, host))
      found.push({
        found: `${called} runs there (${seen.state}), where ${desired.name} is not ${hasMounts(desired) ? "mounted" : "Primary"}`,
        way:
          seen.state === "crashed"
            ? `Let go what libvirt keeps of it (\`virsh destroy ${name}\`): it is started where ${desired.name} is.`
            : `Shut it down first (\`virsh shutdown ${name}\`): it is started where ${desired.name} is.`,
      });
  }
  const definition = machine.xml ?? seen?.definition ?? machineOn(nodes[place === 0 ? 1 : 0], name)?.definition;
  const looked = node.virtualMachines?.machines.get(name);
  return [
    ...found,
    ...(definition === undefined
      ? []
      : neededBy(definition).flatMap((one) => outside(desired, place, node, called, one, looked))),
  ];
}

/** What it needs is inside the resource, or is not its host's. */
function outside(
  desired: DesiredResource,
  place: 0 | 1,
  node: ObservedNode,
  called: string,
  { what, path, why, isLayered }: Needed,
  looked: VirtualMachineSeen | undefined,
): Found[] {
  const takeOut = `Take it out of ${called}'s definition, or ${called} out of \`virtualMachines\`.`;
  if (path === undefined) return [{ found: `the ${what} of ${called} ${why ?? ""}`.trim(), way: takeOut }];
  const behind = isLayered === true ? (looked?.behind.get(path) ?? []) : [];
  const unread = isLayered === true ? looked?.unread.get(path) : undefined;
  const unknown: Found[] =
    unread === undefined
      ? []
      : [
          {
            found: `the ${what} of ${called} is ${path}, and what that stands on is not known: ${unread}`,
            way: "`qemu-img info --backing-chain` shows it; `qemu-img convert -O qcow2` makes one image of it all, below the mount point.",
          },
        ];
  const all = [
    { path, place: looked?.places.get(path) ?? path, what },
    ...behind.map((one) => ({ path: one, place: one, what: `${what}, behind its overlay` })),
  ];
  const found = all.flatMap((one): Found[] => {
    const leads = one.place === one.path ? one.path : `${one.path} (${one.place})`;
    switch (standing(desired, place, node, one.path, one.place)) {
      case "inside":
        return [];
      case "backing":
        return [
          {
            found: `the ${one.what} of ${called} is ${leads}, the disk BEHIND ${desired.name}: what it writes there goes past DRBD, is on one host alone, and destroys what DRBD keeps`,
            way: `Do not start it. Give it ${desired.volumes.map(({ places }) => devicePath(places[place].minor)).join(" or ")} instead.`,
          },
        ];
      case "mounted":
        return [
          {
            found: `the ${one.what} of ${called} is ${leads}, whose filesystem the host itself mounts: two that write to it at once destroy it`,
            way: "Give it a file below the mount point, or a volume without `filesystem`.",
          },
        ];
      case "outside":
        return [
          {
            found: `the ${one.what} of ${called} is ${leads}, outside of ${desired.name}: it would not travel with it`,
            way: `Move it ${wayIn(desired, place)}; or take it out of the definition.`,
          },
        ];
    }
  });
  return [...found, ...unknown];
}

function wayIn(desired: DesiredResource, place: 0 | 1): string {
  const folders = mountPointsOf(desired);
  const devices = desired.volumes.flatMap(({ filesystem, places }) =>
    filesystem === undefined ? [devicePath(places[place].minor)] : [],
  );
  return [...folders.map((one) => `below ${one}`), ...devices.map((one) => `to ${one}`)].join(", or ");
}

const mountPointsOf = ({ volumes }: DesiredResource): string[] =>
  volumes.flatMap(({ filesystem }) => filesystem?.mountPoint ?? []);

const hasMounts = (desired: DesiredResource): boolean => mountPointsOf(desired).length > 0;

/** `path`, as the definition has it, and where that leads on this host. */
function standing(
  desired: DesiredResource,
  place: 0 | 1,
  node: ObservedNode,
  path: string,
  leadsTo: string,
): "inside" | "outside" | "backing" | "mounted" {
  const { hostname } = desired.hosts[place];
  for (const volume of desired.volumes) {
    const { minor } = volume.places[place];
    const names = namesOfDevice(desired, volume.number, minor, volume.places[place].disk);
    if (!names.some((one) => one === leadsTo || one === path)) continue;
    return volume.filesystem === undefined ? "inside" : "mounted";
  }
  const disks = placesOn(desired, hostname).flatMap(({ disk, metaDisk }) => [disk, metaDisk]);
  const isSameBlock = (disk: string) => {
    const [one, other] = [node.blocks.get(disk), node.blocks.get(leadsTo)];
    return one !== undefined && one === other;
  };
  if (disks.some((disk) => disk === path || disk === leadsTo || isSameBlock(disk))) return "backing";
  const mountPoint = mountPointsOf(desired).find((one) => isBelow(leadsTo, one));
  if (mountPoint === undefined || /(^|\/)\.\.?(\/|$)/.test(leadsTo)) return "outside";
  // Another filesystem may be mounted below it.
  const nearest = node.mounts.filter(({ target }) => isBelow(leadsTo, target) && isBelow(target, mountPoint));
  return nearest.every(({ target }) => target === mountPoint) ? "inside" : "outside";
}

/** Udev's names may not be there, where the resource is down. The name by the disk is another one on each host. */
function namesOfDevice({ name, volumes }: DesiredResource, number: number, minor: number, disk: string): string[] {
  return [
    devicePath(minor),
    `/dev/drbd/by-res/${name}/${number}`,
    ...(volumes.length === 1 ? [`/dev/drbd/by-res/${name}`] : []),
    `/dev/drbd/by-disk/${disk.replace(/^\/dev\//, "")}`,
  ];
}

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

function isServedOn(desired: DesiredResource, node: ObservedNode, host: string): boolean {
  const kernel = node.kernelResources.get(desired.name);
  return kernel?.role === "Primary" && isMountedOn(desired, node, host);
}

const MOST_LINES = 10;

/** What is wrong with it on both hosts together. */
function betweenHosts({ name, xml }: DesiredVirtualMachine, nodes: Nodes, hosts: readonly string[]): Found[] {
  const seen = nodes.map((node) => machineOn(node, name));
  const [first, second] = seen;
  const called = `the virtual machine ${name}`;
  const [one = "", other = ""] = hosts;
  if (first === undefined && second === undefined) {
    if (xml !== undefined) return [];
    return [
      {
        found: `libvirt has no virtual machine ${name}, neither on ${one} nor on ${other}`,
        way: `\`virsh list --all\` shows those that there are. \`virsh define\` it on one of them, or give its definition: \`virtualMachines: [{ name: ${name}, xml: … }]\`.`,
      },
    ];
  }
  const uuids = [...new Set(seen.flatMap((each) => (each === undefined ? [] : (uuidOf(each.definition) ?? "none"))))];
  const given = xml === undefined ? undefined : uuidOf(xml);
  const differing = given !== undefined && !uuids.every((uuid) => uuid === given);
  if (uuids.length > 1 || differing)
    return [
      {
        found:
          differing && uuids.length === 1
            ? `${called} has the uuid ${uuids.join(" and ")} there, and ${given} in \`xml\`: libvirt refuses that`
            : `${called} has two uuids: ${uuids[0] ?? ""} on ${one}, ${uuids[1] ?? ""} on ${other}. For its guest it would be another machine after every switch`,
        way: `Keep the definition that is right; on the other host \`virsh undefine ${name}\`, which leaves its disks alone. \`pulumi up\` then defines it there.`,
      },
    ];
  if (xml !== undefined) return [];
  const only = first ?? second;
  if (first === undefined || second === undefined) {
    if (only?.hasSecrets !== true) return [];
    return [
      {
        found: `${called} is defined on ${first === undefined ? other : one} alone, and its definition holds a password, which is shown to nobody`,
        way: `Define it on the other host by hand: \`virsh dumpxml --inactive --security-info ${name}\` there, \`virsh define\` here.`,
      },
    ];
  }
  const lines = differences(first.definition, second.definition);
  if (lines.length === 0) return [];
  const shown = [
    ...lines.slice(0, MOST_LINES),
    ...(lines.length > MOST_LINES ? [`… and ${lines.length - MOST_LINES} more`] : []),
  ];
  return [
    {
      found: `${called} is not the same on ${one} (-) and ${other} (+): ${shown.join("; ")}`,
      way: `Give the definition that is right for both, \`virtualMachines: [{ name: ${name}, xml: … }]\`; or on the host that has the wrong one \`virsh undefine ${name}\`, which leaves its disks alone, and \`pulumi up\` defines it there as it is on the other.`,
    },
  ];
}

/** Lines that only one of them has, with `-` or `+`. */
function differences(first: string, second: string): string[] {
  const [mine, others] = [first, second].map((text) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  );
  const beyond = (lines: readonly string[], known: readonly string[], sign: string) => {
    const left = [...known];
    return lines.flatMap((line) => {
      const at = left.indexOf(line);
      if (at < 0) return [`${sign} ${line}`];
      left.splice(at, 1);
      return [];
    });
  };
  return [...beyond(mine ?? [], others ?? [], "-"), ...beyond(others ?? [], mine ?? [], "+")];
}
