/** The host's answer is not what the probe prints: cut short, garbled, or not from a POSIX shell. No plan is made from it. */
export class ProbeError extends Error {
  constructor(
    message: string,
    /** What to do, where that is more than to see whether the tools work. */
    readonly way?: string,
  ) {
    super(message);
  }
}
