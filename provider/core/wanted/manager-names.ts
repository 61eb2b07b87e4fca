/** Tools that may manage a DRBD resource and say so by its name, as refusals and the input `ignoreManagers` call them. */
export const MANAGER_NAMES = ["Pacemaker", "drbd-reactor", "LINSTOR", "drbdmanage", "Heartbeat", "rgmanager"] as const;
export type ManagerName = (typeof MANAGER_NAMES)[number];
