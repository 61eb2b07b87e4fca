/** drbd-utils on a host whose apt is not at its best: a lock is held, a source does not answer. */
import { Lab } from "../../lab/lab";
import { siteOf } from "./site";
import { expectSuccess, Stack } from "./stack";

jest.setTimeout(1_000_000);

/** alpha's node, without the rest of the pair. */
const NODE = ["**::pair", "**::pair-alpha"].flatMap((urn) => ["--target", urn]);

let lab: Lab;
let stack: Stack;

beforeAll(async () => {
  lab = await Lab.open();
});
beforeEach(async () => {
  await lab.reset("bare");
  stack = await Stack.create(await siteOf(lab));
});
afterEach(() => stack.remove());

/** The kind of lock that apt takes, as another apt would hold it. */
const HOLD = String.raw`use Fcntl; my ($file, $seconds) = @ARGV;
open(my $lock, ">>", $file) or die $!;
my $whole = pack("s s x4 q q i", F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLK, $whole) or die $!;
sleep $seconds;
`;
const UNAUTHORIZED = String.raw`use IO::Socket;
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 18411, Listen => 5, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
  while (<$client>) { last if /^\r?$/ }
  print $client "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  close $client;
}
`;

/** Runs a Perl program on alpha, beside whatever comes. */
async function beside(program: string, ...argv: readonly string[]): Promise<void> {
  await lab.run("alpha", `cat >/run/beside.pl; setsid perl /run/beside.pl ${argv.join(" ")} >/dev/null 2>&1 &`, {
    stdin: program,
  });
  // One that has failed is gone by then.
  await lab.run("alpha", "sleep 1; pgrep -x perl");
}

test.each(["/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend"])(
  "%s is held: up waits, and says for whom",
  async (lock) => {
    await beside(HOLD, lock, "900");
    const running = stack.startUp(...NODE);
    await running.seen(
      new RegExp(`pair-alpha creating \\(\\d+s\\) alpha: waits for process \\d+ \\(perl\\), which holds ${lock}`),
    );
    await lab.run("alpha", "pkill -x perl");
    expectSuccess(await running.ended);
    await lab.run("alpha", "dpkg-query -W drbd-utils");
  },
);

test("a source that says 401 is warned of, and drbd-utils is installed from the others", async () => {
  await beside(UNAUTHORIZED);
  await lab.run("alpha", "echo 'deb http://127.0.0.1:18411/pve pve main' >/etc/apt/sources.list.d/pve.list");
  const run = expectSuccess(await stack.up(...NODE));
  expect(run.output).toMatch(/warning: alpha: apt-get update failed \(exit 100\): E: .*401 +Unauthorized/);
  await lab.run("alpha", "dpkg-query -W drbd-utils");
});

test("no package source has drbd-utils: the error has what the update said", async () => {
  await lab.run(
    "alpha",
    "rm -f /etc/apt/sources.list.d/*; echo 'deb http://nowhere.invalid/debian trixie main' >/etc/apt/sources.list",
  );
  const run = await stack.up(...NODE);
  expect(run.code).not.toBe(0);
  expect(run.output).toContain("Unable to locate package drbd-utils");
  expect(run.output).toMatch(/Names cannot be resolved on this host: nowhere\.invalid/);
});
