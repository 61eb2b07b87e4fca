export interface SshConfig {
  /** Hosts, as they are named to ssh, whose user is root where nothing else is said. */
  readonly hosts: readonly string[];
  readonly home: string;
}

/**
 * What `ssh -F` reads for us. ssh takes the first value that it finds: what we need comes first, for jump hosts too, which
 * get the file handed on; then what the user's and the machine's own files say; our defaults are last.
 */
export function sshConfig({ hosts, home }: SshConfig): string {
  return `IgnoreUnknown SessionType,StdinNull,ForkAfterAuthentication
Host *
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
  SessionType default
  StdinNull no
  ForkAfterAuthentication no
  ClearAllForwardings yes
  ForwardAgent no
  ForwardX11 no
  PermitLocalCommand no
  Tunnel no
  UpdateHostKeys no
  VisualHostKey no
  AddKeysToAgent no
Include "${home}/.ssh/config"
Include /etc/ssh/ssh_config
Host ${hosts.join(" ")}
  User root
`;
}
