/** What a person is told when a command comes to nothing: the message alone, and exit 1. */
export class CliError extends Error {}
