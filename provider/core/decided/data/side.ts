import type { DesiredSide } from "../../wanted/desired";
import { metadataUuid } from "../../seen/disk-identity";
import { type GenerationIdentifiers } from "../../seen/generation-identifiers";
import { connectionStates } from "../../seen/kernel-states";
import {
  type Contents,
  type KernelDevice,
  type KernelResource,
  type ObservedNode,
  type ObservedVolume,
} from "../../seen/observed";
import { DiskContents, disksOf } from "../../seen/side-disks";

/** Where one side of a resource stands on the way from a blank disk to a replicated one. */
export type Progress =
  /** No metadata, no data: create-md may run. `discarded`: what a person named as what may go, cleared first. */
  | {
      readonly kind: "blank";
      readonly diskSize: number;
      readonly metaDiskSize: number;
      readonly discarded?: readonly DiskContents[];
    }
  /** Metadata made, no data ever written through it. `converts`: by DRBD 8.4, and now DRBD 9 runs (metadata-conversion.ts). */
  | { readonly kind: "new"; readonly attached: boolean; readonly converts?: string }
  /** Holds a generation of data. */
  | {
      readonly kind: "used";
      readonly attached: boolean;
      readonly gi?: GenerationIdentifiers;
      readonly converts?: string;
    }
  /** The same on a device that was grown while it was down: its metadata is not where it is looked for. */
  | { readonly kind: "grown"; readonly from: number; readonly uuid: string; readonly gi?: GenerationIdentifiers }
  /** Data without metadata that shall stay: the sync source's, with `existingData: "keep"`. */
  | { readonly kind: "kept"; readonly contents: Contents; readonly metaDiskSize: number }
  /** Data of somebody else's. */
  | { readonly kind: "foreign"; readonly disks: readonly DiskContents[] }
  /** drbd-utils are not there yet, so that the metadata cannot be read; only in a preview. */
  | { readonly kind: "unread" };

export interface Side {
  readonly desired: DesiredSide;
  readonly node: ObservedNode;
  /** Absent where the host's own tables already showed that all is well (settled.ts). */
  readonly observed?: ObservedVolume;
  readonly kernel?: KernelResource;
  readonly device?: KernelDevice;
  readonly progress: Progress;
  /** Where the DRBD device is mounted here. */
  readonly mountedAt: readonly string[];
}

export const isPrimary = ({ device, kernel }: Side): boolean => (device?.role ?? kernel?.role) === "Primary";

/** It has a connection to its peer. */
export const isTogether = ({ kernel }: Side): boolean => connectionStates[kernel?.connection ?? ""] === "together";

/**
 * A `drbdadm up` failed on its way (its attach was refused, say): nobody uses the resource here, it has no data attached,
 * and it does not look for its peer. DRBD 8.4 calls it StandAlone, too, and in /proc/drbd Unconfigured. There is nothing
 * in it that a person may have decided, unlike in a StandAlone with data.
 */
export function isHalfUp({ kernel, device, progress }: Side): boolean {
  if (kernel?.role !== "Secondary") return false;
  const isAlone = kernel.connection === undefined || connectionStates[kernel.connection] === "alone";
  return isAlone && (device === undefined || device.disk === "Diskless" || progress.kind === "new");
}

/** The UUID of the metadata on a side's disk; empty where blkid tells none. */
export function deviceUuidOf({ desired, observed }: Side): string {
  if (observed === undefined) return "";
  return metadataUuid(disksOf(desired, observed).at(-1)?.contents, observed.metadata);
}
