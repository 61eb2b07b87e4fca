import type { Call } from "../seen/remote-functions";

/** A file that goes out of use, and the name under which it is kept. */
export interface Replaced {
  readonly path: string;
  readonly kept: string;
}

/** One thing that a step does on its host, as data: step-script.ts makes shell of it. May hold secrets: never shown. */
export type Action =
  /** A command as it is; it reads nothing from its standard input. */
  | { readonly kind: "run"; readonly argv: readonly string[] }
  /** apt's package lists, brought up to date as far as their sources answer. */
  | { readonly kind: "update-lists" }
  /** Debian packages. */
  | { readonly kind: "install"; readonly packages: readonly string[] }
  /** Reads only, and fails where it finds something else than it should. */
  | { readonly kind: "check"; readonly call: Call }
  /** Gives a resource so many seconds to find its peer. Where it has not by then, that is told, and the step is done. */
  | { readonly kind: "meet"; readonly resource: string; readonly seconds: number }
  /** With its parents; those that were not there are noted, so that they can be taken away again. */
  | { readonly kind: "folder"; readonly path: string; readonly note: string }
  /** One that was noted, where it is empty. */
  | { readonly kind: "remove-folder"; readonly path: string; readonly note: string }
  /** The folders that were noted, where they are empty. */
  | { readonly kind: "remove-folders"; readonly note: string }
  /** systemd takes them for stopped, and nothing that they stand for is touched. */
  | { readonly kind: "forget-units"; readonly units: readonly string[] }
  /** A unit of systemd; where it fails, its status and the last lines of its journal are told. */
  | { readonly kind: "start-service"; readonly unit: string }
  /** A virtual machine is shut down within so many seconds, or goes on running. */
  | { readonly kind: "shut-down"; readonly name: string; readonly seconds: number }
  /** A virtual machine's definition; kept in a file of ours where one is named, with the digest of what libvirt made of it. */
  | { readonly kind: "define-machine"; readonly name: string; readonly text: string; readonly keptIn?: string }
  /** Files beside systemd's units, with their folders, where these hold nothing else. */
  | { readonly kind: "remove-drop-ins"; readonly paths: readonly string[] }
  /** A file that need not be there. */
  | { readonly kind: "remove"; readonly path: string }
  /** Makes a file, or replaces it at once or not at all. */
  | { readonly kind: "put"; readonly path: string; readonly text: string; readonly mode: number }
  /** The same for a file of drbd's configuration, which the host's own drbdadm must be able to parse. */
  | {
      readonly kind: "configure";
      readonly path: string;
      readonly text: string;
      readonly mode: number;
      /** Somebody's file with the same resource, of this path or another: kept beside, under a name that drbdadm does not read. */
      readonly replaces?: Replaced;
      /** Files of ours that drbdadm cannot read as they are, and that other steps mend. */
      readonly unread?: readonly string[];
    }
  /** fstab without our own line of a device, and with the one that is given; somebody's line becomes a comment then. */
  | {
      readonly kind: "fstab";
      /** All by which a line may name the device. */
      readonly names: readonly string[];
      readonly line?: string;
      /** Makes lines again of such comments. */
      readonly givesBack?: boolean;
    }
  /** By the mount point's line in fstab; done, too, where the device is mounted there already. */
  | { readonly kind: "mount"; readonly device: string; readonly mountPoint: string; readonly unit: string }
  /** A second name for a file, once, where the file is there and does not hold the text by which we know our own. */
  | { readonly kind: "keep"; readonly path: string; readonly copy: string; readonly unless: string }
  /**
   * `primary --force`, and then the generation that it began goes into the mark: it alone is known to hold nothing. One
   * action, since nothing may come between the two.
   */
  | {
      readonly kind: "force";
      readonly word: string;
      readonly marks: readonly { readonly volume: string; readonly mark: string }[];
    }
  /** The same without force, for a volume whose disks both read as zeros: on both of them, and nothing is sent. */
  | { readonly kind: "skip-sync"; readonly volume: string; readonly mark?: string }
  /** Reads all of a disk that DRBD replicates as a device, and fails where any of it is not zero. */
  | { readonly kind: "read-zeros"; readonly disk: string; readonly minor: number; readonly resource: string }
  /** As `clear`, with zeros from end to end. */
  | { readonly kind: "zero"; readonly disk: string }
  /** Destroys what stands on a disk that nobody has open: every place that is looked at is zero, and no signature left. */
  | { readonly kind: "clear"; readonly disk: string }
  /** So many bytes of a disk, to a blank device or a file that is not there; noted when all of it is there. */
  | {
      readonly kind: "copy-disk";
      readonly disk: string;
      readonly place: string;
      readonly bytes: number;
      readonly note: string;
      readonly line: string;
    }
  /** Internal metadata of a disk that grew, from where it ended when it had so many bytes to its end. */
  | {
      readonly kind: "move-metadata";
      readonly resource: string;
      readonly minor: number;
      readonly disk: string;
      readonly bytes: number;
    };
