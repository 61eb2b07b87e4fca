/** `pulumi-drbd adopt alpha bravo`. */
import { relative, resolve } from "node:path";

import { adopt } from "../core/adopted/adopt";
import type { AdoptedConnection, Adoption } from "../core/adopted/adopted-inputs";
import { describedText, leftOutText, plansText } from "../core/adopted/adoption-text";
import { privateKeyKey, programText, secretKey } from "../core/adopted/program-text";
import { stackFile } from "../core/adopted/project";
import { describedIn, secretPath, siteText } from "../core/adopted/site-text";
import { parseTarget } from "../core/adopted/target";
import type { ManagerName } from "../core/wanted/manager-names";
import { firstPlans } from "../lifecycle/first-plans";
import { operation } from "../shell/operation";
import { CliError } from "./cli-error";
import { findProject, privateKeyIn, restore, textOf, write } from "./files";
import { lookAt, withKey } from "./look";
import { type Secret, selectedStack, setSecret } from "./pulumi";

export interface AdoptOptions {
  readonly stack?: string;
  readonly typescript?: boolean;
  readonly output?: string;
  readonly privateKeyFile?: string;
  readonly force?: boolean;
  readonly ignoreManagers?: readonly ManagerName[];
}

type Say = (line: string) => void;
type Both<T> = readonly [T, T];

/** Where the description goes, and how it is written. */
interface Destination {
  readonly file: string;
  readonly stack?: string;
  /** Its text as it is now. */
  readonly before?: string;
  readonly text: (adoption: Adoption, comment: string) => string;
  readonly secrets: (adoption: Adoption) => readonly Secret[];
}

export async function adoptCommand(hosts: Both<string>, options: AdoptOptions, say: Say): Promise<void> {
  operation.command = "pulumi-drbd adopt";
  const [first, second] = [connectionTo(hosts[0], options), connectionTo(hosts[1], options)];
  // Whatever is wrong here is told before a host is asked.
  const to = options.typescript === true ? programAt(options) : await siteAt(options);
  const looks = await bothOrAllErrors([lookAt(first), lookAt(second)]);
  const adoption = adopt(looks, options.ignoreManagers);
  if (!("nodes" in adoption)) throw new CliError(nothingText(hosts, leftOutText(adoption.leftOut)));
  await keep(to, adoption, `As \`pulumi-drbd adopt ${hosts.join(" ")}\` found it.`);
  const shown = relative(process.cwd(), to.file);
  const count = adoption.secrets.size;
  say(`${shown} is written${count === 0 ? "" : `, with ${count} secret${count === 1 ? "" : "s"}, encrypted`}:`);
  for (const line of describedText(adoption)) say(`  ${line}`);
  tell(say, "Worth knowing:", adoption.remarks);
  tell(say, "Not taken over:", leftOutText(adoption.leftOut));
  say("");
  for (const line of await previewText(adoption)) say(line);
  say("");
  const stack = to.stack === undefined ? "" : ` --stack ${to.stack}`;
  say(`Next: look at ${shown}; then \`pulumi preview${stack}\`, and \`pulumi up${stack}\`.`);
}

/** What is written stays, whatever befalls a host now. */
async function previewText(adoption: Adoption): Promise<string[]> {
  try {
    const texts = plansText(await firstPlans(...inputsOf(adoption)));
    return ["`pulumi preview` will show:", ...texts.flatMap((text) => text.split("\n")).map((line) => `  ${line}`)];
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return ["What `pulumi preview` will show could not be told now:", ...said.split("\n").map((line) => `  ${line}`)];
  }
}

function connectionTo(host: string, { privateKeyFile }: AdoptOptions): AdoptedConnection {
  const target = parseTarget(host);
  if (!target.ok) throw new CliError(target.reason);
  return { ...target.connection, ...(privateKeyFile === undefined ? {} : { privateKeyFile }) };
}

