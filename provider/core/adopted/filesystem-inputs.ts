/** What is mounted from a volume, or is by fstab, as the input `filesystem`. */
import { isByContents, pathOf } from "../seen/disk-names";
import { deviceNames, fstabFields, ownLine } from "../seen/parse-fstab";
import type { Mount, ObservedNode } from "../seen/observed";
import { devicePath } from "../config/paths";
import { isFilesystemType } from "../wanted/filesystem-types";
import { isManagedMountOption, isMountOption } from "../wanted/input-schema";
import type { FilesystemInputs } from "../wanted/inputs";
import { mountPointFault } from "../wanted/names";

/** One volume as it is on a host. */
export interface VolumeOnHost {
  readonly hostname: string;
  readonly node: ObservedNode;
  readonly minor: number;
}

export interface FoundFilesystem {
  readonly inputs?: FilesystemInputs;
  readonly remarks: readonly string[];
}

interface Place {
  readonly hostname: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
  readonly isMounted: boolean;
}

/** `source` is the host on which it counts where none has it mounted: the first of the two in this order. */
export function filesystemOf(
  { name, volume }: { readonly name: string; readonly volume: number },
  hosts: readonly VolumeOnHost[],
  source: string,
): FoundFilesystem {
  const word = devicePath(hosts[0]?.minor ?? 0);
  const inOrder = [...hosts].sort((a, b) => Number(b.hostname === source) - Number(a.hostname === source));
  const mounted = inOrder.flatMap((host) => mountsOf(host, { name, volume }));
  const mountedOn = [...new Set(mounted.map(({ hostname }) => hostname))];
  const stays = "`filesystem` is left out: the mount and the line of fstab stay as they are";
  if (mountedOn.length > 1)
    return { remarks: [`${name}: ${word} is mounted on ${mountedOn.join(" and on ")}; ${stays}`] };
  const places = mounted.length > 0 ? mounted : inOrder.flatMap((host) => linesOf(host, { name, volume }));
  const [place] = [...places].sort((a, b) => Number(b.options !== "") - Number(a.options !== ""));
  if (place === undefined) return { remarks: [] };
  const { hostname, target, type, options, isMounted } = place;
  const where = `${name}: ${word} is ${isMounted ? "mounted" : "to be mounted, by fstab,"} at ${target} on ${hostname}`;
  const fault = mountPointFault(target);
  if (fault !== undefined) return { remarks: [`${where}, which ${fault}; ${stays}`] };
  if (!isFilesystemType(type))
    return {
      remarks: [
        `${where} as ${type === "" ? "an unknown type" : type}, which is no filesystem that we mount; ${stays}`,
      ],
    };
  const others = [...new Set(places.map((one) => one.target))].filter((one) => one !== target);
  const words = options.split(",").filter((option) => option !== "" && option !== "defaults");
  const dropped = words.filter(
    (option) => !isMountOption(option) || (isManagedMountOption(option) && !isImplied.test(option)),
  );
  const mountOptions = words.filter((option) => isMountOption(option) && !isManagedMountOption(option));
  return {
    inputs: {
      ...(type === "xfs" ? {} : { type }),
      mountPoint: target,
      ...(mountOptions.length === 0 ? {} : { mountOptions }),
    },
    remarks: [
      ...(others.length === 0 ? [] : [`${where}, and at ${others.join(" and ")} too: only ${target} is described`]),
      ...(dropped.length === 0 ? [] : [`${where} with ${dropped.join(", ")}, which our line of fstab will not have`]),
      ...(isMounted
        ? []
        : [
            `${where}, and is not mounted now: \`pulumi up\` mounts it. Take \`filesystem\` out of ${name} to leave that to yourself`,
          ]),
    ],
  };
}

/** What our own line says, or says in another way: when it is mounted, and that a boot does not wait for it. */
const isImplied = /^(auto|noauto|nofail|_netdev|x-systemd\.device-timeout=.*)$/;

function namesOf({ node, minor }: VolumeOnHost, volume: { readonly name: string; readonly volume: number }) {
  const block = node.blocks.get(devicePath(minor));
  const contents = [
    ...(block?.uuid === undefined ? [] : [pathOf(`UUID=${block.uuid}`)]),
    ...(block?.label === undefined ? [] : [pathOf(`LABEL=${block.label}`)]),
  ];
  return { paths: deviceNames({ ...volume, minor }), contents, type: block?.fstype ?? "" };
}

/** DRBD's devices have the major number 147. */
const isDevice = ({ source, number }: Mount, paths: readonly string[], minor: number): boolean =>
  paths.includes(source) || number === `147:${minor}`;

function mountsOf(host: VolumeOnHost, volume: { readonly name: string; readonly volume: number }): Place[] {
  const { hostname, node, minor } = host;
  const { paths } = namesOf(host, volume);
  return node.mounts
    .filter((one) => isDevice(one, paths, minor))
    .map(({ target, fstype }) => {
      const line = fstabFields(node).find(([, at = ""]) => pathOf(at) === target);
      return { hostname, target, type: fstype, options: userOptions(line), isMounted: true };
    });
}

function linesOf(host: VolumeOnHost, volume: { readonly name: string; readonly volume: number }): Place[] {
  const { hostname, node } = host;
  const names = namesOf(host, volume);
  return fstabFields(node)
    .filter(([word = "", , type]) => {
      const path = pathOf(word);
      return type !== "swap" && (isByContents(word) ? names.contents : names.paths).includes(path);
    })
    .map((fields) => {
      const [, target = "", type = ""] = fields;
      return {
        hostname,
        target: pathOf(target),
        type: type === "auto" ? names.type : type,
        options: userOptions(fields),
        isMounted: false,
      };
    });
}

const userOptions = (fields: readonly string[] | undefined): string => {
  const options = fields?.[3] ?? "";
  return ownLine.test(options) ? options.replaceAll(/(^|,)x-systemd\.(requires|after)=drbd[^,]*/g, "") : options;
};
