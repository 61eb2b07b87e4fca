/** How a host is reached, after validation: @pulumi/command's `remote.ConnectionArgs` with its defaults filled in. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly agentSocketPath?: string;
  /** Dial errors that are borne before giving up; -1 for no limit. */
  readonly dialErrorLimit: number;
  /** Seconds for each dial; 0 for no limit. */
  readonly perDialTimeout: number;
  readonly hostKey?: string;
}

export interface Connection extends Endpoint {
  readonly proxy?: Endpoint;
  /** The explicit opt-out from the host key check. */
  readonly insecureIgnoreHostKey: boolean;
}
