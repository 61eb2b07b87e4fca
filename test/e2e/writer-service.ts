/** A service that writes to the mounted filesystem all the time, so that what a switch loses would show. */
import type { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";
import { MOUNT_POINT } from "./site";

export const SERVICE = "writer.service";
export const NUMBERS = `${MOUNT_POINT}/numbers`;
/** Off the resource: what was acknowledged on a host is known although the resource moves, or is cut off. */
export const ACKNOWLEDGED = "/root/numbers";

/** Numbers its lines on from the last one; each is on the disk before it is acknowledged. */
const unit = `[Service]
ExecStart=/bin/sh -c 'number=$$(tail -n 1 ${NUMBERS} 2>/dev/null || echo 0); while :; do number=$$((number + 1)); echo $$number >>${NUMBERS} && sync ${NUMBERS} && echo $$number >>${ACKNOWLEDGED}; sleep 0.1; done'
`;

/** On both machines; it is not started. */
export async function installWriter(lab: Lab): Promise<void> {
  const put = `rm -f ${ACKNOWLEDGED}; cat >/etc/systemd/system/${SERVICE} && systemctl daemon-reload`;
  for (const machine of MACHINES) await lab.run(machine, put, { stdin: unit });
}
