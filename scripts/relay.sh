#!/bin/bash
# Builds the relay (relay/) for the hosts, static, into dist/relay/, and prints the SHA-256 of each. Needs Go. The same
# source and the same Go give the same bytes, wherever they are built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../relay"
# Nothing of this machine's own settings may change the result.
export CGO_ENABLED=0 GOOS=linux GOAMD64=v1 GOARM64=v8.0 GOFLAGS=-mod=readonly GOEXPERIMENT='' GOWORK=off
mkdir -p ../dist/relay
for architecture in amd64 arm64; do
  GOARCH=$architecture go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" \
    -o "../dist/relay/drbd-relay-$architecture" .
done
cd ../dist/relay
sha256sum drbd-relay-amd64 drbd-relay-arm64
