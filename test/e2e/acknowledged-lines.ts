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
      `cat >/root/lines.sh <<'END'
exec 9>>"$1" || exit 1
number=0
while :; do number=$((number + 1)); echo $number >&9 && sync "$1" && echo $number >>${acknowledged} || exit 1; sleep 0.05; done
END
      rm -f ${acknowledged}
      nohup sh /root/lines.sh ${file} >/dev/null 2>&1 & echo $! >/run/lines.pid
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
