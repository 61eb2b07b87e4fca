import * as pulumi from "@pulumi/pulumi";

import { DrbdNode, type DrbdNodeArgs } from "./drbd-node";
import { DrbdResource, type DrbdResourceArgs } from "./drbd-resource";

export interface DrbdPairNodeArgs extends Omit<DrbdNodeArgs, "hostname"> {
  readonly hostname: string;
}

/** A resource of the pair: a DrbdResource whose nodes are the pair's. */
export interface DrbdPairResourceArgs extends Omit<DrbdResourceArgs, "nodes" | "name"> {
  /** DRBD's name for it, and Pulumi's. */
  readonly name: string;
  /** Hostname → backing disk. */
  readonly disks: Readonly<Record<string, pulumi.Input<string>>>;
  /** Hostname → disk for the metadata; `internal` where left out. */
  readonly metaDisks?: Readonly<Record<string, pulumi.Input<string>>>;
}

export interface DrbdPairArgs {
  readonly nodes: readonly [DrbdPairNodeArgs, DrbdPairNodeArgs];
  readonly resources: readonly DrbdPairResourceArgs[];
}

/** Two hosts and all that they replicate. */
export class DrbdPair extends pulumi.ComponentResource {
  readonly nodes: readonly [DrbdNode, DrbdNode];
  /** By DRBD's name. */
  readonly resources: Readonly<Record<string, DrbdResource>>;

  constructor(name: string, args: DrbdPairArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drbd:index:DrbdPair", name, {}, opts);
    const [first, second] = args.nodes;
    const node = (one: DrbdPairNodeArgs) => new DrbdNode(`${name}-${one.hostname}`, one, { parent: this });
    const nodes = [node(first), node(second)] as const;
    this.nodes = nodes;
    const resources = args.resources.map(({ disks, metaDisks, ...rest }) => {
      const sides = args.nodes.map(({ hostname }, index) => ({
        node: index === 0 ? nodes[0] : nodes[1],
        disk: disks[hostname] ?? missing(rest.name, hostname, disks),
        metaDisk: metaDisks?.[hostname],
      }));
      const [one, other] = sides;
      if (one === undefined || other === undefined) throw new Error("a pair has two nodes");
      return [rest.name, new DrbdResource(rest.name, { ...rest, nodes: [one, other] }, { parent: this })] as const;
    });
    this.resources = Object.fromEntries(resources);
    this.registerOutputs({
      resources: Object.fromEntries(resources.map(([key, { devicePath }]) => [key, devicePath])),
    });
  }
}

function missing(resource: string, hostname: string, disks: object): never {
  throw new Error(
    `resource ${resource}: \`disks\` names no disk for ${hostname}, only for ${Object.keys(disks).join(", ") || "nobody"}. Add \`${hostname}: /dev/…\``,
  );
}
