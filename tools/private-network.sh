#!/usr/bin/env bash
# Runs a command in a network namespace of its own, where the system allows it: tests then reach loopback and nothing else.
set -euo pipefail
if unshare --net true 2>/dev/null; then
  exec unshare --net -- bash -c 'ip link set lo up 2>/dev/null || python3 "$0" && exec "$@"' "$(dirname "$0")/loopback_up.py" "$@"
elif unshare --user --map-root-user --net true 2>/dev/null; then
  exec unshare --user --map-root-user --net -- bash -c 'ip link set lo up 2>/dev/null || python3 "$0" && exec "$@"' "$(dirname "$0")/loopback_up.py" "$@"
fi
echo "private-network: this system allows none; the tests share the machine's network" >&2
exec "$@"
