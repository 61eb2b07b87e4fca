export interface SshConfig {
  /** Hosts, as they are named to ssh, whose user is root where nothing else is said. */
  readonly hosts: readonly string[];
  readonly home: string;
  /** Whether ssh reads its files twice (readsTwice). */
  readonly twice: boolean;
  /** ssh is older than 8.7, and has no names for some of what is turned off. */
  readonly old: boolean;
}

/**
 * What `ssh -F` reads for us. ssh takes the first value that it finds: what we need comes first, for jump hosts too, which
 * get the file handed on; then what the user's and the machine's own files say; our defaults are last.
 */
export function sshConfig({ hosts, home, twice, old }: SshConfig): string {
  const since87 = "  SessionType default\n  StdinNull no\n  ForkAfterAuthentication no\n";
  // IgnoreUnknown would let an older ssh pass over them, too, but in the place of the user's own IgnoreUnknown.
  return `Host *
  BatchMode yes
  StrictHostKeyChecking yes
  ServerAliveInterval 5
  ServerAliveCountMax 4
  ConnectionAttempts 1
  # A connection that somebody else shares is used. Others do not get ours, which would outlive us.
  ControlMaster no
  ControlPersist no
  # What a person's own sessions do beside the shell is not for us.
  RequestTTY no
  RemoteCommand none
${old ? "" : since87}  ClearAllForwardings yes
  ForwardAgent no
  ForwardX11 no
  PermitLocalCommand no
  Tunnel no
  UpdateHostKeys no
  VisualHostKey no
  AddKeysToAgent no
Include "${home}/.ssh/config"
Include /etc/ssh/ssh_config
${twice ? `Match final originalhost ${hosts.join(",")}` : `Host ${hosts.join(" ")}`}
  User root
`;
}

/**
 * Whether such files of ssh's make it read them all a second time, by the name that it found for the host. What they say
 * there counts before our defaults, so that these must wait for it.
 */
export function readsTwice(files: readonly string[]): boolean {
  return files.some((text) =>
    /^[ \t]*(CanonicalizeHostname[ \t=]+"?(yes|always)\b|Match[ \t=].*\bfinal\b)/im.test(text),
  );
}

/** What ssh 8.6 and older says of a file that is meant for newer ones. */
export function isTooNew(stderr: string): boolean {
  return /Bad configuration option: (sessiontype|stdinnull|forkafterauthentication)\b/i.test(stderr);
}
