/**
 * `common` of global_common.conf counts for every resource of a host, whoever defined it. Where another one would change
 * what a resource of somebody else's means, the file stays as it is: that resource would part from its peer at its next
 * `drbdadm adjust` or boot.
 */
import { describeChanges, type OptionChange } from "../../config/compare-options";
import { isOurs } from "../../config/own-mark";
import { globalCommonPath } from "../../config/paths";
import { redactSecrets, secretsIn } from "../../config/shared-secret";
import { changesByCommon, refusedByDrbdadm, type ForeignChange } from "../../installed/changes-by-plan";
import { managersByName } from "../../seen/managers";
import type { ObservedNode } from "../../seen/observed";
import type { Refusal } from "../../steps/plan";
import { findOption, OPTIONS, type SectionName } from "../../wanted/option-table";

/** What is wanted of global_common.conf on a host. */
export interface WantedCommon {
  readonly desired: { readonly hostname: string };
  /** The text of global_common.conf. */
  readonly configuration: string;
  readonly node: ObservedNode;
  /** The names of the resources that the program describes on this host: their own plans tell what changes for them. */
  readonly described: ReadonlySet<string>;
}

export function commonRefusals({ desired, configuration, node, described }: WantedCommon): Refusal[] {
  const said = refusedByDrbdadm(node, configuration);
  if (said !== undefined) {
    const hidden = redactSecrets(said, [...node.files.values()].flatMap(secretsIn));
    return [
      {
        node: desired.hostname,
        found: `drbdadm there would read nothing any more with the program's ${globalCommonPath}: ${hidden}`,
        way: "See what it names: a resource there may need what the file has now. Give the same in the node's `common` or `global`.",
      },
    ];
  }
  const changes = changesByCommon(node, configuration).filter(
    ({ resource, path }) =>
      !isOurs(node.files.get(path)) && (!described.has(resource) || managersByName(node, resource).length > 0),
  );
  return changes.length === 0 ? [] : [refusalOf(desired.hostname, changes, described)];
}

/** One for all of them, since one change of the inputs is the answer to all. */
function refusalOf(node: string, changes: readonly ForeignChange[], described: ReadonlySet<string>): Refusal {
  const would = `\`common\` of ${globalCommonPath}, which would be replaced`;
  const [first] = changes;
  const isOne = first !== undefined && changes.length === 1;
  const each = changes.map((change) => `${change.resource} (${change.path}): ${toldOf(change)}`);
  return {
    node,
    found: isOne
      ? `${first.resource}, which ${first.path} defines and ${described.has(first.resource) ? "another tool manages" : "this program does not describe"}, lives by ${would}: ${toldOf(first)}`
      : `resources that this program does not describe, or that another tool manages, live by ${would}. ${each.join(". ")}`,
    way: [
      ...inputsFor(changes),
      isOne
        ? `Or write what it has from \`common\` into ${first.path} itself, on both of its hosts: it is then what it was, whatever stands in \`common\`.`
        : "Or write what each has from `common` into its own file, on both of its hosts: it is then what it was, whatever stands in `common`.",
    ].join(" "),
  };
}

export function toldOf({ changes, isGone }: Pick<ForeignChange, "changes" | "isGone">): string {
  return isGone === true ? "drbdadm would know it no more" : describeChanges(changes);
}

/** What the inputs of the node must say so that nothing changes. */
function inputsFor(changes: readonly ForeignChange[]): string[] {
  const found = changes.flatMap((one) => one.changes.flatMap(optionOf));
  const options = [...new Map(found.map((one) => [`${one.section} ${one.name}`, one])).values()];
  const sections = [...new Set(options.map(({ section }) => section))];
  const given = sections.flatMap((section) => {
    const its = options.flatMap((one) =>
      one.section === section && one.from !== undefined ? [`${JSON.stringify(one.name)}: ${one.from}`] : [],
    );
    return its.length === 0 ? [] : [`${section}: { ${its.join(", ")} }`];
  });
  const left = options.filter(({ from }) => from === undefined).map(({ section, name }) => `\`${section}: ${name}\``);
  return [
    ...(given.length === 0 ? [] : [`Give the node what is there now: \`common: { ${given.join(", ")} }\`.`]),
    ...(left.length === 0 ? [] : [`Leave ${left.join(" and ")} out of the node's \`common\`.`]),
  ];
}

interface GivenOption {
  readonly section: SectionName;
  readonly name: string;
  /** As an input says it; undefined where nothing is there. */
  readonly from?: string;
}

/** What `common` says stands in each host and volume once drbdadm has resolved it. */
function optionOf({ key, from }: OptionChange): GivenOption[] {
  const [section = "", name = "", ...rest] = key.replace(/^([^ ]+: )?(volume \d+ )?/, "").split(" ");
  if (!(section in OPTIONS) || name === "" || rest.length > 0) return [];
  const type = findOption(section as SectionName, name)?.type;
  const said = from === undefined ? {} : { from: inputOf(name, from, type) };
  return [{ section: section as SectionName, name, ...said }];
}

function inputOf(name: string, value: string, type: string | undefined): string {
  if (name === "shared-secret") return "(the secret that stands there, as a Pulumi secret)";
  if (type === "boolean" || type === "flag") return value === "no" ? "false" : "true";
  return /^\d+$/.test(value) && type === "number" ? value : JSON.stringify(value);
}

/** What our own change of `common` means for what another stack wrote there. */
export function commonWarnings({ desired, configuration, node, described }: WantedCommon): string[] {
  return changesByCommon(node, configuration)
    .filter(({ resource, path }) => !described.has(resource) && isOurs(node.files.get(path)))
    .map(
      ({ resource, path, ...change }) =>
        `${desired.hostname}: \`common\` counts for ${resource} too, which ${path} defines: ${toldOf(change)}, from its next \`drbdadm adjust\` or boot on`,
    );
}
