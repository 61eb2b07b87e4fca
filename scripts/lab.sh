#!/bin/bash
# `npm run lab -- up`: the lab's own commands, in a fresh clone too. `npm run lab` tells them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -f dist/lab/main.js ] || scripts/setup.sh
exec node dist/lab/main.js "$@"
