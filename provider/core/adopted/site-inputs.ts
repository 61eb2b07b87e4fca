/** A described resource with the keys that a site has for it, in the order in which a person reads them. */
import type { DescribedResource } from "./meaning-as-inputs";
import type { FilesystemInputs } from "../wanted/inputs";
import type { ManagerName } from "../wanted/manager-names";
import { optionInputs } from "./option-inputs";
import type { AdoptedResource, AdoptedSections } from "./adopted-inputs";

interface Seen {
  readonly syncSource: string;
  /** By volume. */
  readonly filesystems: ReadonlyMap<number, FilesystemInputs | undefined>;
  readonly ignoreManagers: readonly ManagerName[];
}

export function resourceInputs(
  described: DescribedResource,
  sections: AdoptedSections,
  { syncSource, filesystems, ignoreManagers }: Seen,
): AdoptedResource {
  const { name, minor, port, nodes, volumes, protocol, auth, cramHmacAlg } = described;
  const byHost = (pick: (node: DescribedResource["nodes"][number]) => string | undefined) =>
    Object.fromEntries(nodes.map((node) => [node.hostname, pick(node) ?? ""]));
  const filesystem = filesystems.get(0);
  return {
    name,
    ...(volumes === undefined ? { minor: minor ?? 0 } : {}),
    port,
    ...(volumes === undefined
      ? { disks: byHost(({ disk }) => disk), ...externalOf(byHost(({ metaDisk }) => metaDisk)) }
      : {
          volumes: volumes.map(({ metaDisks, disk = {}, ...volume }) => {
            const own = filesystems.get(volume.volume);
            const options = optionInputs("disk", disk);
            const disks = { ...externalOf(metaDisks), ...(options === undefined ? {} : { disk: options }) };
            return { ...volume, ...disks, ...(own === undefined ? {} : { filesystem: own }) };
          }),
        }),
    protocol,
    auth,
    ...(cramHmacAlg === undefined ? {} : { cramHmacAlg }),
    ...sections,
    syncSource,
    ...(volumes === undefined && filesystem !== undefined ? { filesystem } : {}),
    ...(ignoreManagers.length === 0 ? {} : { ignoreManagers }),
  };
}

/** `internal` is what a site means where it says nothing. */
function externalOf(metaDisks: Readonly<Record<string, string>>): Pick<AdoptedResource, "metaDisks"> {
  const external = Object.entries(metaDisks).filter(([, path]) => path !== "internal");
  return external.length === 0 ? {} : { metaDisks: Object.fromEntries(external) };
}
