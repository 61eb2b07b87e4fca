/** Which global_common.conf a host has once its DrbdNode is destroyed: the one from before, unless a resource lives by ours. */
import { globalCommonPath } from "../../config/paths";
import { redactSecrets, secretsIn } from "../../config/shared-secret";
import { refusedByDrbdadm, changesByCommon } from "../../installed/changes-by-plan";
import { runsBy, commonNow } from "../../installed/definition";
import type { KeptFile } from "../../installed/kept-files";
import type { ObservedNode } from "../../seen/observed";
import { toldOf } from "../hosts/foreign-common";

/**
 * Whether a resource that runs was given back, and runs as `before` has it, and not as what is there now: where it runs by
 * both, by what was done with it in this process.
 */
function livesBy(node: ObservedNode, resource: string, before: string, takenDown: ReadonlySet<string>): boolean {
  return runsBy(node, resource, before) && (takenDown.has(resource) || !runsBy(node, resource, commonNow(node)));
}

/**
 * Why a node's teardown does not give back the global_common.conf that was there before; empty where it may. What a user
 * had of a resource that was taken down is meant to live by it again, and so is one that was given back and runs.
 */
export function keepsOurCommon(
  host: string,
  node: ObservedNode,
  before: KeptFile,
  takenDown: ReadonlySet<string>,
): string[] {
  const said = refusedByDrbdadm(node, before.text);
  const stays = `${host}: ${globalCommonPath} stays as pulumi-drbd wrote it: what was there before, ${before.kept},`;
  if (said !== undefined) {
    const hidden = redactSecrets(said, [...node.files.values()].flatMap(secretsIn));
    return [`${stays} is nothing that drbdadm would take: ${hidden}`];
  }
  const changes = changesByCommon(node, before.text).filter(({ resource }) =>
    node.kernelResources.has(resource) ? !livesBy(node, resource, before.text, takenDown) : !takenDown.has(resource),
  );
  if (changes.length === 0) return [];
  const told = changes.map(
    ({ resource, ...change }) =>
      `${resource}, which ${node.kernelResources.has(resource) ? "runs there" : "is down"} (${toldOf(change)})`,
  );
  return [
    `${stays} would change ${told.join("; ")}. If that is meant: \`mv -f ${before.kept} ${globalCommonPath}\` there`,
  ];
}
