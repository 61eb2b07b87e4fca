/** What ssh2 offers a server, in its order; a part of ssh2 that its types leave out. */
declare module "ssh2/lib/protocol/constants.js" {
  export const DEFAULT_KEX: readonly string[];
}
