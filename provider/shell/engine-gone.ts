import { connect } from "node:net";

/** Milliseconds between two tries. */
const pause = 1_000;

/**
 * Ends this process soon after the engine that it works for has ended: nobody could see or stop what it does then. What
 * runs on a host runs to its end; the host stops before the next step, since nobody listens any more.
 *
 * A connection to the engine's address is kept for that, since the kernel closes it with the engine. The parent's id
 * would not do: between the two stands a shell script. The engine itself closes a connection on which nothing is said: it
 * is gone only when it takes no new one.
 */
export function endWithEngine(address: string | undefined, end: () => void): void {
  const [, host, port] = /^([\w.-]+):(\d+)$/.exec(address ?? "") ?? [];
  if (host === undefined || port === undefined) return;
  const watch = (misses: number): void => {
    let connected = false;
    const socket = connect({ host, port: Number(port) });
    socket.unref();
    socket.once("connect", () => (connected = true));
    socket.on("error", () => undefined); // "close" follows.
    socket.resume();
    socket.once("close", () => {
      if (!connected && misses > 0) end();
      else setTimeout(watch, connected ? pause / 10 : pause, connected ? 0 : misses + 1).unref();
    });
  };
  watch(0);
}
