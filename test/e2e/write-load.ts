/** A program that writes numbered lines to a file, each on the disk before it is told of. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Lab } from "../../lab/lab";
import type { MachineName } from "../../lab/machines";
import { accessFiles } from "../../lab/ssh-access";

/** Appends to the file, goes on from the last number there, and prints each number behind its fsync. */
export const writer = (file: string): string =>
  `perl -e 'use IO::Handle; $| = 1; my $last = 0; if (open(my $in, "<", "${file}")) { while (<$in>) { $last = $_ + 0 } }
open(my $out, ">>", "${file}") or die "$!\\n"; $out->autoflush(1);
for (my $i = $last + 1; ; $i++) { print $out "$i\\n" or die "$!\\n"; $out->sync or die "$!\\n"; print "$i\\n" }'`;

export class WriteLoad {
  /** The last number that the host has said to be written. */
  acknowledged = 0;
  private readonly child: ChildProcess;
  private rest = "";

  constructor(lab: Lab, machine: MachineName, file: string) {
    // A connection of its own, which dies with the machine.
    const argv = ["-F", accessFiles(lab.folder).config, "-o", "ControlPath=none", machine, writer(file)];
    this.child = spawn("ssh", argv, { stdio: ["ignore", "pipe", "ignore"] });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      const lines = `${this.rest}${chunk.toString()}`.split("\n");
      this.rest = lines.pop() ?? "";
      for (const line of lines) this.acknowledged = Number(line);
    });
  }

  /** Until so many more are written. */
  async more(count: number): Promise<void> {
    const until = this.acknowledged + count;
    const deadline = performance.now() + 60_000;
    while (this.acknowledged < until) {
      if (performance.now() > deadline) throw new Error(`only ${this.acknowledged} lines were written, not ${until}`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }
}

/** The numbers in the file must be 1, 2, 3, … without a gap; gives the last. */
export function lastOf(text: string): number {
  const numbers = text
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
  const wrong = numbers.findIndex((number, index) => number !== index + 1);
  if (wrong >= 0) throw new Error(`line ${wrong + 1} is ${numbers[wrong]}: something is missing or twice`);
  return numbers.length;
}
