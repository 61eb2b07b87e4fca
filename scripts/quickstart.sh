#!/bin/bash
# `npm start`: from a fresh clone to a replicated, formatted, mounted device on two virtual machines with real DRBD,
# made by `pulumi up`; then proof that what is written on one machine is on the other. No account, nothing of yours is
# touched: it all happens in the lab (`npm run lab -- help`), which is put back to fresh machines at the beginning.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

title() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
# Commands are shown as one would type them.
shown() { printf '\033[1m$ %s\033[0m\n' "$*"; }
lab() { node dist/lab/main.js "$@"; }
on() { shown "npm run lab -- ssh $1 '$2'"; lab ssh "$1" "$2"; }
# Started with SIGINT ignored, as from a script's background, every run of Pulumi waits five seconds more.
pulumi() { env --default-signal=INT pulumi "$@"; }
fail() { printf 'quick start: %s\n' "$*" >&2; exit 1; }

title "Setup"
began=$SECONDS
scripts/setup.sh
# shellcheck source=scripts/env.sh
. scripts/env.sh
echo "ready after $((SECONDS - began)) s; the Pulumi CLI is $(type -P pulumi), $(pulumi version)"

title "The lab: two virtual machines, alpha and bravo, each with an empty disk /dev/vdb"
shown npm run lab -- up; lab up
shown npm run lab -- reset; lab reset

# A stack of an earlier quick start is about machines that are no more. Made in a folder of its own, because
# `stack init` writes the stack's config file into the project's.
site=$PULUMI_DRBD_STACKS/quickstart
rm -rf "$PULUMI_DRBD_STACKS"
mkdir -p "$site"
printf 'name: pulumi-drbd\nruntime: nodejs\n' >"$site/Pulumi.yaml"
pulumi --cwd "$site" stack init lab --non-interactive >/dev/null
config=$site/Pulumi.lab.yaml
scripts/lab-site.sh >>"$config"
on_site() { shown pulumi "$@" --stack lab --config-file "$config"; pulumi "$@" --stack lab --config-file "$config" --non-interactive; }

title "The site's stack config, $config"
cat "$config"

title "What would happen: nothing is touched yet"
on_site preview

title "Now do it"
on_site up --yes --skip-preview

title "What stands there"
on alpha "cat /proc/drbd"
on alpha "findmnt /srv/data && df -h /srv/data"

title "A file written on alpha is on bravo"
on alpha "head -c 8M /dev/urandom >/srv/data/proof; sync"
# The initial sync was not waited for until here.
on alpha "for i in \$(seq 600); do drbdadm dstate r0 | grep -x UpToDate/UpToDate && exit; sleep 1; done; exit 1"
written=$(lab ssh alpha "sha256sum </srv/data/proof")
echo "alpha wrote  $written"
# A device is primary on one machine at a time: alpha lets go of it, bravo takes it.
on alpha "umount /srv/data && systemctl stop drbd-primary@r0 && drbdadm secondary r0"
on bravo "drbdadm primary r0 && systemctl start /srv/data"
found=$(lab ssh bravo "sha256sum </srv/data/proof")
echo "bravo reads  $found"
[ "$written" = "$found" ] || fail "bravo reads something else than what alpha wrote"
on bravo "umount /srv/data && systemctl stop drbd-primary@r0 && drbdadm secondary r0"
on alpha "drbdadm primary r0 && systemctl start /srv/data"

title "A second run has nothing to do"
on_site up --yes --skip-preview --expect-no-changes

title "Done after $((SECONDS - began)) s. The pair is yours to play with:"
cat <<HINTS
  . scripts/env.sh                   # the Pulumi CLI on the PATH, and where this stack's state is
  pulumi preview --stack lab --config-file $config
  npm run lab -- ssh alpha           # a shell on a machine; it has the pair mounted on /srv/data
  npm run lab -- down                # both machines off
HINTS
