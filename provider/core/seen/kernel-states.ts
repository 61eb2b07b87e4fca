/**
 * DRBD's own words for where a device and its connection are (8.4.11 and 9.2.14), and what each means for a plan. A word
 * that is not here is refused: nothing is planned on a state that nobody thought of.
 */

/** What a disk state means. */
export type DiskMeaning =
  /** The disk is not attached: what stands on it is looked at. */
  | "apart"
  /** On its way to another state, in seconds. Our own steps wait for its end (wait_settled). */
  | "passing"
  /** Parts of it are older than others, so that it cannot be used by itself. */
  | "partial"
  /** It is whole, and known to be older than the peer's. */
  | "old"
  /** It is whole; whether the peer has newer data shows when they meet. */
  | "whole"
  | "newest"
  | "broken";

export const diskStates: Readonly<Record<string, DiskMeaning>> = {
  Diskless: "apart",
  Attaching: "passing",
  Detaching: "passing",
  Negotiating: "passing",
  Failed: "broken",
  Inconsistent: "partial",
  Outdated: "old",
  Consistent: "whole",
  UpToDate: "newest",
};

/** What a connection state means. */
export type ConnectionMeaning =
  /** It does not look for its peer: disconnected by hand, or parted after a split brain. */
  | "alone"
  /** It looks for its peer, or is about to. */
  | "looking"
  | "together";

export const connectionStates: Readonly<Record<string, ConnectionMeaning>> = {
  StandAlone: "alone",
  Disconnecting: "looking",
  Unconnected: "looking",
  Timeout: "looking",
  BrokenPipe: "looking",
  NetworkFailure: "looking",
  ProtocolError: "looking",
  TearDown: "looking",
  Connecting: "looking",
  WFConnection: "looking",
  WFReportParams: "looking",
  Connected: "together",
};

export const roles: readonly string[] = ["Primary", "Secondary", "Unknown"];
