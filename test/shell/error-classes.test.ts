import { HostError, NetworkError, UnreachableError } from "../../provider/shell/error-classes";
import { newSecret } from "../../provider/shell/new-secret";
import { secretFault } from "../../provider/core/wanted/names";

test("an error says where, what, by which command with which output, and what to do", () => {
  const error = new HostError("alpha", "a step failed (it was new)", {
    command: "mkfs.xfs /dev/drbd1",
    exit: 1,
    output: "\nno space\nleft on device\n\n",
    advice: "use a bigger disk",
  });
  expect(error.message).toBe(
    [
      "alpha: a step failed (it was new)",
      "  command: mkfs.xfs /dev/drbd1 (exit 1)",
      "  output:",
      "    no space",
      "    left on device",
      "  what to do: use a bigger disk",
    ].join("\n"),
  );
});

test("an error says no more than it knows", () => {
  expect(new HostError("alpha", "it failed").message).toBe("alpha: it failed");
  expect(new HostError("alpha", "it failed", { command: "true", output: " \n" }).message).toBe(
    "alpha: it failed\n  command: true",
  );
});

test("where our code stood is not printed: Pulumi shows an error's stack beside its message", () => {
  for (const Kind of [HostError, UnreachableError, NetworkError]) expect(new Kind("alpha", "x").stack).toBe("");
});

test("only the network's faults may be gone later", () => {
  expect(new NetworkError("alpha", "x").network).toBe(true);
  expect(new UnreachableError("alpha", "x").network).toBe(false);
  expect(new NetworkError("alpha", "x")).toBeInstanceOf(UnreachableError);
});

test("a secret that we make is taken by DRBD, is new each time, and is too long to guess", () => {
  const secrets = Array.from({ length: 100 }, newSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secretFault(secret)).toBeUndefined();
    expect(secret).toMatch(/^[A-Za-z0-9_-]{32}$/); // 192 bits
  }
});

test("a shared secret in a command's output is not in the error", () => {
  const output =
    "Command 'drbdsetup-84 net-options --shared-secret=s3cr3t' terminated with exit code 10\nshared-secret \"s3cr3t\";";
  const { message } = new HostError("alpha", "a step failed", { command: "drbdadm adjust r0", exit: 10, output });
  expect(message).toContain("net-options");
  expect(message).not.toContain("s3cr3t");
});
