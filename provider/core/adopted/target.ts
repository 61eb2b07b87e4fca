/** What a person types for a host, as `ssh` takes it: `alpha`, `root@alpha.example`, `root@10.0.0.1:2222`, `[fd00::1]:22`. */
import type { AdoptedConnection } from "./adopted-inputs";

export type Target =
  { readonly ok: true; readonly connection: AdoptedConnection } | { readonly ok: false; readonly reason: string };

export function parseTarget(text: string): Target {
  const at = text.lastIndexOf("@");
  const user = at < 0 ? undefined : text.slice(0, at);
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text.slice(at + 1)) ?? [];
  // An IPv6 address without brackets has no port.
  const host =
    bracketed ?? plain ?? (/^[0-9a-fA-F:]+(%\S+)?$/.test(text.slice(at + 1)) ? text.slice(at + 1) : undefined);
  const wants = "give a host as for `ssh`: alpha, root@alpha.example, or root@alpha.example:2222";
  if (host === undefined || !/^[A-Za-z0-9:]/.test(host)) return { ok: false, reason: `${text} is no host: ${wants}` };
  if (user !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(user))
    return {
      ok: false,
      reason: `${text}: ${user === "" ? "there is no user before @" : `${user} is no user name`}: ${wants}`,
    };
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65535))
    return { ok: false, reason: `${text}: ${port} is no TCP port (1 to 65535)` };
  return {
    ok: true,
    connection: { host, ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { user }) },
  };
}
