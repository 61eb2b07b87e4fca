import { environment, guards, log, looks, writers } from "../../host/text";

/** The functions of host/guards that look and say yes or no: what a step's guard is made of. */
export type Check =
  | "no_metadata"
  | "still_blank"
  | "blank_before_metadata"
  | "never_used"
  | "wait_connected"
  | "both_new"
  | "sync_ended"
  | "wait_sync_ended"
  | "not_standalone"
  | "still_holds"
  | "fits_before_metadata"
  | "up_to_date"
  | "before_growth"
  | "metadata_of_84"
  | "metadata_of_9"
  | "wait_up_to_date"
  | "wait_both_whole"
  | "still_as_read"
  | "wait_settled"
  | "nobody_holds"
  | "is_attached"
  | "is_primary"
  | "is_secondary"
  | "is_half_up"
  | "peer_is_whole"
  | "still_differs"
  | "copy_holds";

/** A check with its arguments. */
export type Call = readonly [Check, ...string[]];

/**
 * Shell functions that the probe and the steps' guards share, so that what was planned on and what is checked again
 * just before a destructive command are one and the same test.
 */
export const remoteFunctions = environment + looks + log + guards + writers;
