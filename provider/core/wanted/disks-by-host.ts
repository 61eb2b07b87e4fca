/** What is wrong with a resource's disks where they are given by host, as a site and DrbdPair do; undefined when all is well. */
export function wrongDisks(
  hostnames: readonly string[],
  { disks, metaDisks = {} }: { readonly disks: object; readonly metaDisks?: object },
): { readonly key: string; readonly reason: string } | undefined {
  for (const [key, byHost] of Object.entries({ disks, metaDisks })) {
    const stranger = Object.keys(byHost).find((one) => !hostnames.includes(one));
    if (stranger !== undefined) {
      return {
        key: `${key}.${stranger}`,
        reason: `no node of this pair is called ${stranger}: they are ${hostnames.join(" and ")}`,
      };
    }
  }
  const missing = hostnames.find((hostname) => !Object.hasOwn(disks, hostname));
  return missing === undefined
    ? undefined
    : { key: `disks.${missing}`, reason: "is missing: give that host's backing disk" };
}

/** The key in a site's file of a resource's property: there, `nodes[0].disk` stands as `disks.alpha`. */
export function keyByHost(property: string, hostnames: readonly unknown[]): string {
  return property.replace(/^nodes\[(\d+)\]\.(disk|metaDisk)$/, (whole, index: string, key: string) => {
    const hostname = hostnames[Number(index)];
    return typeof hostname === "string" ? `${key}s.${hostname}` : whole;
  });
}
