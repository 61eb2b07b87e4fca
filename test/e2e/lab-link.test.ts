import { Lab } from "../../lab/lab";
import { MACHINES } from "../../lab/machines";

// Two emulated machines on shared processors: the bounds are wide.
jest.setTimeout(60_000);

const RATE = 24;
const LINK = { rate: `${RATE}mbit`, roundTrip: "50ms" };
const MEGABYTE = 1e6;

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
  await lab.link();
  await lab.reset("bare");
}, 300_000);

afterAll(() => lab.link());

/** alpha's shortest round trip to bravo, which other work on this machine disturbs least; Infinity without an answer. */
async function roundTrip(pings = 10): Promise<number> {
  const pinged = await lab.run("alpha", `ping -q -c ${pings} -i 0.1 -W 2 ${lab.address("bravo")}`, { check: false });
  return Number(/min\/avg\/max\/mdev = ([\d.]+)/.exec(pinged.stdout)?.[1] ?? Infinity);
}

/** Mbit/s of TCP from alpha to bravo, from the first byte to the last. */
async function throughput(megabytes: number): Promise<number> {
  const listen = `use IO::Socket::INET;
    my $server = IO::Socket::INET->new(Listen => 1, LocalPort => 5001, ReuseAddr => 1) or die $!;
    my $client = $server->accept;
    open STDIN, "<&", $client;
    exec qw(dd of=/dev/null bs=64k);`;
  const send = `n=0; until { exec 3<>/dev/tcp/${lab.address("bravo")}/5001; } 2>/dev/null; do [ $((n += 1)) -le 100 ] || exit 1; sleep 0.1; done
    head -c ${megabytes * MEGABYTE} /dev/zero >&3`;
  const [received] = await Promise.all([
    lab.run("bravo", "timeout 50 perl -", { stdin: listen }),
    lab.run("alpha", "timeout 50 bash -s", { stdin: send }),
  ]);
  const [, bytes, seconds] = /^(\d+) bytes .* copied, ([\d.e-]+) s/m.exec(received.stderr) ?? [];
  expect(Number(bytes)).toBe(megabytes * MEGABYTE);
  return (Number(bytes) * 8) / Number(seconds) / 1e6;
}

async function expectTheLink(): Promise<void> {
  const shortest = await roundTrip();
  expect(shortest).toBeGreaterThanOrEqual(50);
  expect(shortest).toBeLessThan(90);
}

test("a link's words that are not understood leave the cable as it is", async () => {
  await expect(lab.link({ ...LINK, rate: "fast" })).rejects.toThrow("fast is no rate of a link");
  expect(await lab.describeLink()).toBe("up");
});

test("a link has its rate and its round trip, and without it the cable has neither", async () => {
  const plain = await throughput(20);
  expect(await roundTrip()).toBeLessThan(50);

  await lab.link(LINK);
  expect(await lab.describeLink()).toBe("up, 24 Mbit/s with 50 ms");
  await expectTheLink();
  const slow = await throughput(8);
  expect(slow).toBeGreaterThan(RATE * 0.6);
  expect(slow).toBeLessThan(RATE * 1.1);

  await lab.link();
  expect(await lab.describeLink()).toBe("up");
  expect(await roundTrip()).toBeLessThan(50);
  expect(await throughput(20)).toBeGreaterThan(plain * 0.4);
});

test("a link loses frames, each way", async () => {
  await lab.link({ rate: "100mbit", roundTrip: "10ms", loss: "10%" });
  const pinged = await lab.run("alpha", `ping -q -c 300 -i 0.01 -W 2 ${lab.address("bravo")}`, { check: false });
  const lost = Number(/([\d.]+)% packet loss/.exec(pinged.stdout)?.[1]);
  // Of 100 pings 81 come back.
  expect(lost).toBeGreaterThan(10);
  expect(lost).toBeLessThan(32);
});

test("the link stays while it is cut, and over a reset", async () => {
  await lab.link(LINK);
  await lab.cutLink();
  expect(await lab.describeLink()).toBe("cut, 24 Mbit/s with 50 ms");
  expect(await roundTrip(2)).toBe(Infinity);
  await lab.restoreLink();
  await expectTheLink();
  await lab.reset("bare");
  await expectTheLink();
});

test("the link stays for a machine that was off", async () => {
  await lab.link(LINK);
  await lab.powerOff("bravo");
  await lab.powerOn("bravo");
  expect(await lab.running()).toEqual([...MACHINES]);
  await expectTheLink();
}, 180_000);
