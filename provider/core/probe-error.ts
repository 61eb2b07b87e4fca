/** The host's answer is not what the probe prints: cut short, garbled, or not from a POSIX shell. No plan is made from it. */
export class ProbeError extends Error {}
