import * as pulumi from "@pulumi/pulumi";

import { announceNode } from "./announce";
import { withSecrets, type ConnectionArgs } from "./connection-args";
import type { CommonInputs, NodeInputs } from "../core/wanted/inputs";
import type { GlobalOptions } from "../core/wanted/option-types";
import { hidden } from "./engine-inputs";
import { warnOfSecretsFromPlainConfig } from "./plain-config";
import { nodeProvider } from "../dynamic/stub";

export interface DrbdNodeArgs {
  /**
   * What `uname -n` says on the host, to the letter: DRBD finds its own section of a configuration by it. A change is
   * another node.
   */
  readonly hostname: pulumi.Input<string>;
  /**
   * How the host is reached over SSH: `remote.ConnectionArgs` of `@pulumi/command`. A user other than root works through
   * `sudo -n`. The host's key must be given in `hostKey` or stand in known_hosts. Keys and passwords are kept as secrets.
   */
  readonly connection: pulumi.Input<ConnectionArgs>;
  /** Default false. True trusts whatever host answers: never on a network that you do not own whole. */
  readonly insecureIgnoreHostKey?: pulumi.Input<boolean>;
  /**
   * The IPv4 or IPv6 address of this host over which it replicates. A link-local one has its interface with it,
   * `fe80::1%eth1`, by a name that both hosts have (DRBD 9 alone); a loopback one is the end of a tunnel.
   */
  readonly address: pulumi.Input<string>;
  /** The global section of global_common.conf; `usage-count` is no by default. Changed in place. */
  readonly global?: pulumi.Input<GlobalOptions>;
  /**
   * Options for all resources on this host that do not set their own. Changed in place, on running resources too.
   * `protocol` and `fencing` count for resources that the program does not describe: each DrbdResource has its own.
   */
  readonly common?: pulumi.Input<CommonInputs>;
}

/**
 * A host made ready for DRBD: drbd-utils installed where they are missing (Debian and Ubuntu), the kernel module loaded
 * now and at boot, global_common.conf written. What stood in that file before is kept beside it.
 */
export class DrbdNode extends pulumi.dynamic.Resource {
  declare readonly hostname: pulumi.Output<string>;
  declare readonly connection: pulumi.Output<NodeInputs["connection"]>;
  declare readonly insecureIgnoreHostKey: pulumi.Output<boolean | undefined>;
  declare readonly address: pulumi.Output<string>;
  /** The text of /etc/drbd.d/global_common.conf. */
  declare readonly configuration: pulumi.Output<string>;
  /** The running kernel (`uname -r`). */
  declare readonly kernelVersion: pulumi.Output<string>;
  /** DRBD's version in the kernel. */
  declare readonly moduleVersion: pulumi.Output<string>;
  declare readonly utilsVersion: pulumi.Output<string>;
  /** Whether drbd-utils was missing and had to be installed. */
  declare readonly installedUtils: pulumi.Output<boolean>;
  /** Where the global_common.conf that was there before is kept; empty when there was none. */
  declare readonly backup: pulumi.Output<string>;

  constructor(name: string, args: DrbdNodeArgs, opts?: pulumi.CustomResourceOptions) {
    warnOfSecretsFromPlainConfig(args, { connection: args.connection });
    const found = {
      configuration: undefined,
      kernelVersion: undefined,
      moduleVersion: undefined,
      utilsVersion: undefined,
      installedUtils: undefined,
      backup: undefined,
    };
    const props = { ...found, ...args, connection: withSecrets(args.connection), ...hidden("DrbdNode", name, opts) };
    super(nodeProvider, name, props, opts, "drbd", "DrbdNode");
    const { hostname, connection, address, insecureIgnoreHostKey } = args;
    announceNode(this, { hostname, connection, address, insecureIgnoreHostKey });
  }
}
