/** Looks at a host by the name that the user gave, with the same look as the provider, which changes nothing there. */
import type { LookedAt } from "../core/adopted/adopt";
import type { AdoptedConnection } from "../core/adopted/adopted-inputs";
import { globalCommonPath } from "../core/config/paths";
import { theHostClosely } from "../core/seen/probe";
import type { ConnectionInputs } from "../core/wanted/inputs";
import type { Connection } from "../core/wanted/connection";
import { undisturbed } from "../lifecycle/turns";
import { hostOf } from "../shell/host";
import { privateKeyIn } from "./files";

/** Seconds for which another run of the provider on the host is waited for. */
const patience = 5;

/** As the provider takes it: with the key's text in the place of its file. */
export function withKey({ privateKeyFile, ...connection }: AdoptedConnection): ConnectionInputs {
  return privateKeyFile === undefined ? connection : { ...connection, privateKey: privateKeyIn(privateKeyFile) };
}

export async function lookAt(connection: AdoptedConnection): Promise<LookedAt> {
  const { port, user, host: name, privateKey } = withKey(connection);
  const reached: Connection = {
    host: name,
    perDialTimeout: 15,
    insecureIgnoreHostKey: false,
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(privateKey === undefined ? {} : { privateKey }),
  };
  const host = hostOf(name, reached);
  const node = await undisturbed([host], patience, () => host.observe(theHostClosely, 2));
  if (node.dump !== undefined || node.utils === null || !node.files.has("/etc/drbd.conf")) return { connection, node };
  // All that drbdadm reads is ours: then it tells what that means only beside another global_common.conf.
  const globalCommon = node.files.get(globalCommonPath) ?? "";
  return { connection, node: await host.observe({ ...theHostClosely, common: { globalCommon } }, 2) };
}
