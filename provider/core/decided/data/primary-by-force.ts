/**
 * Who may be made Primary by force, and when: the sync source, once in a volume's life, while nobody ever wrote through the
 * volume on either side. Never on a rerun, never on a replaced disk. The host looks at the same once more, just before
 * (`both_new`, `never_used`).
 */
import type { Row } from "./pair-table";

export function mayBeForced(row: Row): boolean {
  return row === "first-sync" || row === "first-sync-keeping";
}
