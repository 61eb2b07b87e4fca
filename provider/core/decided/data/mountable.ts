/** Whether both hosts can mount the filesystem: it would else be found out at the failover. */
import type { DesiredFilesystem } from "../../wanted/desired";
import { isAttached } from "./side-relation";
import type { Contents } from "../../seen/observed";
import type { PairView } from "./pair-view";
import { devicePath } from "../../config/paths";
import type { Refusal } from "../../steps/plan";
import { isPrimary } from "./side";
import {
  configurationGiven,
  featuresAskedInVain,
  type Host,
  sectorGiven,
  strangeFeatures,
  versionIn,
  type XfsGeometry,
} from "../../seen/xfs";
import { hostOf } from "./mkfs-options";

const geometryOf = (contents: Contents | undefined): XfsGeometry | undefined =>
  contents?.kind === "signature" ? contents.xfs : undefined;

/** The filesystem that is there: on the DRBD device, or on a disk that holds the resource's data. */
function existing({ sides }: PairView): XfsGeometry | undefined {
  const primary = geometryOf(sides.find(isPrimary)?.observed?.device);
  if (primary !== undefined) return primary;
  const holders = sides.filter(({ progress }) => ["used", "grown", "kept"].includes(progress.kind));
  return holders.map((side) => geometryOf(side.observed?.disk)).find((one) => one !== undefined);
}

const isFormatted = (pair: PairView): boolean => pair.neverUsed && !pair.isToKeep;

export function mountableRefusals(pair: PairView): Refusal[] {
  const { desired, memory, sides } = pair;
  const { filesystem } = desired;
  if (filesystem === undefined) return [];
  const hosts = sides.map(hostOf);
  if (isFormatted(pair)) return refuseOptions(pair, filesystem, hosts);
  const xfs = existing(pair);
  // A pair that runs so already is told of it (below): there is nothing left to keep from happening.
  if (xfs === undefined || (memory.filesystemUuid !== null && sides.every(isAttached))) return [];
  return hosts.flatMap((host, index) =>
    host.sector === undefined || host.sector <= xfs.sector
      ? []
      : [
          {
            node: host.hostname,
            property: `nodes[${index}].disk`,
            found: `${sides[index === 0 ? 0 : 1].desired.disk} has sectors of ${host.sector} bytes, and the XFS of ${desired.name} has sectors of ${xfs.sector}: ${host.hostname} could not mount it ("Function not implemented")`,
            way: `Use a disk with sectors of ${xfs.sector} bytes there. Many NVMe disks can be formatted to another size (\`nvme id-ns -H\` lists them), which empties them. Or make the filesystem anew elsewhere with \`-s size=${host.sector}\`, and copy the files.`,
          },
        ],
  );
}

function refuseOptions({ source }: PairView, { mkfsOptions }: DesiredFilesystem, hosts: readonly Host[]): Refusal[] {
  const refuse = (found: string, way: string): Refusal => ({ property: "filesystem.mkfsOptions", found, way });
  const sector = sectorGiven(mkfsOptions);
  const larger = hosts.find((host) => sector !== undefined && host.sector !== undefined && host.sector > sector);
  const file = configurationGiven(mkfsOptions);
  const files = source.node.mkfs?.configurations;
  return [
    ...(larger === undefined
      ? []
      : [
          refuse(
            `the disk of ${larger.hostname} has sectors of ${larger.sector ?? 0} bytes, and could not mount an XFS with sectors of ${sector ?? 0}`,
            "Leave the size of a sector out of `mkfsOptions`: what fits both disks is taken.",
          ),
        ]),
    ...hosts.flatMap((host) => {
      const features = featuresAskedInVain(mkfsOptions, host);
      return features.length === 0
        ? []
        : [
            refuse(
              `the kernel of ${host.hostname} (${host.kernel}) does not know ${features.join(", ")}, and could not mount such an XFS`,
              "Leave that out of `mkfsOptions`: what both kernels know is taken.",
            ),
          ];
    }),
    ...(file === undefined || files === undefined || files.includes(file)
      ? []
      : [
          {
            ...refuse(
              `there is no ${file}`,
              files.length === 0
                ? "Its xfsprogs brings no such files along: leave `-c` out."
                : `Its xfsprogs has ${files.join(", ")}.`,
            ),
            node: source.desired.hostname,
          },
        ]),
  ];
}

export function mountableWarnings(pair: PairView): string[] {
  const { desired, sides } = pair;
  const hosts = sides.map(hostOf);
  const { filesystem } = desired;
  const [a, b] = hosts.map(({ sector }) => sector);
  if (filesystem === undefined) {
    return a === undefined || b === undefined || a === b
      ? []
      : [
          `the disks have sectors of ${a} and ${b} bytes (${hosts.map(({ hostname }) => hostname).join(" and ")}): what is written in pieces of ${Math.min(a, b)} bytes on one host cannot be read or written so on the other, and a filesystem made with such sectors not mounted there`,
        ];
  }
  if (isFormatted(pair)) {
    const file = configurationGiven(filesystem.mkfsOptions);
    const wanted = versionIn(/lts_(\d+\.\d+)\.conf$/.exec(file ?? "")?.[1] ?? "");
    if (file === undefined) return [];
    const older = hosts.filter(({ kernel }) => {
      const has = versionIn(kernel);
      return wanted === undefined || (has !== undefined && (has[0] - wanted[0] || has[1] - wanted[1]) < 0);
    });
    return wanted !== undefined && older.length === 0
      ? []
      : [
          `${file} decides which features the XFS has: make sure that both kernels know them (${hosts.map(({ hostname, kernel }) => `${hostname} has ${kernel}`).join(", ")})`,
        ];
  }
  const xfs = existing(pair);
  if (xfs === undefined) return [];
  const device = devicePath(pair.source.desired.minor);
  return hosts.flatMap((host) => {
    const { unknown, experimental } = strangeFeatures(xfs, host);
    return [
      ...(host.sector !== undefined && host.sector > xfs.sector
        ? [
            `the disk of ${host.hostname} has sectors of ${host.sector} bytes, and the XFS on ${device} has sectors of ${xfs.sector}: ${host.hostname} cannot mount it, so that a failover to it fails. Put a disk with sectors of ${xfs.sector} bytes there`,
          ]
        : []),
      ...(unknown.length === 0
        ? []
        : [
            `the XFS on ${device} has ${unknown.join(", ")}, which the kernel of ${host.hostname} (${host.kernel}) does not know: it cannot mount it for writing, so that a failover to it fails. Boot a newer kernel there`,
          ]),
      ...(experimental.length === 0
        ? []
        : [
            `the XFS on ${device} has ${experimental.join(", ")}, which the kernel of ${host.hostname} (${host.kernel}) calls experimental: it mounts it, and says so`,
          ]),
    ];
  });
}
