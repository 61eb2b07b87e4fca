#!/bin/bash
# `npm run faults`: all end-to-end tests, in the lab, with the long ones: faults between the steps of a first `up` and of a switchover, the
# cases of data that must be kept, fixed histories of the simulated pair beside the real one; then a table of them. It takes hours.
# FAULTS=1 to FAULTS=8: one turn in eight of what `npm test` leaves out (jest.config.js).
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
jest --selectProjects e2e --runInBand \
  --json --outputFile "$results/e2e.json" "$@"
node scripts/faults-table.js "$FAULTS_ROWS" "$results/e2e.json"
node scripts/test-sums.js "$results/e2e.json"
