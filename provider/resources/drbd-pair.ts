import * as pulumi from "@pulumi/pulumi";

import type { LinkInputs } from "../core/wanted/inputs";
import { wrongDisks } from "../core/wanted/disks-by-host";
import { DrbdNode, type DrbdNodeArgs } from "./drbd-node";
import { DrbdResource, type DrbdResourceArgs } from "./drbd-resource";

export interface DrbdPairNodeArgs extends Omit<DrbdNodeArgs, "hostname"> {
  readonly hostname: string;
}

/** A resource of the pair: a DrbdResource whose nodes are the pair's. */
export interface DrbdPairResourceArgs extends Omit<DrbdResourceArgs, "nodes" | "name"> {
  /** DRBD's name for it, and Pulumi's. */
  readonly name: string;
  /**
   * Hostname → backing disk, partition or logical volume: best a path that stays the same (/dev/disk/by-id/…,
   * /dev/vg/lv). It must be blank, or hold this resource's own metadata: anything else is refused, but for what
   * `existingData` keeps or `discard` names. A change is refused while it runs. Left out where it has `volumes`.
   */
  readonly disks?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Hostname → another blank disk for the metadata. Where left out, it goes to the end of the backing disk. */
  readonly metaDisks?: Readonly<Record<string, pulumi.Input<string>>>;
}

export interface DrbdPairArgs {
  readonly nodes: readonly [DrbdPairNodeArgs, DrbdPairNodeArgs];
  readonly resources: readonly DrbdPairResourceArgs[];
  /** What the line between the two is, for all resources that give no `link` of their own. They share it. Default: none. */
  readonly link?: pulumi.Input<LinkInputs>;
}

/** Two hosts and all that they replicate. */
export class DrbdPair extends pulumi.ComponentResource {
  readonly nodes: readonly [DrbdNode, DrbdNode];
  /** By DRBD's name. */
  readonly resources: Readonly<Record<string, DrbdResource>>;

  constructor(name: string, args: DrbdPairArgs, opts?: pulumi.ComponentResourceOptions) {
    super("drbd:index:DrbdPair", name, {}, opts);
    const [first, second] = args.nodes;
    for (const { name: resource, ...byHost } of args.resources) {
      const { disks = {}, metaDisks, volumes } = byHost;
      const wrong =
        volumes === undefined ? wrongDisks([first.hostname, second.hostname], { disks, metaDisks }) : undefined;
      if (wrong !== undefined) throw new pulumi.RunError(`${name}: resource ${resource}: ${wrong.key} ${wrong.reason}`);
    }
    const node = (one: DrbdPairNodeArgs) => new DrbdNode(`${name}-${one.hostname}`, one, { parent: this });
    const nodes = [node(first), node(second)] as const;
    this.nodes = nodes;
    const sharing = args.resources.filter((one) => one.link === undefined).length;
    const shared =
      args.link &&
      pulumi.output(args.link).apply((link) => ({ ...link, sharedBy: link.sharedBy ?? Math.min(100, sharing) }));
    const resources = args.resources.map(({ disks, metaDisks, link = shared, ...rest }) => {
      const sides = args.nodes.map(({ hostname }, index) => ({
        node: index === 0 ? nodes[0] : nodes[1],
        disk: disks?.[hostname],
        metaDisk: metaDisks?.[hostname],
      }));
      const [one, other] = sides;
      if (one === undefined || other === undefined) throw new Error("a pair has two nodes");
      const resource = { ...rest, ...(link === undefined ? {} : { link }), nodes: [one, other] as const };
      return [rest.name, new DrbdResource(rest.name, resource, { parent: this })] as const;
    });
    this.resources = Object.fromEntries(resources);
    this.registerOutputs({
      resources: Object.fromEntries(resources.map(([key, { devicePath }]) => [key, devicePath])),
    });
  }
}
