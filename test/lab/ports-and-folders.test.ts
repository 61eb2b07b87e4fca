import { createServer } from "node:net";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, imageSources, labFolder } from "../../lab/folders";
import { freeTcpPort, freeUdpPort } from "../../lab/free-ports";

describe("ports", () => {
  test("the wished one where it is free, else another", async () => {
    const free = await freeTcpPort();
    expect(await freeTcpPort(free)).toBe(free);
    const server = createServer().listen(free, "127.0.0.1");
    await once(server, "listening");
    try {
      const other = await freeTcpPort(free);
      expect(other).not.toBe(free);
      expect(other).toBeGreaterThan(0);
    } finally {
      server.close();
    }
    const udp = await freeUdpPort();
    expect(await freeUdpPort(udp)).toBe(udp);
  });
});

describe("folders", () => {
  test("follow the XDG variables and LAB_DIR", () => {
    expect(cacheFolder({ XDG_CACHE_HOME: "/c" })).toBe("/c/pulumi-drbd");
    expect(labFolder({ XDG_STATE_HOME: "/s" })).toBe("/s/pulumi-drbd/lab");
    expect(labFolder({ XDG_STATE_HOME: "/s", LAB_DIR: "/tmp/second" })).toBe("/tmp/second");
  });

  test("a path too long for a socket is refused with what to do", () => {
    expect(() => labFolder({ LAB_DIR: `/tmp/${"x".repeat(90)}` })).toThrow("set LAB_DIR to a shorter one");
  });

  test("the image's scripts are found from the clone", () => {
    expect(existsSync(join(imageSources(), "customize.sh"))).toBe(true);
  });
});
