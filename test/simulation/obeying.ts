/** A person who does what a refusal says, line by line, without thinking about it. */
import type { HandCommand } from "./events";
import type { Program } from "./pulumi";

/** A line for the program that a refusal offers. */
export type Offer =
  | { readonly kind: "discard"; readonly host: string; readonly identities: readonly string[] }
  | { readonly kind: "sync source"; readonly host: Program["syncSource"] }
  | { readonly kind: "keep what is there" }
  | { readonly kind: "command"; readonly host: string; readonly command: HandCommand };

/** What is typed on a host, and yes to whatever it asks. */
const commands: Readonly<Record<string, HandCommand>> = {
  "drbdadm up r0": "up",
  "drbdadm connect r0": "connect",
  "drbdadm secondary r0": "secondary",
  "drbdadm check-resize r0": "check-resize",
  "drbdadm create-md r0": "create-md, and yes",
};

const isSide = (host: string): host is Program["syncSource"] => host === "alpha" || host === "bravo";

/** What a refusal offers, in its order. Each of its reasons stands on a line of its own, behind the host that it is about. */
export function offersIn(why: string): Offer[] {
  return why.split("\n").flatMap((line) => {
    const about = /^ {2}(alpha|bravo): /.exec(line)?.[1];
    return [...line.matchAll(/`([^`]+)`(?: on (alpha|bravo|both hosts))?/g)].flatMap(([, text = "", on]): Offer[] => {
      const discard = /^discard: \{ (\w+): (.*) \}$/.exec(text);
      if (discard !== null)
        return [
          {
            kind: "discard",
            host: discard[1]!,
            identities: [...discard[2]!.matchAll(/"([^"]+)"/g)].map(([, one]) => one!),
          },
        ];
      const source = /^syncSource: (\w+)$/.exec(text)?.[1];
      if (source !== undefined && isSide(source)) return [{ kind: "sync source", host: source }];
      if (text === 'existingData: "keep"') return [{ kind: "keep what is there" }];
      const command = commands[text];
      if (command === undefined) return [];
      const hosts = on === "both hosts" ? ["alpha", "bravo"] : [on ?? about].filter((host) => host !== undefined);
      return hosts.map((host) => ({ kind: "command", host, command }));
    });
  });
}

/** The program with a line more. */
export function withOffer(program: Program, offer: Offer): Program {
  switch (offer.kind) {
    case "discard":
      return { ...program, discard: { ...program.discard, [offer.host]: offer.identities } };
    case "sync source":
      return { ...program, syncSource: offer.host };
    case "keep what is there":
      return { ...program, keeps: true };
    case "command":
      return program;
  }
}
