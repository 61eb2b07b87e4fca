import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { cleanUp } from "./cleanup";
import { endWithReader } from "./closed-pipe";
import { endCommands } from "./command";
import { Lab } from "./lab";
import { type LinkRequest, parseLink } from "./link/link-quality";
import { MACHINES, type MachineName, isMachineName } from "./machines";
import { type MakeRequest, parseReleases, parseSectors } from "./make";
import { Missing } from "./requirements";
import { accessFiles, keptConnection } from "./ssh-access";

const HELP = `The lab: two virtual machines, alpha and bravo, with real DRBD, each with an empty disk /dev/vdb.

  npm run lab -- up [OPTION…]      both running; the first time makes the image and the snapshots
      --release NAME               Debian's release: trixie (the default), bookworm or bullseye
      --release alpha=NAME,bravo=NAME
      --sectors 4096               data disks with sectors of so many bytes, 512 or 4096; or alpha=…,bravo=…
  npm run lab -- reset [SNAPSHOT]  both back to a snapshot: bare (without drbd-utils; the default) or utils (with it)
  npm run lab -- down [--delete]   both off; with --delete everything of the lab is removed
  npm run lab -- status            what runs, where
  npm run lab -- ssh NAME [CMD…]   a shell, or a command, on a machine, as root
  npm run lab -- env               how to reach the machines, as lines for a shell
  npm run lab -- snapshot NAME     another snapshot to go back to: the machines as they are now

  npm run lab -- link RATE RTT     a slower replication link, as in link 24mbit 50ms; it stays over a reset
      --loss 1%                    the share of frames that get lost, each way
      --queue 100ms                how long a frame waits at most until it is sent
  npm run lab -- link off          the plain one again; down does the same
  npm run lab -- cut | restore     the replication link
  npm run lab -- off NAME          pulls the machine's plug
  npm run lab -- on NAME           boots it from its disk

The lab is in $LAB_DIR, by default in ~/.local/state/pulumi-drbd/lab. It listens on loopback only.`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

class Usage extends Error {}

function machine(name: string | undefined): MachineName {
  if (name !== undefined && isMachineName(name)) return name;
  throw new Usage(`which machine: ${MACHINES.join(" or ")}?`);
}

async function status(lab: Lab): Promise<void> {
  const state = await lab.state();
  const running = await lab.running();
  for (const name of MACHINES) {
    const disks = state.disks[name].map((disk) => disk.serial).join(", ");
    const where = running.includes(name) ? `runs, ssh on 127.0.0.1:${state.ports[name].ssh}` : "is off";
    say(
      `${name}  ${where}; Debian ${state.make.releases[name]}; replication address ${lab.address(name)}; disks ${disks}`,
    );
  }
  say(`link   ${await lab.describeLink()}`);
  say(`snapshots  ${Object.keys(state.snapshots).join(", ")}`);
  say(`ssh    ssh -F ${accessFiles(lab.folder).config} alpha`);
}

async function printEnvironment(lab: Lab): Promise<void> {
  const { key, knownHosts, config } = accessFiles(lab.folder);
  say(`LAB_SSH_CONFIG='${config}'`);
  say(`LAB_KEY_FILE='${key}'`);
  say(`LAB_KNOWN_HOSTS='${knownHosts}'`);
  for (const name of MACHINES) {
    const { host, port, user, hostKey } = await lab.connection(name);
    const prefix = `LAB_${name.toUpperCase()}`;
    say(`${prefix}_HOST='${host}'\n${prefix}_PORT='${port}'\n${prefix}_USER='${user}'`);
    say(`${prefix}_HOST_KEY='${hostKey}'\n${prefix}_ADDRESS='${lab.address(name)}'`);
  }
}

async function shell(lab: Lab, name: MachineName, command: readonly string[]): Promise<number> {
  const [ssh = "ssh", ...rest] = await keptConnection(lab.folder, name);
  const child = spawn(ssh, [...rest, ...command], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => {
      resolve(exit ?? 1);
    });
  });
}

/** The options of `up`. npm passes on what stands behind its `--`. */
function makeRequest(argv: readonly string[]): MakeRequest {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { release: { type: "string" }, sectors: { type: "string" } },
    });
    return {
      ...(values.release === undefined ? {} : { releases: parseReleases(values.release) }),
      ...(values.sectors === undefined ? {} : { sectors: parseSectors(values.sectors) }),
    };
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

/** What stands behind `link`; undefined for `off`. */
function linkRequest(argv: readonly string[]): LinkRequest | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { loss: { type: "string" }, queue: { type: "string" } },
    });
    const [rate, roundTrip, ...more] = positionals;
    const isOff = rate === "off" && roundTrip === undefined && Object.keys(values).length === 0;
    if (isOff) return undefined;
    if (rate === undefined || roundTrip === undefined || more.length > 0) {
      throw new Error("which link? Give a rate and a round trip, as in `link 24mbit 50ms`, or `link off`");
    }
    const request = { rate, roundTrip, ...values };
    parseLink(request);
    return request;
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

async function main([command, ...rest]: readonly string[]): Promise<number> {
  const lab = Lab.at({ report: say });
  switch (command) {
    case "up":
      await lab.up(makeRequest(rest));
      await status(lab);
      break;
    case "down":
      await (rest[0] === "--delete" ? lab.delete() : lab.down());
      break;
    case "reset":
      await lab.reset(rest[0]);
      break;
    case "snapshot":
      if (rest[0] === undefined) throw new Usage("which name?");
      await lab.snapshot(rest[0]);
      break;
    case "status":
      await status(lab);
      break;
    case "env":
      await printEnvironment(lab);
      break;
    case "ssh":
      return shell(lab, machine(rest[0]), rest.slice(1));
    case "link":
      await lab.link(linkRequest(rest));
      break;
    case "cut":
      await lab.cutLink();
      break;
    case "restore":
      await lab.restoreLink();
      break;
    case "off":
      await lab.powerOff(machine(rest[0]));
      break;
    case "on":
      await lab.powerOn(machine(rest[0]));
      break;
    case undefined:
    case "help":
    case "--help":
      say(HELP);
      break;
    default:
      throw new Usage(`no command ${command}`);
  }
  return 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    void endCommands()
      .then(cleanUp)
      .finally(() => process.exit(130));
  });
}

endWithReader(process.stdout, () => process.exit(0));

main(process.argv.slice(2)).then(
  (exit) => {
    process.exitCode = exit;
  },
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`lab: ${message}\n`);
    if (error instanceof Usage) process.stderr.write(`\n${HELP}\n`);
    process.exitCode = error instanceof Missing ? 2 : 1;
  },
);
