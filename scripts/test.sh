#!/bin/bash
# `npm test`: lint, unit tests, the relay's tests in Go, and the end-to-end tests in the lab with the real Pulumi CLI.
# `test.sh e2e` runs only the last. Ends with a line of the sums; in CI a skipped test is a failure, and no test at all
# always is.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
only=${1-}

failed=() began=$SECONDS
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

# section TITLE COMMAND…: goes on after a failure, so that one run shows all of them.
section() {
  local title=$1 since=$SECONDS
  shift
  printf '\n== %s\n' "$title"
  if "$@"; then
    printf '== %s: %s s\n' "$title" $((SECONDS - since))
  else
    printf '== %s: FAILED after %s s\n' "$title" $((SECONDS - since))
    failed+=("$title")
    return 1
  fi
}

jest_project() {
  local project=$1
  shift
  jest --selectProjects "$project" --json --outputFile "$results/$project.json" "$@"
}

# With the race detector where a C compiler is there, which it needs.
relay_tests() {
  local race=()
  [ "$(go env CGO_ENABLED)" = 0 ] || ! command -v "$(go env CC)" >/dev/null || race=(-race)
  (cd relay && go vet . && go test -short "${race[@]}" -timeout 5m .)
}

section setup scripts/setup.sh --tests || exit
# shellcheck source=scripts/env.sh
. scripts/env.sh || exit
if [ "$only" != e2e ]; then
  section lint npm run --silent lint
  section "shell scripts" shellcheck --external-sources scripts/*.sh .ci/run bench/*.sh lab/image/customize.sh
  section "unit tests" jest_project unit
  section "relay tests" relay_tests
fi
export FAULTS_ROWS=$results/rows
section lab node dist/lab/main.js up && section "end-to-end tests" jest_project e2e --runInBand
node scripts/faults-table.js "$FAULTS_ROWS" "$results/e2e.json"

printf '\nafter %s s\n' $((SECONDS - began))
# Lint has no tests to count.
[ ${#failed[@]} = 0 ] || printf 'failed: %s\n' "${failed[@]}"
node scripts/test-sums.js "$results"/*.json && [ ${#failed[@]} = 0 ]
