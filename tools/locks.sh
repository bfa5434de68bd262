#!/usr/bin/env bash
# Resolves all dependencies: tools/locks.sh UV. One lock of everything first, then one per part compiled against it.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$1
compile() {
  "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --no-emit-package troupe-protos --custom-compile-command "make locks" "$@"
}
compile ${UPGRADE:+--upgrade} --all-extras --group pyproject.toml:dev {protos,gateway,svc-text,svc-tts,svc-video}/pyproject.toml -o requirements.txt
for part in gateway svc-text svc-tts svc-video; do
  compile --all-extras -c requirements.txt protos/pyproject.toml "$part/pyproject.toml" -o "$part/requirements.txt"
done
