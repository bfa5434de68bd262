#!/usr/bin/env bash
# Sees that prometheus and promtool are here: tools/prometheus.sh. In CI the system's package is installed, elsewhere a
# person does that. The package starts a service of its own where systemd runs; the tests start theirs on a free port.
set -euo pipefail

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
if [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  say "Installing prometheus"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus >/dev/null
else
  say "Alerts are judged by Prometheus: sudo apt-get install -y --no-install-recommends prometheus"
  exit 1
fi
