import { redactSecrets } from "../core/config/shared-secret";
import { shownText } from "../core/told/shown-text";
import { turnPath } from "../core/config/paths";

/** What went wrong, where, and what to do next. Every error that reaches a user is one of these. */
export class HostError extends Error {
  constructor(
    /** The host as the user knows it. */
    readonly host: string,
    readonly what: string,
    readonly details: {
      readonly command?: string;
      readonly exit?: number | string;
      readonly output?: string;
      /** It went wrong before anything was handed to the host. */
      readonly nothingRan?: boolean;
      /** The next thing to type or to look at. */
      readonly advice?: string;
    } = {},
  ) {
    const lines = [`${host}: ${shownText(redactSecrets(what), 1000)}`];
    if (details.command !== undefined) {
      lines.push(
        `  command: ${shownText(details.command, 1000)}${details.exit === undefined ? "" : ` (exit ${details.exit})`}`,
      );
    }
    // drbdadm and drbdsetup print the shared secret in clear, in configuration text and in the commands that failed.
    const output = details.output === undefined ? undefined : shownText(redactSecrets(details.output).trim());
    if (output !== undefined && output !== "") {
      lines.push("  output:", ...output.split("\n").map((line) => `    ${line}`));
    }
    if (details.advice !== undefined) lines.push(`  what to do: ${details.advice}`);
    super(lines.join("\n"));
    this.name = "HostError";
    // Pulumi's SDK prints an error's stack beside its message. Where our code stood says nothing to a user.
    this.stack = "";
  }
}

/** A guard found that the host is not any more what was planned on: worth another look. */
export class GuardError extends HostError {
  override readonly name = "GuardError";
}

/** The host could not be reached or would not let us in, or a look at it came to no end: nothing was changed there. */
export class UnreachableError extends HostError {
  override readonly name = "UnreachableError";
  /** The network's or the host's fault, rather than a key's, a password's or sudo's: it may be gone later. */
  readonly network: boolean = false;
}

export class NetworkError extends UnreachableError {
  override readonly network = true;
}

/** Another run of the provider is at work on the host: what is seen there is the middle of its steps. */
export class BusyError extends HostError {
  override readonly name = "BusyError";

  constructor(host: string, holder: string, waited: number) {
    super(host, `another run is at work there (${holder}); waited for it for ${waited} s`, {
      advice: `run the command again when it has ended. Where it is gone for good and ${host} has not noticed (its machine lost power, say), end its shell there: \`kill $(cut -d' ' -f2 ${turnPath})\``,
    });
  }
}
