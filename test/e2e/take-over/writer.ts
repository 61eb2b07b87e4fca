/** Somebody who writes on a mounted filesystem, ten times a second, through one open file: a demotion or an unmount would end it. */
import type { Lab } from "../../../lab/lab";
import type { MachineName } from "../../../lab/machines";

export class Writer {
  private constructor(
    private readonly lab: Lab,
    private readonly machine: MachineName,
    private readonly file: string,
  ) {}

  static async start(lab: Lab, machine: MachineName, mountPoint: string): Promise<Writer> {
    const file = `${mountPoint}/ticks`;
    await lab.run(
      machine,
      `cat >/root/writer.sh <<'END'
exec 9>${file} || exit 1
while :; do cut -d' ' -f1 /proc/uptime >&9 && sync ${file} || exit 1; sleep 0.1; done
END
      nohup sh /root/writer.sh >/dev/null 2>&1 & echo $! >/run/writer.pid`,
    );
    return new Writer(lab, machine, file);
  }

  /** Seconds of the longest pause between two writes. The writer lives. */
  async longestPause(): Promise<number> {
    const { stdout } = await this.lab.run(
      this.machine,
      `kill -0 "$(cat /run/writer.pid)" && awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { print most }' ${this.file}`,
    );
    return Number(stdout);
  }

  async stop(): Promise<void> {
    await this.lab.run(this.machine, `kill "$(cat /run/writer.pid)"; while fuser -s ${this.file}; do sleep 0.1; done`);
  }
}
