import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const LOOPBACK = "127.0.0.1";

/** A TCP port of loopback that nobody listens on: the wished one if it is free, else any. */
export function freeTcpPort(wished = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (wished === 0) reject(error);
      else resolve(freeTcpPort());
    });
    server.listen(wished, LOOPBACK, () => {
      const address = server.address();
      server.close(() => {
        resolve(address && typeof address === "object" ? address.port : 0);
      });
    });
  });
}

/** The same for UDP. */
export function freeUdpPort(wished = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.once("error", (error) => {
      if (wished === 0) reject(error);
      else resolve(freeUdpPort());
    });
    socket.bind(wished, LOOPBACK, () => {
      const { port } = socket.address();
      socket.close(() => {
        resolve(port);
      });
    });
  });
}
