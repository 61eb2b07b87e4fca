#!/bin/bash
# `npm run releases`: a pair's life in short (test/e2e/releases) on machines of other Debian releases than the lab's
# default, and on disks with other sectors, each in a lab of its own that is removed again. What is given names the labs,
# as behind `npm run lab -- up --release`: `bookworm`, `alpha=…,bravo=…`, `'trixie --sectors bravo=4096'`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

scripts/setup.sh --tests || exit
# shellcheck source=scripts/env.sh
. scripts/env.sh || exit

labs=("$@")
[ ${#labs[@]} -gt 0 ] || labs=(bookworm bullseye "alpha=trixie,bravo=bookworm" "trixie --sectors bravo=4096")
# Sockets want a short path.
LAB_DIR=$(mktemp -d /tmp/releases.XXXXXX)/lab
export LAB_DIR
results=$(mktemp -d)

# shellcheck disable=SC2317 # called by the trap
tear_down() {
  node dist/lab/main.js down --delete
  rm -rf "$results" "$(dirname "$LAB_DIR")"
}
trap tear_down EXIT
trap 'exit 130' INT TERM

failed=()
for lab in "${labs[@]}"; do
  printf '\n== %s\n' "$lab"
  node dist/lab/main.js down --delete
  read -ra words <<<"$lab"
  node dist/lab/main.js up --release "${words[@]}" &&
    jest --selectProjects releases --runInBand --json --outputFile "$results/$lab.json" || failed+=("$lab")
done
[ ${#failed[@]} = 0 ] || printf 'failed: %s\n' "${failed[@]}"
node scripts/test-sums.js "$results"/*.json && [ ${#failed[@]} = 0 ]
