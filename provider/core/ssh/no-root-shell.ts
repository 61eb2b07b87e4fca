/** How a shell that was to be root's ended before it could say that it is. */
export interface NoRootShell {
  /** The user that we logged in as, where it is known here. */
  readonly user?: string;
  /** Whether sudo was to make it root's. */
  readonly sudo: boolean;
  /** Who the shell said that it is; null where it said nothing. */
  readonly uid: number | null;
  readonly exit: number | null;
  /** Both outputs until then. */
  readonly said: string;
}

interface Reason {
  readonly what: string;
  readonly advice: string;
}

/** Why there is no root shell, and what to change for it. */
export function whyNoRoot({ user, sudo, uid, exit, said }: NoRootShell): Reason {
  const who = user === undefined ? "the user" : `the user ${user}`;
  const name = user ?? "USER";
  if (uid !== null) {
    return {
      what: `the shell that was started there is not root's: ${/^uid=\S+/m.exec(said)?.[0] ?? `uid=${uid}`}`,
      advice: sudo
        ? `something else was started in the place of \`sudo -n sh -s\`: look for ForceCommand in sshd_config and command= in ${name}'s authorized_keys, or connect as root`
        : `connect as root, or as a user who may run \`sudo -n sh -s\``,
    };
  }
  const other = /log ?in as the user "?([a-z_][a-z0-9_.-]*)"? rather than/i.exec(said)?.[1];
  if (other !== undefined) {
    return {
      what: `the host lets ${who} log in only to be told of another user, ${other}`,
      advice: `set \`connection.user: ${other}\`; that user may run everything by sudo on such images`,
    };
  }
  return (sudo ? sudoReason(who, name, exit, said) : undefined) ?? noShell(name, sudo);
}

function noShell(name: string, sudo: boolean): Reason {
  return {
    what: "the login works, but no shell was started",
    advice: `see what \`ssh … ${sudo ? "sudo -n sh -s" : "sh -s"}\` does: ${name}'s shell in /etc/passwd, ForceCommand in sshd_config or command= in authorized_keys may stand in its way`,
  };
}

/** By what sudo 1.8 and 1.9 and sudo-rs say in the C locale. */
function sudoReason(who: string, name: string, exit: number | null, said: string): Reason | undefined {
  const rule = `\`${name} ALL=(ALL) NOPASSWD: ALL\``;
  const allow = `let that user run everything by sudo without a password (${rule} in /etc/sudoers.d), or connect as root`;
  if (exit === 127 || /\bsudo['’]?: (command not found|not found|No such file)/i.test(said)) {
    return {
      what: `${who} is not root, and there is no sudo on the host`,
      advice: `install sudo there (doas is not used) and put ${rule} into /etc/sudoers.d, or connect as root`,
    };
  }
  if (/must have a tty|tty is required|requiretty/i.test(said)) {
    return {
      what: `sudo wants a terminal on the host (requiretty)`,
      advice: `take \`Defaults requiretty\` out of its sudoers, or exempt the user: \`Defaults:${name} !requiretty\` in /etc/sudoers.d`,
    };
  }
  if (/syntax error|parse error|no valid sudoers|invalid configuration/i.test(said)) {
    return {
      what: "sudo cannot read its rules on the host",
      advice: "mend the file that it names (`visudo -c` as root), or connect as root",
    };
  }
  if (
    /expired|account validation|account management|password .*(change|reset)|(change|reset) your password/i.test(said)
  ) {
    return {
      what: `sudo does not take ${who}'s account: it is locked, or it or its password has expired`,
      advice: `see \`chage -l ${name}\` on the host; \`passwd ${name}\` or \`chage -M -1 ${name}\` as root mends it`,
    };
  }
  if (/nosuid|effective uid is not 0|no new privileges|must be owned by uid 0|must be setuid/i.test(said)) {
    return {
      what: "sudo itself may not become root on the host",
      advice: "mend what it names (the setuid bit, a nosuid mount, a container without privileges), or connect as root",
    };
  }
  if (
    /password is required|authentication is required|authentication required|terminal is required|no askpass|a password/i.test(
      said,
    )
  ) {
    return { what: `${who} may not become root without a password`, advice: allow };
  }
  if (/not in the sudoers|not allowed to|may not run sudo|can't do that|not permitted/i.test(said)) {
    return { what: `${who} may not run \`sudo -n sh -s\``, advice: allow };
  }
  if (/^sudo(-rs)?: /m.test(said))
    return { what: "sudo started no shell on the host", advice: `see what it says; ${allow}` };
  return undefined;
}
