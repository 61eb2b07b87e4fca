#!/bin/bash
# The lab's machines as a site: prints the stack config that a person would write for them. Needs a lab that is up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
eval "$(node dist/lab/main.js env)"

node_config() {
  cat <<YAML
    - hostname: $1
      connection:
        host: $2
        port: $3
        user: $4
        privateKeyFile: $LAB_KEY_FILE
        hostKey: $5
      address: $6
YAML
}

echo "config:"
echo "  pulumi-drbd:nodes:"
node_config alpha "$LAB_ALPHA_HOST" "$LAB_ALPHA_PORT" "$LAB_ALPHA_USER" "$LAB_ALPHA_HOST_KEY" "$LAB_ALPHA_ADDRESS"
node_config bravo "$LAB_BRAVO_HOST" "$LAB_BRAVO_PORT" "$LAB_BRAVO_USER" "$LAB_BRAVO_HOST_KEY" "$LAB_BRAVO_ADDRESS"
cat <<'YAML'
  pulumi-drbd:resources:
    - name: r0
      minor: 1
      port: 7789
      disks:
        alpha: /dev/vdb
        bravo: /dev/vdb
      syncSource: alpha
      filesystem:
        label: data
        mountPoint: /srv/data
YAML
