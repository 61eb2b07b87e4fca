# shellcheck shell=bash
# Sourced by the scripts beside it, and by whoever goes on by hand after `npm start`:
#   . scripts/env.sh && pulumi stack ls
# A Pulumi CLI and a current Node on the PATH, state in a local folder, no account.
_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
_cli=$("$_scripts/pulumi-cli.sh") || return
_cache=${XDG_CACHE_HOME:-$HOME/.cache}/pulumi-drbd
# Beside the lab whose stack it holds (lab/folders.ts).
_state=${LAB_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/pulumi-drbd/lab}.stacks
mkdir -p "$_state" || return

# Pulumi's SDK needs Node 22 or later; the clone brings one.
export PATH=$_scripts/../node_modules/.bin:$_cli:$PATH
export PULUMI_DRBD_STACKS=$_state
export PULUMI_HOME=$_cache/pulumi-home PULUMI_BACKEND_URL=file://$_state PULUMI_CONFIG_PASSPHRASE=
# Nothing of ours needs a plugin to be downloaded, and a machine without a network should not wait for one.
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
# Pulumi starts several Node processes a run; with their code compiled beforehand a preview takes a quarter less.
export NODE_COMPILE_CACHE=$_cache/node
unset _scripts _cli _cache _state
