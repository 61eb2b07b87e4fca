import { sshFailure } from "../../../provider/core/ssh/login-failure";

/** As OpenSSH 9.2 prints them; the name on Alpine, where musl resolves it. */
test.each<[string, string]>([
  ["network", "ssh: connect to host 10.0.0.1 port 22: Connection refused"],
  ["network", "ssh: connect to host 10.0.0.1 port 22: Connection timed out"],
  ["network", "kex_exchange_identification: Connection closed by remote host"],
  ["network", "ssh: Could not resolve hostname alpha: Temporary failure in name resolution"],
  [
    "network",
    "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535",
  ],
  ["network", ""],
  ["name", "ssh: Could not resolve hostname alpha-drbd: Name or service not known"],
  ["login", "root@10.0.0.1: Permission denied (publickey,password)."],
  ["login", "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures"],
  [
    "unknown host key",
    "No ED25519 host key is known for 10.0.0.1 and you have requested strict checking.\nHost key verification failed.",
  ],
  ["other host key", "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed."],
  [
    "algorithm",
    "Unable to negotiate with 10.0.0.1 port 22: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1",
  ],
  ["algorithm", "Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-rsa"],
  [
    "configuration",
    "/root/.ssh/config: line 1: Bad configuration option: hots\n/root/.ssh/config: terminating, 1 bad configuration options",
  ],
  [
    "network",
    '/root/.ssh/config line 2: Unsupported option "gssapiauthentication"\nssh: connect to host 10.0.0.1 port 22: Connection refused',
  ],
  ["network", "ssh: connect to host 10.0.0.1 port 22: Permission denied"],
  [
    "login",
    '/root/.ssh/config line 2: Unsupported option "rhostsrsaauthentication"\nroot@10.0.0.1: Permission denied (publickey).',
  ],
  ["name", "ssh: Could not resolve hostname alpha-drbd: Name does not resolve"],
  ["algorithm", "Protocol major versions differ: 2 vs. 1\nbanner exchange: could not read protocol version"],
  ["configuration", "Bad owner or permissions on /root/.ssh/config"],
])("%s: %s", (kind, said) => {
  expect(sshFailure(said)).toEqual({ kind, said });
});

test("what OpenSSH 10.1 says of a server with an older key exchange is left out", () => {
  const said =
    '** WARNING: connection is not using a post-quantum key exchange algorithm.\n** This session may be vulnerable to "store now, decrypt later" attacks.\n** The server may need to be upgraded. See https://openssh.com/pq.html\nroot@10.0.0.1: Permission denied (publickey).\n';
  expect(sshFailure(said)).toEqual({ kind: "login", said: "root@10.0.0.1: Permission denied (publickey)." });
});

test("what ssh says of a login that works is left out", () => {
  const said =
    'Authenticated to alpha ([10.0.0.1]:22) using "publickey".\r\nclient_loop: send disconnect: Broken pipe\nTransferred: sent 1, received 2 bytes\r\n';
  expect(sshFailure(said).said).toBe("client_loop: send disconnect: Broken pipe");
});
