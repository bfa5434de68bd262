#!/usr/bin/env bash
# Installs MiniMax's own clients for the tests: tools/clients.sh UV [lock]. They get environments of their own under
# var/clients, never .venv; nothing is done when they are there already. `lock` resolves their packages anew.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$PWD/$1 locks=$PWD/tests/clients home=$PWD/var/clients

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

if [ "${2:-}" = lock ]; then
  cd "$locks"
  "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tools/clients.sh .venv/bin/uv lock" requirements.in -o requirements.txt
  npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
  exit
fi

if ! command -v npm >/dev/null; then
  if [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null
  else
    say "mmx-cli needs Node.js 18 or newer: sudo apt-get install -y nodejs npm"; exit 1
  fi
fi

wanted=$(cat "$locks/requirements.txt" "$locks/package-lock.json" | sha256sum)
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
say "Installing MiniMax's clients into var/clients"
mkdir -p "$home/node"
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home/python"
"$uv" pip install -q --no-config --python "$home/python/bin/python" --require-hashes -r "$locks/requirements.txt"
cp "$locks/package.json" "$locks/package-lock.json" "$home/node/"
(cd "$home/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
echo "$wanted" >"$home/.ready"
