/** The lab's machines by the names that `ssh` has for them, as a person's ~/.ssh/config would give. */
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Lab } from "../../lab/lab";
import { accessFiles } from "../../lab/ssh-access";

/**
 * Puts an `ssh` first on this process's PATH that reads the lab's configuration in the place of ~/.ssh/config, which is the
 * user's own. Returns what takes it away again.
 */
export async function sshKnowsTheLab(lab: Lab): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-drbd-e2e-ssh-"));
  const { PATH: before = "" } = process.env;
  const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  const { config } = accessFiles(lab.folder);
  // The provider's own file comes first: `-F FILE`.
  await writeFile(join(folder, "ssh"), `#!/bin/sh\nshift 2\nexec '${real}' -F '${config}' "$@"\n`);
  await chmod(join(folder, "ssh"), 0o755);
  process.env["PATH"] = `${folder}${delimiter}${before}`;
  return async () => {
    process.env["PATH"] = before;
    await rm(folder, { recursive: true });
  };
}
