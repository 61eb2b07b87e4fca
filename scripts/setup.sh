#!/bin/bash
# Everything that a Debian machine with Node and Go lacks for the quick start and the tests: Debian packages, npm
# packages, the compiled library, the Pulumi CLI. Does only what is not done yet. `--tests` adds what only tests need.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# One set-up of a clone at a time: two would meet in apt, and in node_modules.
exec 8<package.json
flock 8

say() { printf 'setup: %s\n' "$*" >&2; }

# Program and package; lab/requirements.ts says what each is for.
needed="qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils mmdebstrap:mmdebstrap cpio:cpio mke2fs:e2fsprogs
  openssl:openssl ssh:openssh-client ssh-keygen:openssh-client flock:util-linux curl:curl"
# Without root, mmdebstrap works in a user namespace.
[ "$(id -u)" = 0 ] || needed+=" newuidmap:uidmap"
case ${1-} in
  "") ;;
  --tests) needed+=" shellcheck:shellcheck" ;;
  *) say "usage: setup.sh [--tests]"; exit 2 ;;
esac

debian_packages() {
  local pair packages=() as_root=()
  # mke2fs lives where not every user's PATH leads.
  for pair in $needed; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    say "missing here, and installing needs root. Run this, then try again:"
    say "    sudo apt-get update && sudo apt-get install --no-install-recommends ${packages[*]}"
    exit 1
  fi
  say "installing Debian packages: ${packages[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >/dev/null
}

hash_of() { sha256sum -- "$@" | sha256sum | cut -d' ' -f1; }

# once STAMP HASH COMMAND…: runs the command unless it has succeeded before with the same inputs.
once() {
  local stamp=$1 hash=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$hash" ] || return 0
  rm -f "$stamp"
  "$@"
  printf '%s\n' "$hash" >"$stamp"
}

# Not `npm ci`: it stops where the registry lacks a package for another platform. This keeps to the lock as well.
npm_packages() {
  say "installing npm packages, and compiling"
  npm install --no-save --ignore-scripts=false --loglevel=error >&2
  # Our `prepare` script has compiled.
  sources_hash >dist/.setup
}

compile() {
  say "compiling"
  PATH=$PWD/node_modules/.bin:$PATH npm run --silent build >&2
}

sources_hash() {
  local sources
  mapfile -t sources < <(find provider lab bench tsconfig*.json -name '*.ts' -o -name '*.json' | LC_ALL=C sort)
  hash_of package-lock.json "${sources[@]}"
}

if ! command -v npm >/dev/null; then
  say "npm is not installed: get Node from https://nodejs.org, or with sudo apt-get install nodejs npm"
  exit 1
fi
debian_packages
once node_modules/.setup "$(hash_of package.json package-lock.json)" npm_packages
once dist/.setup "$(sources_hash)" compile
scripts/pulumi-cli.sh >/dev/null
