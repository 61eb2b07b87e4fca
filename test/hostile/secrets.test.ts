/** Secrets, planted everywhere, are searched for in all that is shown, logged, kept or seen by others. */
import { resourceOf } from "../core/one-volume";
import { lookOf } from "../core/one-volume";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyScript } from "../../provider/core/steps/apply-script";
import type { Connection } from "../../provider/core/wanted/connection";
import { renderResource } from "../../provider/core/config/render-configuration";
import { redactSecrets, secretsIn } from "../../provider/core/config/shared-secret";
import { formatPlan, formatStep } from "../../provider/core/told/plan-text";
import type { ObservedNode } from "../../provider/core/seen/observed";
import { resourcePath } from "../../provider/core/config/paths";
import { type Plan, stepsOf } from "../../provider/core/steps/plan";
import { planResource } from "../../provider/core/decided/plans/plan-resource";
import { justTheHost, observeScript, theHostClosely } from "../../provider/core/seen/probe";
import { shellOf } from "../../provider/core/steps/step-script";
import { nodeLifecycle } from "../../provider/lifecycle/node";
import { closeHosts, hostOf } from "../../provider/shell/host";
import { rooted } from "../core/fake-host";
import { r0, withFile, withLook, situation } from "../core/observed-builder";
import { lockedIn, sh, withTools } from "../core/shell";
import { type Exec, FakeNode, failure, keyPair, probed, stopNodes } from "../shell/fake-node";
import { readyNode } from "../stub/ready-node";
import { pairs } from "./pairs";

const OURS = "Canary-ours-0123456789abcdef";
const OLD = "Canary-old-0123456789abcdef";
const FOREIGN = "Canary-foreign-0123456789abcdef";
const PASSWORD = "Canary-password";
const PASSPHRASE = "Canary-passphrase";

/** Any of them, or the beginning of one, which is what drbdadm shows of long words. */
function expectNone(text: string): void {
  const at = text.search(/Canary-/);
  expect(at < 0 ? "" : text.slice(Math.max(0, at - 100), at + 100)).toBe("");
}

const desired = { ...r0, auth: { algorithm: "sha256", secret: OURS } };
const configuration = renderResource(resourceOf(desired), "8.4");
const live = renderResource(resourceOf({ ...desired, port: 7790, auth: { algorithm: "sha256", secret: OLD } }), "8.4");
const foreign = `common { net { shared-secret "${FOREIGN}"; } }\n`;

/** How the tools quote secrets; the first ones were seen of drbdadm 9.22.0, in one of its two languages or both. */
const quoting = (secret: string): string[] => [
  `r0.res:5: Parse error: ';' expected,\n\tbut got '${secret}' (TK 281)`,
  `r0.res:1: in resource r0, ambiguous inheritance for option "shared-secret".\nshould be "${secret}" and "other" at the same time`,
  `r0.res:1: Parse error: while parsing value ('"${secret.slice(0, 19)}...')`,
  `drbdsetup-84 net-options ipv4:10.1.1.31:7789 ipv4:10.1.1.32:7789 --set-defaults --shared-secret=${secret} --protocol=C`,
  `drbdsetup new-peer r0 1 '--shared-secret=${secret}' --cram-hmac-alg=sha256`,
  `drbdsetup frobnicate r0 "--shared-secret=${secret}"`,
  `net {\n    shared-secret "${secret}";\n}`,
];

const whole = (plan: Plan): string =>
  [formatPlan(plan), ...stepsOf(plan).flatMap((step) => [formatStep(step), step.argv.join(" "), step.because])].join(
    "\n",
  );

const planOf = (nodes: readonly [ObservedNode, ObservedNode], preview = false): Plan =>
  planResource(situation(nodes, { desired, configuration, preview }));

test("plans and refusals, in whatever state and whatever drbdadm says", () => {
  const texts = [OURS, OLD, FOREIGN].flatMap(quoting);
  let refused = 0;
  for (const { nodes } of pairs) {
    for (const output of texts) {
      for (const exit of [0, 10]) {
        const seen = nodes.map((node) =>
          withLook(withFile(withFile(node, resourcePath("r0"), live), "/etc/drbd.d/other.res", foreign), {
            ...lookOf(node),
            candidate: { exit, output },
            change: { exit: 0, output },
          }),
        );
        const plan = planOf([seen[0]!, seen[1]!]);
        expectNone(whole(plan));
        if (plan.refusals.length > 0) refused++;
      }
    }
  }
  // Or the search would be one through nothing but steps.
  expect(refused).toBeGreaterThan(100);
});

test("what the secrets are is known from configuration of whatever kind", () => {
  for (const text of [configuration, live, foreign, `net { shared-secret  ${FOREIGN}; }`]) {
    expect(secretsIn(text).map((one) => one.startsWith("Canary-"))).toEqual([true]);
  }
  expect(secretsIn("# the shared-secret protects the pair\n")).toEqual([]);
  expect(redactSecrets(`a ${OURS} b`, [OURS])).toBe("a (secret) b");
});

