#!/bin/bash
# `npm run bench`: measures the provider on the lab beside a bash script and Pulumi's own floor, and prints a table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
exec node dist/bench/main.js
