#!/usr/bin/env bash
# Installs what plays films in the tests: tools/browser.sh UV [lock]. Chromium is the system's own package; playwright, which
# drives it, gets an environment of its own in var/browser, never .venv. `lock` resolves its packages anew.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$PWD/$1 lock=$PWD/tests/browser/requirements.txt home=$PWD/var/browser

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

if [ "${2:-}" = lock ]; then
  cd "$(dirname "$lock")"
  exec "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tools/browser.sh .venv/bin/uv lock" requirements.in -o requirements.txt
fi

# The names that tests/browser/watch.py looks for.
if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null; then
  if [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "Installing Chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
  else
    say "Films are played by Chromium: sudo apt-get install -y --no-install-recommends chromium"; exit 1
  fi
fi

wanted=$(sha256sum <"$lock")
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
say "Installing playwright into var/browser"
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home"
"$uv" pip install -q --no-config --python "$home/bin/python" --require-hashes -r "$lock"
echo "$wanted" >"$home/.ready"
