/** One site: two hosts and what they replicate, all of it from the stack's config (see ../sites). */
import { DrbdPair, siteConfig } from "pulumi-drbd";

const site = siteConfig();
const pair = new DrbdPair("pair", site);

export const resources = Object.fromEntries(
  Object.entries(pair.resources).map(([name, resource]) => [
    name,
    {
      device: resource.devicePath,
      roles: resource.roles,
      connection: resource.connectionState,
      disks: resource.diskStates,
      inSync: resource.inSync,
      filesystem: resource.filesystemUuid,
    },
  ]),
);
