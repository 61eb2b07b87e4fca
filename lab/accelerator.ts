import { constants } from "node:fs";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { dirname, join } from "node:path";
import { execute, executeOrThrow } from "./command";
import { cacheFolder } from "./folders";
import type { Image } from "./image";
import { type Accelerator, boardArguments } from "./machines";
import { type Report, timed } from "./report";

const TRIAL_SECONDS = 8;
const BOOTED = "LAB-TRIAL-BOOTED";

export async function qemuVersion(): Promise<string> {
  const { stdout } = await executeOrThrow(["qemu-system-x86_64", "--version"]);
  return (stdout.split("\n")[0] ?? "").trim();
}

/**
 * kvm only where a machine has been seen to boot with it: /dev/kvm can be there and hang every machine. The verdict is
 * kept for this qemu, kernel and processor.
 */
export async function chooseAccelerator(image: Image, qemu: string, report: Report): Promise<Accelerator> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const file = join(cacheFolder(), "accelerator.json");
  const here = [qemu, release(), cpus()[0]?.model ?? ""].join(" / ");
  const kept = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as { here?: string; verdict?: Accelerator };
  if (kept.here === here && kept.verdict) return kept.verdict;
  const boots = await timed(report, "does hardware virtualisation work here? A trial", () => boot(image));
  report(boots ? "it does" : "it does not: the machines are emulated in software");
  const verdict: Accelerator = boots ? "kvm" : "tcg";
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ here, verdict }));
  return verdict;
}

async function boot(image: Image): Promise<boolean> {
  const trial = ["-serial", "stdio", "-kernel", image.kernel, "-initrd", image.initrd, "-no-reboot"];
  const qemu = ["qemu-system-x86_64", ...boardArguments("kvm"), ...trial, "-append", "console=ttyS0 lab.trial"];
  // timeout(1), so that a machine that hangs ends even if this process is gone by then.
  const { stdout } = await execute(["timeout", "--kill-after=1", String(TRIAL_SECONDS), ...qemu]);
  return stdout.includes(BOOTED);
}
