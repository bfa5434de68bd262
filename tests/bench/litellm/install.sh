#!/usr/bin/env bash
# Installs the LiteLLM proxy into var/litellm, an environment of its own: install.sh UV [lock]. Nothing is done when it is there.
set -euo pipefail
cd "$(dirname "$0")/../../.."
uv=$PWD/$1 home=$PWD/var/litellm
cd tests/bench/litellm
if [ "${2:-}" = lock ]; then
  exec "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tests/bench/litellm/install.sh .venv/bin/uv lock" requirements.in -o requirements.txt
fi
wanted=$(sha256sum <requirements.txt)
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
printf '\033[1mInstalling the LiteLLM proxy into var/litellm\033[0m\n' >&2
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home"
"$uv" pip install -q --no-config --python "$home/bin/python" --require-hashes -r requirements.txt
echo "$wanted" >"$home/.ready"
