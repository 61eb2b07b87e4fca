#!/bin/bash
# Finds or makes a Pulumi CLI with its Node.js language host, and prints the folder to put on the PATH.
#
# In this order: the user's own, where it is new enough and whole; the one in our cache; the official installer; Go
# modules. What it makes is kept in the user's cache and nowhere else: neither ~/.pulumi nor a shell profile is touched.
# Progress goes to stderr, so that the folder is all there is on stdout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The SDK's version: Pulumi releases both together, and a newer CLI still serves an older SDK, not the other way round.
version=$(sed -n 's/.*"@pulumi\/pulumi": "\([0-9.]*\)".*/\1/p' "$here/../package.json")
# The newest language host that is a Go module of its own SDK; it serves this CLI and SDK.
host_version=3.54.0
parts=(pulumi pulumi-language-nodejs pulumi-resource-pulumi-nodejs)

# Raise `recipe` when what build_with_go does changes, so that nobody keeps what an older one made.
recipe=1
key=$(printf '%s\n' "$version" "$host_version" "$recipe" "$(uname -sm)" | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pulumi-drbd
made=$cache/pulumi-$key

say() { printf 'pulumi CLI: %s\n' "$*" >&2; }

# Even `pulumi version` leaves a log in its home and asks for news otherwise.
version_of() { PULUMI_HOME=$cache/pulumi-home PULUMI_SKIP_UPDATE_CHECK=true "$1" version 2>/dev/null; }

is_whole() {
  local part
  for part in "${parts[@]}"; do [ -x "$1/$part" ] || return 1; done
}

# at_least WANTED GIVEN: the same major version, and not older.
at_least() {
  [ "${1%%.*}" = "${2%%.*}" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]
}

# The folder of the user's own CLI, or a word on why it is not taken.
users_own() {
  local program folder given
  program=$(command -v pulumi) || return 1
  folder=$(dirname "$program")
  # A package's launcher may be a link; the other parts lie beside what it points to.
  is_whole "$folder" || folder=$(dirname "$(readlink -f "$program")")
  given=$(version_of "$program") || given=unknown
  given=${given#v}
  if ! at_least "$version" "${given%%[-+]*}"; then
    say "$program is $given; $version or newer is needed, so it is left alone and another one is used"
  elif ! is_whole "$folder"; then
    say "$program has no Node.js language host beside it, so it is left alone and another one is used"
  else
    printf '%s\n' "$folder"
    return 0
  fi
  return 1
}

# Each of the two fills the folder it is given, or fails with its reason said.

install_officially() {
  local script=$1.installer
  if ! command -v curl >/dev/null; then
    say "the official installer needs curl, which is not installed"
    return 1
  fi
  say "getting $version with the official installer"
  # To a file first: half a script must not run.
  if ! curl --fail --silent --show-error --location --connect-timeout 10 --max-time 60 \
    --output "$script" https://get.pulumi.com >&2; then
    say "the official installer can't be reached"
    return 1
  fi
  # 60 MB; on a line that would take longer than this, Go's modules come no faster.
  timeout 600 sh "$script" --version "$version" --install-root "$1" --no-edit-path >&2 || return 1
  rm "$script"
  is_whole "$1/bin" || return 1
  mv "$1"/bin/* "$1/" && rmdir "$1/bin"
}

# go_program MODULE… -- PACKAGE OUTPUT: in a throw-away module, because `go install` refuses the CLI's `replace` lines.
go_program() {
  local modules=()
  while [ "$1" != -- ]; do modules+=("$1"); shift; done
  go mod init throwaway && go get "${modules[@]}" &&
    go build -trimpath -tags osusergo -o "$3" \
      -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$version" "$2"
}

build_with_go() {
  local sdk=github.com/pulumi/pulumi/sdk/v3 cli=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi
  local host=$sdk/nodejs/cmd/pulumi-language-nodejs log=$cache/pulumi-$key.log
  # Where Go's own instructions put it, which is not on every script's PATH.
  PATH=$PATH:${GOROOT:-/usr/local/go}/bin
  if ! command -v go >/dev/null; then
    say "building it from Go modules needs Go, which is not installed"
    return 1
  fi
  say "building $version from Go modules, about four minutes the first time (log: $log)"
  mkdir "$1/cli" "$1/host"
  if (
    export GOFLAGS="-mod=mod -modcacherw" CGO_ENABLED=0 GOWORK=off
    cd "$1/host" && go_program "$host@v$host_version" -- "$host" "$1/pulumi-language-nodejs" || exit
    cd "$1/cli" && go_program "$sdk@v$version" "$cli@v$version" -- "$cli" "$1/pulumi" || exit
    install -m 755 "$(go list -m -f '{{.Dir}}' "$sdk")/nodejs/dist/pulumi-resource-pulumi-nodejs" "$1/"
  ) >"$log" 2>&1; then
    rm -r "$1/cli" "$1/host"
  else
    say "the build failed; the end of its log:"
    tail -n 8 "$log" >&2
    return 1
  fi
}

# make WAY FOLDER: tries one way in an empty folder, and makes sure that what came out runs.
make() {
  rm -rf "$2"
  mkdir -p "$2"
  local began=$SECONDS
  "$1" "$2" || return 1
  if ! is_whole "$2" || [ "$(version_of "$2/pulumi")" != "v$version" ]; then
    say "that gave no working CLI"
    return 1
  fi
  say "$version is in $made, after $((SECONDS - began)) s"
}

give_up() {
  say "there is no Pulumi CLI here, and no way to get one worked. Any of these helps:"
  say "  - install the CLI, $version or newer: https://www.pulumi.com/docs/install"
  say "  - give this machine curl and a way to get.pulumi.com"
  say "  - install Go (https://go.dev/doc/install), with a Go module proxy in reach"
  exit 1
}

if users_own; then exit; fi
if ! is_whole "$made"; then
  mkdir -p "$cache"
  # One maker at a time; the kernel gives the lock back however this ends.
  exec 9>"$made.lock"
  if ! flock --nonblock 9; then
    say "another run is making it; waiting for that one"
    flock 9
  fi
  if ! is_whole "$made"; then
    # Made under another name: whatever interrupts this, a half-made CLI never has the name of a whole one.
    half=$made.half
    make install_officially "$half" || make build_with_go "$half" || { rm -rf "$half" "$half.installer"; give_up; }
    rm -rf "$made"
    mv "$half" "$made"
  fi
fi
printf '%s\n' "$made"
