import { ownMark } from "./own-mark";

/** What `systemd-escape` makes of a string: an instance name that %I turns back into it. */
export function escapeInstance(name: string): string {
  return [...new TextEncoder().encode(name)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte);
      if (character === "/") return "-";
      if (/[A-Za-z0-9:_]/.test(character) || (character === "." && index > 0)) return character;
      return `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** The way back, as %I goes. */
export function unescapeInstance(instance: string): string {
  const bytes = instance
    .split(/(\\x[0-9a-f]{2})/)
    .flatMap((part) =>
      /^\\x[0-9a-f]{2}$/.test(part)
        ? [parseInt(part.slice(2), 16)]
        : [...new TextEncoder().encode(part.replaceAll("-", "/"))],
    );
  return new TextDecoder().decode(new Uint8Array(bytes));
}

export const targetOf = (resource: string): string => `drbd@${escapeInstance(resource)}.target`;
export const promotionOf = (resource: string): string => `drbd-primary@${escapeInstance(resource)}.service`;

export const promotionUnitPath = "/etc/systemd/system/drbd-primary@.service";

/**
 * Promotes a resource when the host boots, for its mount. drbd-utils' own drbd-promote@.service cannot do this with a
 * DRBD 8.4 module (drbdsetup primary takes a minor there; drbd-utils 9.22.0). It waits for the peer, and
 * for this side's disk to be UpToDate, and gives up after a minute: with a peer that cannot be seen, who may be Primary is
 * for a person to decide, and a side that is being filled would be worth nothing without its peer. Of what is Primary
 * already nothing is asked: somebody has decided. drbdadm role names both roles with an 8.4 module (`Primary/Unknown`)
 * and its own alone with a 9 module (`Primary`).
 *
 * The boot brings the resource up by its target, and this comes after it and goes with it, but does not require it: that
 * would configure the resource again whenever this is started, and so bring up what somebody has taken down, and connect
 * what is StandAlone. network.target: at a shutdown it is demoted, behind the unmount, while its peer can still be told.
 */
export const promotionUnit = `# ${ownMark}.
[Unit]
Description=Promotion of DRBD resource %I once its peer is connected
After=drbd@%i.target network.target
PartOf=drbd@%i.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=90
ExecStart=/bin/sh -c 'case "$$(drbdadm role "$$0")" in Primary|Primary/*) exit 0 ;; esac; for second in $$(seq 60); do case "$$(drbdadm dstate "$$0")/$$(drbdadm cstate "$$0")" in UpToDate/*/Connected|UpToDate/*/Established|UpToDate/*/Sync*|UpToDate/*/Paused*|UpToDate/*/Verify*|UpToDate/*/Ahead) drbdadm primary "$$0" && exit 0 ;; esac; sleep 1; done; exit 1' %I
ExecStop=-/bin/sh -c 'drbdadm secondary "$$0"' %I

[Install]
WantedBy=multi-user.target
`;
