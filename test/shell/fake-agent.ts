import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentProtocol } from "ssh2";
import type { KeyPair } from "./fake-node";
import { publicKey } from "./fake-node";

/** An SSH agent that holds keys and signs with them. */
export class FakeAgent {
  /** How often a signature was asked for. */
  signed = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-fake-agent-"));
  readonly socket = join(this.folder, "agent");
  private readonly server: Server;
  private readonly clients = new Set<Socket>();

  private constructor(keys: readonly KeyPair[]) {
    const held = keys.map((key) => publicKey(key.private));
    this.server = createServer((client) => {
      this.clients.add(client);
      client.on("close", () => this.clients.delete(client)).on("error", () => undefined);
      const protocol = new AgentProtocol(false);
      protocol.on("identities", (request) => {
        protocol.getIdentitiesReply(request, held);
      });
      protocol.on("sign", (request, wanted, data) => {
        this.signed++;
        const key = held.find((one) => one.getPublicSSH().equals(publicKeyOf(wanted)));
        const signature = key?.sign(data);
        if (signature === undefined || signature instanceof Error) protocol.failureReply(request);
        else protocol.signReply(request, signature);
      });
      client.pipe(protocol).pipe(client);
    });
  }

  static async start(keys: readonly KeyPair[]): Promise<FakeAgent> {
    const agent = new FakeAgent(keys);
    await new Promise<void>((resolve) => agent.server.listen(agent.socket, resolve));
    return agent;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function publicKeyOf(key: unknown): Buffer {
  return (key as { getPublicSSH(): Buffer }).getPublicSSH();
}
