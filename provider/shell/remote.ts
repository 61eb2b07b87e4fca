import type { TellStep } from "../core/steps/apply-script";
import type { ObservedNode } from "../core/seen/observed";
import type { Step } from "../core/steps/plan";
import type { ProbeRequest } from "../core/seen/probe";
import type { SyncWatch } from "../core/steps/sync-script";
import type { TurnAnswer, TurnSeen } from "../core/seen/turn";
import type { RemoteResult } from "./remote-shell";

/** How a host is looked at and acted on. Over SSH: ssh-remote.ts; in the tests' simulation: in memory. */
export interface Remote {
  /** Makes sure that there is a connection. */
  connect(attempts?: number): Promise<void>;
  observe(request: ProbeRequest, attempts?: number): Promise<ObservedNode>;
  /** Asks for the turn to change something there: one run at a time has it. */
  takeTurn(): Promise<TurnAnswer>;
  /** Lets other runs have it. */
  giveTurn(): Promise<void>;
  /** Whether what was seen of the turn is another run's. */
  isAnothers(turn: TurnSeen): boolean;
  /**
   * Runs steps in their order, tells each as it begins, and stops at the first that fails; looks, where it is asked to,
   * behind the last that a look can see, whose end it tells.
   */
  apply(
    steps: readonly Step[],
    observe: ProbeRequest | undefined,
    tell: TellStep,
    ended?: () => void,
  ): Promise<ObservedNode | undefined>;
  /** Follows a sync until it has ended, line by line. Changes nothing. */
  followSync(watch: SyncWatch, onLine: (line: string) => void): Promise<RemoteResult>;
  close(): Promise<void>;
}
