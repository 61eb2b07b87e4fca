/** Somebody who appends numbered lines to a file and notes, off the filesystem, each that was written to the disk. */
import type { Lab } from "../../lab/lab";
import type { MachineName } from "../../lab/machines";

const acknowledged = "/root/acknowledged";

export class Lines {
  private constructor(
    private readonly lab: Lab,
    private readonly machine: MachineName,
    private readonly file: string,
  ) {}

  static async start(lab: Lab, machine: MachineName, file: string): Promise<Lines> {
    await lab.run(
      machine,
      // One process that starts no others: a look finds it, whenever it looks.
      `cat >/root/lines.pl <<'END'
use IO::Handle;
open(my $lines, ">>", $ARGV[0]) or exit 1; open(my $noted, ">>", "${acknowledged}") or exit 1;
$lines->autoflush(1); $noted->autoflush(1);
for (my $number = 1; ; $number++) {
  print $lines "$number\\n" and $lines->sync and print $noted "$number\\n" or exit 1;
  select(undef, undef, undef, 0.05);
}
END
      rm -f ${acknowledged}
      nohup perl /root/lines.pl ${file} >/dev/null 2>&1 & echo $! >/run/lines.pid
      until [ -s ${acknowledged} ]; do sleep 0.1; done`,
    );
    return new Lines(lab, machine, file);
  }

  /** The lines that were acknowledged. */
  async stop(): Promise<string[]> {
    const { stdout } = await this.lab.run(
      this.machine,
      `kill "$(cat /run/lines.pid)"; while kill -0 "$(cat /run/lines.pid)" 2>/dev/null; do sleep 0.1; done; cat ${acknowledged}`,
    );
    return stdout.trim().split("\n");
  }

  /** Those that a machine finds, in the file there: at least all that were acknowledged, in their order. */
  async found(machine: MachineName): Promise<string[]> {
    const { stdout } = await this.lab.run(machine, `cat ${this.file}`);
    return stdout.trim().split("\n");
  }
}
