import type { Readable, Writable } from "node:stream";

/** A command that runs on a host, with its streams. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Called once, when both outputs are read; null where it was ended by a signal or its end was never told. */
  readonly onEnd: (listener: (exit: number | null) => void) => void;
  readonly destroy: () => void;
}

/** A way to a host that is open. */
export interface Transport {
  /** Starts a command there. Fails where the host does not let it start. */
  readonly start: (command: string) => Promise<Channel>;
  /** Called once, when the way is lost or was closed. */
  readonly onLost: (listener: (why: Error) => void) => void;
  /** Ends it as one takes leave. */
  readonly close: () => void;
  /** Ends it at once: nothing is expected from the host any more. */
  readonly destroy: () => void;
}
