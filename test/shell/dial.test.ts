import { createServer, type Server, type AddressInfo } from "node:net";
import { theHostClosely } from "../../provider/core/seen/probe";
import { NetworkError, UnreachableError } from "../../provider/shell/error-classes";
import { Session } from "../../provider/shell/session";
import { closedPort, failure, FakeNode, keyPair, probed, says, sshHost, stopNodes, type KeyPair } from "./fake-node";

let node: FakeNode;

beforeEach(async () => {
  delete process.env["SSH_AUTH_SOCK"];
  node = await FakeNode.start();
  node.answer = says("here\n");
});

afterEach(stopNodes);

test("a host that is down: as many dials as dialErrorLimit, then an error with the address and what to try", async () => {
  node.onSocket = (socket) => {
    socket.destroy();
    return false;
  };
  const host = sshHost("alpha", node.connection({ dialErrorLimit: 2 }));
  const error = await failure(host.observe({ looks: [], candidates: [], depth: "close" }));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message.split("\n")[0]).toBe(`alpha: cannot be reached at 127.0.0.1:${node.port}`);
  expect(error.message).toContain("(2 attempts)");
  expect(error.message).toContain(`check that the host is up, and that 127.0.0.1 and port ${node.port} are reached`);
  expect(node.dials).toBe(2);
});

