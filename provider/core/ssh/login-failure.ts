/** Why `ssh` did not get in. `network` may be gone later; the others stay until somebody changes something. */
export interface SshFailure {
  readonly kind: "network" | "name" | "unknown host key" | "other host key" | "login" | "algorithm" | "configuration";
  /** What ssh said, without what it says of a login that works. */
  readonly said: string;
}

/** Reads what `ssh` printed before it gave up (OpenSSH 7.9 to 10). */
export function sshFailure(stderr: string): SshFailure {
  const said = withoutSshWords(stderr).trim();
  return { kind: kindOf(said), said };
}

/** What a host said on standard error, without what ssh says there of a login that works. */
export function withoutSshWords(text: string): string {
  return text.replace(/^(Authenticated to|Transferred:|Bytes per second:|\*\* )[^\n]*\n/gm, "");
}

/** What ssh warns of and then goes on: a line of its configuration that this build of it has no use for. */
const warning = /^.* line \d+: (Unsupported|Deprecated) option .*$/gim;

function kindOf(whole: string): SshFailure["kind"] {
  const said = whole.replace(warning, "");
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed|HOST KEY .*REVOKED|marked as revoked/i.test(said))
    return "other host key";
  if (/Host key verification failed|host key is known/i.test(said)) return "unknown host key";
  if (/no matching .* found|no common .* algorithm|Unable to negotiate|Protocol major versions differ/i.test(said))
    return "algorithm";
  if (
    /Bad configuration option|bad configuration options|Bad owner or permissions|unknown option|ControlPath too long|line \d+: |keyword .* extra arguments|Bad \w+ (spec|type|forwarding)/i.test(
      said,
    )
  )
    return "configuration";
  // Of a connect that this machine itself does not allow it is not known for how long.
  if (/^ssh: connect to .*: Permission denied/im.test(said)) return "network";
  if (
    /Permission denied|Too many authentication failures|Authentication failed|No supported authentication|agent refused/i.test(
      said,
    )
  )
    return "login";
  if (
    /Could not resolve hostname (.*): (Name or service not known|Name does not resolve|No address|nodename nor servname|Non-recoverable)/i.test(
      said,
    )
  )
    return "name";
  return "network";
}
