#!/usr/bin/env bash
# Installs coqui-tts 0.28.0 (MPL-2.0, to compare with: never shipped) into var/xtts-reference, an environment of its own:
# install.sh UV [lock]. Nothing is done when it is there. Speaking of CUDA: torch comes from wherever pip finds it, as in `make torch`.
set -euo pipefail
cd "$(dirname "$0")/../../.."
uv=$PWD/$1 home=$PWD/var/xtts-reference python=$(dirname "$PWD/$1")/python
cd tests/bench/xtts
if [ "${2:-}" = lock ]; then
  exec "$uv" pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-package torch \
    --custom-compile-command "tests/bench/xtts/install.sh .venv/bin/uv lock" requirements.in -o requirements.txt
fi
wanted=$(sha256sum <requirements.txt)
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
printf '\033[1mInstalling coqui-tts to compare with into var/xtts-reference (about 2 GB)\033[0m\n' >&2
"$uv" venv -q --clear --no-config --python "$python" "$home"
"$python" -m pip --python "$home/bin/python" install -q --disable-pip-version-check torch==2.13.0
"$uv" pip install -q --no-config --no-deps --python "$home/bin/python" --require-hashes -r requirements.txt
# torchaudio's compiled part is linked with CUDA and fails on other machines; coqui-tts needs only what of it is Python.
rm -rf "$home"/lib/python3*/site-packages/torchaudio/lib
echo "$wanted" >"$home/.ready"
