import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { pause } from "./report";

interface Reply {
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
}

/** What qemu refused, in its words. */
export class MonitorError extends Error {
  override readonly name = "MonitorError";
}

const ANSWER_SECONDS = 30;

/**
 * A connection to a machine's monitor (QMP). qemu serves one at a time, so it is opened for an operation and closed
 * after it: see `withMonitor`.
 */
export class Monitor {
  private readonly waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  private ended: Error | undefined;

  private constructor(private readonly socket: Socket) {
    createInterface({ input: socket }).on("line", (line) => {
      this.onReply(JSON.parse(line) as Reply);
    });
    socket.on("error", (error) => {
      this.onEnd(error);
    });
    socket.on("close", () => {
      this.onEnd(new MonitorError("the machine has closed its monitor"));
    });
  }

  static async open(path: string): Promise<Monitor> {
    const socket = connect(path);
    const monitor = new Monitor(socket);
    await monitor.execute("qmp_capabilities");
    return monitor;
  }

  execute(command: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const timer = setTimeout(() => {
        reject(new MonitorError(`no answer to ${command} within ${ANSWER_SECONDS} s`));
        this.socket.destroy();
      }, ANSWER_SECONDS * 1000);
      this.waiting.push({
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** Starts one of qemu's jobs and waits for its end. */
  async runJob(command: string, args: Record<string, unknown>): Promise<void> {
    const id = `${command}-${process.hrtime.bigint()}`;
    await this.execute(command, { "job-id": id, ...args });
    for (;;) {
      const jobs = (await this.execute("query-jobs")) as { id: string; status: string; error?: string }[];
      const job = jobs.find((each) => each.id === id);
      if (!job) throw new MonitorError(`${command} has vanished from qemu's jobs`);
      if (job.status === "concluded") {
        await this.execute("job-dismiss", { id });
        if (job.error !== undefined) throw new MonitorError(`${command}: ${job.error}`);
        return;
      }
      await pause(20);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private onReply(reply: Reply): void {
    // The greeting has neither return nor error; events are not used.
    if (reply.error) this.waiting.shift()?.reject(new MonitorError(reply.error.desc));
    else if ("return" in reply) this.waiting.shift()?.resolve(reply.return);
  }

  private onEnd(error: Error): void {
    this.ended ??= error;
    for (const each of this.waiting.splice(0)) each.reject(error);
  }
}

export async function withMonitor<T>(path: string, work: (monitor: Monitor) => Promise<T>): Promise<T> {
  const monitor = await Monitor.open(path);
  try {
    return await work(monitor);
  } finally {
    monitor.close();
  }
}
