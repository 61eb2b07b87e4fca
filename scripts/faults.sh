#!/bin/bash
# `npm run faults`: faults between the steps of a first `up` and of a switchover, the cases of data that must be kept, and fixed histories of
# the simulated pair beside the real one, in the lab; then a table of all of them. An hour and a half. `npm test` runs some.
# FAULTS=1 to FAULTS=8: one turn in eight of what `npm test` leaves out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
export FAULTS=${FAULTS:-all} FAULTS_ROWS=$results/rows

scripts/setup.sh --tests || exit
# shellcheck source=scripts/env.sh
. scripts/env.sh || exit
node dist/lab/main.js up || exit
# What is given goes to jest: -t 'power of bravo' for some of them.
jest 'test/e2e/(adopt|faults|in-practice|interrupted|keeps-data|lab-link|shared-common|simulation-oracle|take-over|volumes)' --selectProjects e2e --runInBand \
  --json --outputFile "$results/e2e.json" "$@"
node scripts/faults-table.js "$FAULTS_ROWS" "$results/e2e.json"
node scripts/test-sums.js "$results/e2e.json"
