import type { Lab } from "../../lab/lab";
import type { MachineName } from "../../lab/machines";
import { accessFiles } from "../../lab/ssh-access";

export interface SiteNode {
  readonly hostname: string;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly address: string;
  readonly common?: Readonly<Record<string, unknown>>;
  readonly global?: Readonly<Record<string, unknown>>;
}

export interface SiteResource {
  readonly name: string;
  readonly minor?: number;
  readonly port: number;
  readonly disks?: Readonly<Record<string, string>>;
  readonly syncSource: string;
  readonly filesystem?: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

/** What a stack's config says of a site (provider/resources/site-config.ts). */
export interface Site {
  readonly link?: Readonly<Record<string, unknown>>;
  readonly nodes: readonly SiteNode[];
  readonly resources: readonly SiteResource[];
}

export const MOUNT_POINT = "/srv/data";
export const DEVICE = "/dev/drbd1";

export const r0: SiteResource = {
  name: "r0",
  minor: 1,
  port: 7789,
  disks: { alpha: "/dev/vdb", bravo: "/dev/vdb" },
  syncSource: "alpha",
  filesystem: { label: "data", mountPoint: MOUNT_POINT },
};

/** The lab's two machines with their empty disks as one resource. */
export async function siteOf(lab: Lab): Promise<Site> {
  const node = async (name: MachineName): Promise<SiteNode> => {
    const { host, port, user, hostKey } = await lab.connection(name);
    const connection = { host, port, user, hostKey, privateKeyFile: accessFiles(lab.folder).key };
    return { hostname: name, connection, address: lab.address(name) };
  };
  return { nodes: [await node("alpha"), await node("bravo")], resources: [r0] };
}

export function withResource(site: Site, change: Partial<SiteResource>): Site {
  return { ...site, resources: site.resources.map((one) => (one.name === r0.name ? { ...one, ...change } : one)) };
}

export function withNode(site: Site, hostname: MachineName, change: Partial<SiteNode>): Site {
  return { ...site, nodes: site.nodes.map((one) => (one.hostname === hostname ? { ...one, ...change } : one)) };
}

export function withConnection(site: Site, hostname: MachineName, change: Readonly<Record<string, unknown>>): Site {
  return {
    ...site,
    nodes: site.nodes.map((one) =>
      one.hostname === hostname ? { ...one, connection: { ...one.connection, ...change } } : one,
    ),
  };
}
