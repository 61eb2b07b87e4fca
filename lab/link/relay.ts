/**
 * The process between the two machines while a link is set: `node relay.js -pidfile FILE JSON`. Each machine hands it
 * the frames that it sends (divert.ts); they go on to the other machine's end of the cable as a line would carry them.
 */
import { type Socket, createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { MACHINES, type MachineName, type PerMachine, otherMachine } from "../machines";
import { Line } from "./line";
import type { LinkQuality } from "./link-quality";

export interface RelaySettings {
  quality: LinkQuality;
  /** UDP: where the relay takes the frames that a machine sends. */
  from: PerMachine<number>;
  /** UDP: where a machine takes the frames that the other one sent. */
  to: PerMachine<number>;
}

/** What the relay says once it carries frames. */
export const READY = "ready";

const LOOPBACK = "127.0.0.1";

/** qemu's filter sends a datagram with a frame's length before the one with the frame. */
const LENGTH_BYTES = 4;

const BUFFER_BYTES = 4 * 1024 * 1024;
const LOOK_FOR_PID_FILE_MS = 5000;

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function carry(settings: RelaySettings, sender: MachineName): Promise<void> {
  const line = new Line(settings.quality);
  const out = await outgoing(settings.to[otherMachine(sender)]);
  let timer: NodeJS.Timeout | undefined;

  const deliver = () => {
    timer = undefined;
    // A machine that is off or behind loses frames, as on a real line.
    for (const frame of line.take(now())) out.send(frame, () => undefined);
    const next = line.next();
    if (next !== undefined) timer = setTimeout(deliver, Math.max(0, next - now()));
  };

  const incoming = createSocket({ type: "udp4", recvBufferSize: BUFFER_BYTES });
  incoming.on("message", (frame) => {
    if (frame.length <= LENGTH_BYTES) return;
    line.offer(frame, now());
    const next = line.next();
    if (!timer && next !== undefined) timer = setTimeout(deliver, Math.max(0, next - now()));
  });
  incoming.bind(settings.from[sender], LOOPBACK);
  await once(incoming, "listening");
}

/** Connected, so that Node does not look up the address for each frame. */
async function outgoing(port: number): Promise<Socket> {
  const socket = createSocket({ type: "udp4", sendBufferSize: BUFFER_BYTES });
  socket.connect(port, LOOPBACK);
  await once(socket, "connect");
  // Loopback answers that nobody listens there while the machine is off.
  socket.on("error", () => undefined);
  return socket;
}

async function main(pidFile: string, settings: RelaySettings): Promise<void> {
  for (const sender of MACHINES) await carry(settings, sender);
  writeFileSync(pidFile, `${process.pid}\n`);
  // Of a lab whose folder was removed by hand nothing is to go on.
  setInterval(() => {
    if (!existsSync(pidFile)) process.exit(0);
  }, LOOK_FOR_PID_FILE_MS);
  process.stdout.write(`${READY}\n`);
}

if (require.main === module) {
  const [, pidFile = "", settings = ""] = process.argv.slice(2);
  main(pidFile, JSON.parse(settings) as RelaySettings).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
}
