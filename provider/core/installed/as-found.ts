/**
 * Fencing and authentication are on by default. A pair that somebody set up another way keeps its way as long as the
 * program names neither: to take a pair over must not change how it works. Our file says so in a line, so that the next
 * run knows it, whatever became of the stack's state.
 */
import { effectiveOptions } from "../config/compare-options";
import { isOurs } from "../config/own-mark";
import { asFoundIn } from "../config/render-configuration";
import { SECRET_PLACEHOLDER } from "../config/shared-secret";
import { globalCommonPath } from "../config/paths";
import type { DesiredResource, SafeDefault } from "../wanted/desired";
import type { ObservedNode } from "../seen/observed";
import { installedFile } from "./configuration-place";
import { filesRead } from "./includes";
import { keptOf } from "./kept-files";

interface Found {
  /** Our own file names what was left as it was found; of anybody else's, all is. */
  readonly isLeft: (one: SafeDefault) => boolean;
  readonly fencing?: string;
  readonly algorithm?: string;
  readonly secret?: string;
}

/** `remembered`: the configuration that is kept in the state, for hosts that have none any more. */
export function asFound(desired: DesiredResource, nodes: readonly ObservedNode[], remembered = ""): DesiredResource {
  const unnamed = desired.unnamed ?? [];
  if (unnamed.length === 0) return desired;
  const onHosts = nodes.flatMap((node) => foundOn(node, desired.name));
  const found = onHosts.length === 0 ? foundIn(remembered, desired.name) : onHosts;
  const left = unnamed.filter((one) => found.length > 0 && found.every((each) => each.isLeft(one)));
  return left.reduce((now, one) => leave(now, one, found), desired);
}

function leave(desired: DesiredResource, one: SafeDefault, found: readonly Found[]): DesiredResource {
  const changed = one === "fencing" ? leaveFencing(desired, found) : leaveAuthentication(desired, found);
  return changed === undefined ? desired : { ...changed, asFound: [...(desired.asFound ?? []), one] };
}

/** Only where there is none: another policy needs its handler, which goes where the program does not name it. */
function leaveFencing(desired: DesiredResource, found: readonly Found[]): DesiredResource | undefined {
  if (!found.every(({ fencing = "dont-care" }) => fencing === "dont-care")) return undefined;
  const net = Object.fromEntries(Object.entries(desired.sections.net).filter(([name]) => name !== "fencing"));
  return { ...desired, sections: { ...desired.sections, net } };
}

/** With both an algorithm and a secret the peers authenticate each other, as by default: the algorithm stays. */
function leaveAuthentication(desired: DesiredResource, found: readonly Found[]): DesiredResource | undefined {
  const [{ algorithm, secret } = {}, ...others] = found;
  if (others.some((other) => other.algorithm !== algorithm || (other.secret ?? "") !== (secret ?? "")))
    return undefined;
  if (algorithm === undefined && secret === undefined) return { ...desired, auth: null };
  if (algorithm === undefined || secret === undefined)
    return { ...desired, auth: { algorithm: algorithm ?? "", secret: secret ?? "" } };
  return algorithm === desired.auth?.algorithm ? undefined : { ...desired, auth: { ...desired.auth, algorithm } };
}

function foundOn(node: ObservedNode, resource: string): Found[] {
  const file = installedFile(node, resource);
  if (file === undefined) return [];
  // `common` of a global_common.conf that ours took the place of counted as well.
  const kept = isOurs(file.text) ? [] : keptOf(node, globalCommonPath).map(({ text }) => text);
  return [foundBy(file.text, [...kept, ...filesRead(node).values()], resource)];
}

function foundIn(text: string, resource: string): Found[] {
  return text === "" ? [] : [foundBy(text, [text], resource)];
}

function foundBy(own: string, texts: readonly string[], resource: string): Found {
  const left = isOurs(own) ? asFoundIn(own) : undefined;
  const options = effectiveOptions(texts, resource);
  const [fencing, algorithm, secret] = ["fencing", "cram-hmac-alg", "shared-secret"].map((name) =>
    options.get(`net ${name}`),
  );
  return {
    isLeft: (one) => left === undefined || left.includes(one),
    ...(fencing === undefined ? {} : { fencing }),
    ...(algorithm === undefined ? {} : { algorithm }),
    ...(secret === undefined || secret === SECRET_PLACEHOLDER ? {} : { secret }),
  };
}
