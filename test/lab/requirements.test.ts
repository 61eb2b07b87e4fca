import { tmpdir } from "node:os";
import { missingMessage, requirePrograms, requireSpace, TO_RUN } from "../../lab/requirements";

describe("what is missing on the host", () => {
  test("is named with the command that brings it, each package once", () => {
    expect(missingMessage(["qemu-img"])).toBe(
      "the lab needs qemu-img, which is not installed here. Get it with\n" +
        "    sudo apt-get install --no-install-recommends qemu-utils",
    );
    expect(missingMessage(["ssh", "ssh-keygen", "mmdebstrap"])).toContain(
      "are not installed here. Get it with\n    sudo apt-get install --no-install-recommends mmdebstrap openssh-client",
    );
    expect(missingMessage([])).toBeUndefined();
  });

  test("is looked for on PATH", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await expect(requirePrograms(TO_RUN)).rejects.toThrow("apt-get install --no-install-recommends cpio");
    } finally {
      process.env["PATH"] = path;
    }
  });

  test("may be room on the disk: how much, where, and what to do", async () => {
    await expect(requireSpace(tmpdir(), 1, "a lab", "free some")).resolves.toBeUndefined();
    await expect(requireSpace(tmpdir(), 1e12, "a lab", "free some")).rejects.toThrow(
      /^a lab needs 1000000000000 MiB in .*, where \d+ MiB are free: free some$/,
    );
  });
});
