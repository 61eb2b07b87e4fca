/** Seconds. What asks the kernel answers at once; what waits for the peer, or for systemd, has its own bound inside. */
export const quick = 30;

export const patient = 120;
