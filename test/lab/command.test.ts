import { execute, executeOrThrow } from "../../lab/command";

describe("a command", () => {
  test("takes input, gives output and exit, and no shell reads its arguments", async () => {
    const outcome = await execute(["sh", "-c", 'cat; echo "$1" >&2; exit 3', "sh", "$HOME; a 'b'"], { stdin: "in" });
    expect(outcome).toMatchObject({ exit: 3, stdout: "in", stderr: "$HOME; a 'b'\n" });
  });

  test("ends at its timeout, even where what it has started goes on writing", async () => {
    const begun = performance.now();
    const outcome = await execute(["sh", "-c", "echo begun; sleep 5 & wait"], { timeout: 0.5 });
    expect(outcome).toMatchObject({ exit: null, stdout: "begun\n" });
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test("that has to succeed and fails says what it said", async () => {
    await expect(executeOrThrow(["sh", "-c", "echo reason >&2; exit 4"])).rejects.toThrow(
      /^sh -c .* ended with exit 4 after [\d.]+ s:\nreason$/s,
    );
  });

  test("that does not exist is an error", async () => {
    await expect(execute(["/no/such/program"])).rejects.toThrow("ENOENT");
  });
});
