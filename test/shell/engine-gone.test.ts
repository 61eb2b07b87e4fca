import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

import { endWithEngine } from "../../provider/shell/engine-gone";

let server: Server;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});

const close = () =>
  new Promise<void>((closed) => {
    server.close(() => {
      closed();
    });
    for (const socket of sockets) socket.destroy();
  });

const addressOf = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const until = async (met: () => boolean) => {
  for (let turn = 0; turn < 400 && !met(); turn++) await new Promise((wake) => setTimeout(wake, 10));
};

test("the provider ends when its engine has ended, and not when the engine only closes the connection", async () => {
  const end = jest.fn();
  endWithEngine(addressOf(), end);
  await until(() => sockets.length === 1);
  sockets[0]?.destroy();
  await until(() => sockets.length === 2);
  expect(sockets).toHaveLength(2);
  expect(end).not.toHaveBeenCalled();
  await close();
  await until(() => end.mock.calls.length > 0);
  expect(end).toHaveBeenCalledTimes(1);
});

test("without an engine's address there is nothing to watch", async () => {
  const end = jest.fn();
  endWithEngine(undefined, end);
  endWithEngine("not an address", end);
  await close();
  expect(end).not.toHaveBeenCalled();
});
