#!/usr/bin/env bash
# Installs what plays films in the tests: tools/browser.sh UV [lock]. Chromium is the system's own package; playwright, which
# drives it, gets an environment of its own in var/browser, never .venv, and axe-core, which judges pages, lies beside it.
# `lock` resolves the packages anew.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$PWD/$1 locks=$PWD/tests/browser home=$PWD/var/browser

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

if [ "${2:-}" = lock ]; then
  cd "$locks"
  "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tools/browser.sh .venv/bin/uv lock" requirements.in -o requirements.txt
  npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
  exit
fi

# need COMMAND[,COMMAND] PACKAGES WHY: in CI the system's packages are installed, elsewhere a person does that.
need() {
  local name
  for name in ${1//,/ }; do if command -v "$name" >/dev/null; then return; fi; done
  if [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "Installing $2"
    # shellcheck disable=SC2086  # several packages
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $2 >/dev/null
  else
    say "$3: sudo apt-get install -y --no-install-recommends $2"; exit 1
  fi
}

need chromium,google-chrome chromium "Films are played by Chromium" # the names that tests/browser/chromium.py looks for
wanted=$(cat "$locks/requirements.txt" "$locks/package-lock.json" | sha256sum)
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
need npm "nodejs npm" "axe-core comes by npm"
say "Installing playwright and axe-core into var/browser"
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home"
"$uv" pip install -q --no-config --python "$home/bin/python" --require-hashes -r "$locks/requirements.txt"
mkdir -p "$home/node"
cp "$locks/package.json" "$locks/package-lock.json" "$home/node/"
(cd "$home/node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
echo "$wanted" >"$home/.ready"
