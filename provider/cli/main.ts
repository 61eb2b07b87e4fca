#!/usr/bin/env node
/** `pulumi-drbd`, the package's command. */
import { Command, Option } from "commander";

import { adoptCommand, type AdoptOptions } from "./adopt-command";
import { CliError } from "./cli-error";
import { MANAGER_NAMES } from "../core/wanted/manager-names";
import { closeHosts } from "../shell/host";

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("pulumi-drbd").description("DRBD pairs under Pulumi").showHelpAfterError();
  program
    .command("adopt")
    .description(
      "Looks at two hosts that have DRBD resources already, changes nothing there, and writes a site's stack config " +
        "(or a program) in which these stand exactly as they are.",
    )
    .argument("<host>", "as for `ssh`: alpha, root@alpha.example, root@alpha.example:2222")
    .argument("<other-host>", "the other one of the pair")
    .option("-s, --stack <name>", "the stack whose config is written; default: the one that is selected")
    .option("--typescript", "writes a program instead: index.ts")
    .option("-o, --output <file>", "writes this file instead of the stack's own, or instead of index.ts")
    .option("-i, --private-key-file <file>", "a private key to log in with; default: what `ssh` itself uses")
    .option("-f, --force", "replaces a pair that is described there already, or an index.ts that is there")
    .addOption(
      new Option(
        "--ignore-managers <names...>",
        "takes over, by files alone, what these tools manage and leave alone now (in maintenance mode, say)",
      ).choices(MANAGER_NAMES),
    )
    .action(async (host: string, other: string, options: AdoptOptions) => {
      await adoptCommand([host, other], options, (line) => process.stdout.write(`${line}\n`));
    });
  await program.parseAsync([...argv], { from: "user" });
}

// Who reads no more of what is told (`| head`) stops nothing.
process.stdout.on("error", () => undefined);

main(process.argv.slice(2))
  .catch((error: unknown) => {
    const isTold = error instanceof CliError || (error instanceof Error && error.stack === "");
    const text = error instanceof Error ? (isTold ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  })
  .finally(closeHosts);
