/** How a host is reached, after validation: @pulumi/command's `remote.ConnectionArgs` with its defaults filled in. */
export interface Endpoint {
  readonly host: string;
  /** Without it, what ~/.ssh/config says, and else 22. */
  readonly port?: number;
  /** Without it, what ~/.ssh/config says, and else root. */
  readonly user?: string;
  readonly password?: string;
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  readonly agentSocketPath?: string;
  /** Dials before giving up; -1 for no limit. Without it, a second dial where the first one failed within seconds. */
  readonly dialErrorLimit?: number;
  /** Seconds for each dial; 0 for no limit. */
  readonly perDialTimeout: number;
  readonly hostKey?: string;
}

export interface Connection extends Endpoint {
  readonly proxy?: Endpoint;
  /** The explicit opt-out from the host key check. */
  readonly insecureIgnoreHostKey: boolean;
}

/** Whether a connection brings its own way to log in. Without one, `ssh` knows how: an agent, ~/.ssh/config, its own keys. */
export function hasCredentials({ proxy, ...endpoint }: Connection): boolean {
  return [endpoint, proxy].some((one) => one?.password !== undefined || one?.privateKey !== undefined);
}