test("process lists of the host, while a file is written and while drbdadm is asked about one", () => {
  const root = mkdtempSync(join(tmpdir(), "pulumi-drbd-host-"));
  try {
    const blankPair = pairs[0]!.nodes;
    const write = stepsOf(planOf([blankPair[0], blankPair[1]]))
      .filter(({ argv }) => argv[0] === "write")
      .slice(0, 1);
    const candidates = [{ name: "r0", resource: configuration, globalCommon: foreign }];
    const request = { ...theHostClosely, candidates };
    const look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'";
    for (const script of [
      applyScript("0123456789abcdef01", write.map(shellOf), { token: "us", words: "us" }),
      observeScript("0123456789abcdef01", request),
    ]) {
      // Its input is read first, so that whoever hands it over is still there to be seen.
      const tools = { drbdadm: `${look} >>'${root}/seen'\ncat >>'${root}/parsed'\n${look} >>'${root}/seen'` };
      const own = rooted(root, script);
      sh(withTools(root, own.includes("/run/pulumi-drbd") ? lockedIn(root, own) : own, tools));
    }
    // The secret did go through it.
    expect(readFileSync(join(root, "parsed"), "utf8").split(OURS).length).toBeGreaterThan(3);
    const seen = readFileSync(join(root, "seen"), "utf8");
    expect(seen).toContain("drbdadm");
    expectNone(seen);
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe("over SSH", () => {
  let node: FakeNode;
  let folder: string;
  const logged = (): string => {
    const log = join(folder, "log");
    return existsSync(log) ? readFileSync(log, "utf8") : "";
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "pulumi-drbd-test-log-"));
    process.env["DRBD_LOG"] = join(folder, "log");
    node = await FakeNode.start();
    node.password = PASSWORD;
    node.answer = probed();
  });
  afterEach(async () => {
    delete process.env["DRBD_LOG"];
    await closeHosts();
    await stopNodes();
    rmSync(folder, { recursive: true });
  });

  test("steps that fail, whatever their output quotes: errors, DRBD_LOG and the remote command line", async () => {
    const blankPair = pairs[0]!.nodes;
    const steps = stepsOf(planOf([blankPair[0], blankPair[1]]))
      .filter((step) => step.node === "alpha")
      .slice(0, 2);
    for (const said of quoting(OURS)) {
      node.answer = ({ script, channel }: Exec) => {
        const nonce = /^nonce=([0-9a-f]{18})$/m.exec(script)?.[1] ?? "";
        expect(script).toContain(OURS);
        channel.write(`\n@${nonce}-step begin 0\n${said}\n\n@${nonce}-step end 0 10\n`);
        channel.exit(0);
        channel.end();
      };
      const error = await failure(hostOf("alpha", node.connection()).apply(steps, undefined, () => undefined));
      expect(error.message).toContain("command: write /etc/drbd.d/r0.res (exit 10)");
      expect(error.message).toContain("secret");
      expectNone(`${error.message}\n${error.stack ?? ""}\n${JSON.stringify(error)}`);
    }
    expect(logged()).toContain('"argv":["write","/etc/drbd.d/r0.res"]');
    expectNone(logged());
    expectNone(node.commands.join("\n"));
  });

  test("a look that is not understood: what the host's files hold is not in the error", async () => {
    node.answer = probed(
      (nonce) =>
        `\n@${nonce} format 1\n\n@${nonce} files\n/etc/drbd.d/r0.res\0shared-secret\n/etc/drbd.d/r0.res\0"${OLD}";\n`,
    );
    const error = await failure(hostOf("alpha", node.connection()).observe(justTheHost));
    expect(error.message).toContain("looking at the host failed");
    expectNone(error.message + logged());
  });

  test("logins that are refused, of the host and of a proxy", async () => {
    const locked = keyPair("ed25519", "another");
    const proxy = { ...node.connection(), insecureIgnoreHostKey: undefined };
    const attempts: Partial<Connection>[] = [
      { password: `${PASSWORD}-wrong` },
      { password: undefined, privateKey: locked.private, privateKeyPassword: PASSPHRASE },
      {
        password: undefined,
        privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\nCanary-key\n-----END OPENSSH PRIVATE KEY-----`,
      },
      { proxy: { ...proxy, password: `${PASSWORD}-wrong` } },
      { proxy: { ...proxy, password: undefined, privateKey: locked.private, privateKeyPassword: PASSPHRASE } },
      { proxy },
    ];
    for (const changes of attempts) {
      const connection = { ...node.connection(), agentSocketPath: "", dialErrorLimit: 1, ...changes };
      const error = await failure(hostOf("alpha", connection).observe(justTheHost));
      expect(error.message).toMatch(/^alpha/);
      expectNone(`${error.message}\n${error.stack ?? ""}\n${JSON.stringify(error)}`);
      expect(error.message).not.toContain(locked.private.split("\n")[1]!);
    }
    expectNone(logged());
  });

  test("what somebody wrote into global_common.conf: a refresh keeps it without the secret", async () => {
    const machine = { hostname: "alpha", address: "10.1.1.31", files: { "/etc/drbd.d/global_common.conf": foreign } };
    node.answer = readyNode(machine);
    const { insecureIgnoreHostKey, ...connection } = node.connection();
    const inputs = { hostname: "alpha", address: "10.1.1.31", connection, insecureIgnoreHostKey, configuration: "" };
    const state = await nodeLifecycle.read("alpha", inputs);
    const [kept, given] = [state.props, state.inputs].map((one) => (one as Record<string, unknown>)["configuration"]);
    expect(kept).toBe('common { net { shared-secret "(secret)"; } }\n');
    expect(given).toBe(kept);
  });
});