test("nothing listens there", async () => {
  const port = await closedPort();
  const error = await failure(Session.connect("alpha", node.connection({ port }), 1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("ECONNREFUSED");
  expect(error.message).not.toContain("attempts");
});

test("a name that does not resolve", async () => {
  const error = await failure(Session.connect("alpha", node.connection({ host: "no-such-host.invalid" }), 1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("cannot be reached at no-such-host.invalid");
});

test("a host that comes up meanwhile is reached", async () => {
  node.onSocket = (socket, dial) => {
    if (dial === 1) socket.destroy();
    return dial > 1;
  };
  const session = await Session.connect("alpha", node.connection(), 3);
  expect((await session.run("true", { timeoutSeconds: 5 })).stdout).toBe("here\n");
  expect(node.dials).toBe(2);
  session.close();
});

test("fewer attempts may be asked for than the connection allows, and never more", async () => {
  node.onSocket = (socket) => {
    socket.destroy();
    return false;
  };
  const nothing = theHostClosely;
  await failure(sshHost("alpha", node.connection({ dialErrorLimit: 5 })).observe(nothing, 1));
  expect(node.dials).toBe(1);
  await failure(sshHost("bravo", node.connection({ dialErrorLimit: 1 })).observe(nothing, 2));
  expect(node.dials).toBe(2);
});

test("without a limit of the user's own, a host that is down is told in seconds, and once for all who ask", async () => {
  node.onSocket = (socket) => {
    socket.destroy();
    return false;
  };
  const host = sshHost("alpha", node.connection({ dialErrorLimit: undefined }));
  const began = Date.now();
  const errors = await Promise.all([1, 2, 3].map(() => failure(host.observe(theHostClosely))));
  expect(Date.now() - began).toBeLessThan(3000);
  expect(new Set(errors).size).toBe(1);
  expect(node.dials).toBe(2);
});

test("without a limit of the user's own, a dial that took long is not made again", async () => {
  node.onSocket = () => false;
  const connection = node.connection({ dialErrorLimit: undefined, perDialTimeout: 6 });
  await failure(Session.connect("alpha", connection));
  expect(node.dials).toBe(1);
}, 15_000);

test("a name that nobody knows is not dialled more than twice, whatever the limit", async () => {
  const connection = node.connection({ host: "no-such-host.invalid", dialErrorLimit: 1000 });
  const error = await failure(Session.connect("alpha", connection));
  expect(error.message).toContain("ENOTFOUND");
  expect(error.message).toContain(
    "~/.ssh/config (aliases, ProxyJump, …) is not read where `connection` has a password",
  );
});

test("a host that was down is told to be for a minute, and is dialled again after it", async () => {
  let down = true;
  node.onSocket = (socket) => {
    if (down) socket.destroy();
    return !down;
  };
  node.answer = probed();
  const nothing = theHostClosely;
  const now = jest.spyOn(Date, "now");
  let later = 0;
  now.mockImplementation(() => performance.timeOrigin + performance.now() + later);
  const host = sshHost("alpha", node.connection());
  const [first, second] = [await failure(host.observe(nothing, 2)), await failure(host.observe(nothing, 2))];
  expect(second).toBe(first);
  expect(node.dials).toBe(2);
  down = false;
  later += 61_000;
  await host.observe(nothing);
  expect(node.dials).toBe(3);
  // What was then is forgotten.
  down = true;
  node.reset();
  await node.left();
  await new Promise((wake) => setTimeout(wake, 100)); // This side hears of it a little later.
  host.forget();
  await failure(host.observe(nothing, 1));
  expect(node.dials).toBe(4);
  now.mockRestore();
  await host.close();
});

test("a host that accepts and then says nothing: perDialTimeout", async () => {
  node.onSocket = () => false;
  const started = Date.now();
  const error = await failure(Session.connect("alpha", node.connection({ perDialTimeout: 0.2 }), 1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("Timed out");
  expect(Date.now() - started).toBeLessThan(5000);
  await node.left();
});

test("something else than SSH listens there", async () => {
  node.onSocket = (socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    return false;
  };
  const error = await failure(Session.connect("alpha", node.connection(), 1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toContain("cannot be reached");
});

test("a host that hangs up in the middle of the handshake, as sshd does when too many dial at once", async () => {
  node.onSocket = (socket) => {
    socket.once("data", () => socket.destroy());
    socket.write("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    return false;
  };
  const error = await failure(Session.connect("alpha", node.connection(), 1));
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.message).toMatch(/cannot be reached .*closed/s);
});

test("a server that wants another key exchange is not dialled again, and what our library has is told", async () => {
  const odd = await FakeNode.start({ algorithms: { kex: ["diffie-hellman-group1-sha1"] } });
  const error = await failure(Session.connect("alpha", odd.connection(), 5));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({ network: false });
  expect(error.message).toMatch(/wants what our SSH library has not.*no matching key exchange.*curve25519-sha256/s);
  expect(error.message).toContain("leave `privateKey` and `password` out");
  expect(odd.dials).toBe(1);
});

describe("a proxy", () => {
  let proxy: FakeNode;
  let proxyKey: KeyPair;

  beforeEach(async () => {
    proxyKey = keyPair("ed25519");
    proxy = await FakeNode.start();
    proxy.user = "jump";
    proxy.password = undefined;
    proxy.authorized = [proxyKey.public];
    proxy.forwards = "yes";
  });

  const through = (changes = {}) => {
    return node.connection({ proxy: proxy.connection({ privateKey: proxyKey.private, ...changes }) });
  };

  test("is one hop on the way, with its own user, key and host key; both connections end together", async () => {
    const session = await Session.connect("alpha", through(), 1);
    expect((await session.run("true", { timeoutSeconds: 5 })).stdout).toBe("here\n");
    expect(proxy.commands).toEqual([]);
    expect(node.commands).toEqual(["sh -s"]);
    session.close();
    await Promise.all([node.left(), proxy.left()]);
  });

  test("whose host key is not known: the error says where in the config it goes", async () => {
    const error = await failure(Session.connect("alpha", through({ hostKey: undefined }), 1));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toContain(`the host key of 127.0.0.1:${proxy.port} is not known`);
    expect(error.message).toContain(`connection.proxy.hostKey: "${proxy.hostKeys[0]!.public.trim()}"`);
    expect(node.dials).toBe(0);
  });

  test("that does not let us in: the error names its own key in the config", async () => {
    proxy.authorized = [];
    const error = await failure(Session.connect("alpha", through(), 1));
    expect(error.message).toContain(`jump@127.0.0.1:${proxy.port} refused every way to log in`);
    expect(error.message).toContain("`connection.proxy`");
    const unreadable = await failure(Session.connect("alpha", through({ privateKey: "no key" }), 1));
    expect(unreadable.message).toContain("`connection.proxy.privateKey`");
  });

  test("that is down: the host itself is not dialled", async () => {
    const error = await failure(Session.connect("alpha", through({ port: await closedPort() }), 1));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain("alpha (proxy 127.0.0.1)");
    expect(node.dials).toBe(0);
  });

  test("that does not forward", async () => {
    proxy.forwards = "no";
    const error = await failure(Session.connect("alpha", through(), 1));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain(`alpha: cannot be reached at 127.0.0.1:${node.port}`);
    await proxy.left();
  });

  test("that leaves the forwarding hanging: perDialTimeout", async () => {
    proxy.forwards = "never";
    const connection = { ...through(), perDialTimeout: 0.2 };
    const error = await failure(Session.connect("alpha", connection, 1));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.message).toContain(`cannot be reached at 127.0.0.1:${node.port}`);
    await proxy.left();
  });

  test("that connects when it is not waited for any more: that connection is not left open", async () => {
    proxy.firstForwardAfter = 600;
    const session = await Session.connect("alpha", { ...through(), perDialTimeout: 0.4 }, 2);
    expect(node.dials).toBe(2);
    while (node.open > 1) await new Promise((wake) => setTimeout(wake, 5));
    session.close();
    await Promise.all([node.left(), proxy.left()]);
  });

  test("that goes away in the middle of a command is a lost connection, and does not end the process", async () => {
    const session = await Session.connect("alpha", through(), 1);
    node.answer = () => {
      proxy.reset();
    };
    const error = await failure(session.run("true", { timeoutSeconds: 5 }));
    expect(error.message).toContain("the connection was lost while a command was running");
    expect(session.open).toBe(false);
    await node.left();
  });

  test("is left too when the host's connection is lost", async () => {
    const session = await Session.connect("alpha", through(), 1);
    node.reset();
    await proxy.left();
    expect(session.open).toBe(false);
  });
});

test("an IPv6 literal is dialled as one", async () => {
  const server: Server = createServer((socket) => socket.destroy());
  const listening = await new Promise<boolean>((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(0, "::1", () => {
      resolve(true);
    });
  });
  if (!listening) return; // A machine without IPv6.
  const { port } = server.address() as AddressInfo;
  const error = await failure(Session.connect("alpha", node.connection({ host: "::1", port }), 1));
  expect(error.message).toContain("Connection lost before handshake");
  await new Promise((resolve) => server.close(resolve));
});