async function siteAt({ stack: given, output, force }: AdoptOptions): Promise<Destination> {
  const project = findProject();
  if (project === undefined)
    throw new CliError(
      "There is no Pulumi.yaml here or above: run this in a clone of pulumi-drbd, or in a project of your own whose program uses `siteConfig`. `--typescript` writes a program.",
    );
  const stack = given ?? (await selectedStack());
  if (!/^[A-Za-z0-9._/-]+$/.test(stack)) throw new CliError(`${stack} is no name of a stack.`);
  const file = output === undefined ? resolve(project.folder, project.configFolder, stackFile(stack)) : resolve(output);
  const shown = relative(process.cwd(), file);
  const before = textOf(file);
  const site = (adoption: Pick<Adoption, "nodes" | "resources">, comment: string) =>
    siteText(adoption, { project: project.name, comment, ...(before === undefined ? {} : { before }) });
  const readable = site({ nodes: [], resources: [] } as unknown as Adoption, "");
  if (!readable.ok) throw new CliError(`${shown} is no stack config that could be added to: ${readable.reason}`);
  const described = describedIn(before ?? "", project.name);
  if (described.length > 0 && force !== true)
    throw new CliError(
      `${shown} describes a pair already (${described.join(" and ")}). Nothing was looked at or written. \`--force\` puts this pair in its place; \`--stack\` names another stack.`,
    );
  return {
    file,
    stack,
    ...(before === undefined ? {} : { before }),
    text: (adoption, comment) => {
      const made = site(adoption, comment);
      if (!made.ok) throw new CliError(`${shown}: ${made.reason}`);
      return made.text;
    },
    secrets: ({ resources, secrets }) =>
      resources.flatMap(({ name }, index) => {
        const value = secrets.get(name);
        const key = secretPath(project.name, index);
        return value === undefined ? [] : [{ key, isPath: true, value, what: `the shared secret of ${name}` }];
      }),
  };
}

function programAt({ stack, output = "index.ts", force }: AdoptOptions): Destination {
  const file = resolve(output);
  const before = textOf(file);
  if (before !== undefined && force !== true)
    throw new CliError(
      `${relative(process.cwd(), file)} is there already. Nothing was looked at or written. \`--force\` replaces it; \`--output\` names another file.`,
    );
  return {
    file,
    ...(stack === undefined ? {} : { stack }),
    ...(before === undefined ? {} : { before }),
    text: programText,
    secrets: ({ secrets, nodes: [{ connection }] }) => [
      ...[...secrets].map(([name, value]) => ({
        key: secretKey(name),
        isPath: false,
        value,
        what: `the shared secret of ${name}`,
      })),
      ...(connection.privateKeyFile === undefined
        ? []
        : [
            {
              key: privateKeyKey,
              isPath: false,
              value: privateKeyIn(connection.privateKeyFile),
              what: "the private key",
            },
          ]),
    ],
  };
}

/** All or nothing: without its secrets the file would say another pair than the one that runs. */
async function keep(to: Destination, adoption: Adoption, comment: string): Promise<void> {
  const { file, before, stack } = to;
  write(file, to.text(adoption, comment));
  try {
    for (const secret of to.secrets(adoption)) await setSecret(secret, configOf(to, stack, secret));
  } catch (error) {
    restore(file, before);
    throw error;
  }
}

/** A path leads into the file that was just written; another key goes to the stack's own file. */
const configOf = ({ file }: Destination, stack: string | undefined, { isPath }: Secret) => ({
  ...(stack === undefined ? {} : { stack }),
  ...(isPath ? { file } : {}),
});

/** The very inputs that were written, as the classes hand them to the provider. */
function inputsOf({ nodes, resources, secrets }: Adoption) {
  const reached = nodes.map(({ connection, ...node }) => ({ ...node, connection: withKey(connection) }));
  return [
    reached,
    resources.map(({ disks, metaDisks, ...resource }) => ({
      ...resource,
      nodes: reached.map(({ hostname, address, connection }) => ({
        hostname,
        address,
        connection,
        disk: disks?.[hostname],
        metaDisk: metaDisks?.[hostname],
      })),
      sharedSecret: secrets.get(resource.name),
    })),
  ] as const;
}

function tell(say: Say, head: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  say("");
  say(head);
  for (const line of lines) say(`  ${line}`);
}

function nothingText(hosts: Both<string>, lines: readonly string[]): string {
  const head = `There is nothing to take over on ${hosts.join(" and ")}; nothing was written.`;
  const why = lines.length === 0 ? ["drbdadm knows no resource on either host."] : lines;
  return [head, ...why.map((line) => `  ${line}`)].join("\n");
}

/** What is wrong with each host, and not with the first of them alone. */
async function bothOrAllErrors<T>(both: Both<Promise<T>>): Promise<Both<T>> {
  const [one, two] = await Promise.allSettled(both);
  if (one.status === "fulfilled" && two.status === "fulfilled") return [one.value, two.value];
  const errors = [one, two].flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : []));
  if (errors.every((error): error is Error => error instanceof Error && error.stack === ""))
    throw new CliError(errors.map(({ message }) => message).join("\n"));
  throw errors[0];
}
