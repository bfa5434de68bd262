#!/usr/bin/env bash
# Installs the second judge (dlib and its 68-point model, for the lab only: never shipped) and a photo (scikit-image's astronaut)
# into var/lipsync, an environment of its own: install.sh UV [lock]. Nothing is done when it is there.
set -euo pipefail
cd "$(dirname "$0")/../../.."
uv=$PWD/$1 home=$PWD/var/lipsync
cd tests/bench/lipsync
if [ "${2:-}" = lock ]; then
  exec "$uv" pip compile -q --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tests/bench/lipsync/install.sh .venv/bin/uv lock" requirements.in -o requirements.txt
fi
wanted=$(sha256sum <requirements.txt)
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
printf '\033[1mInstalling the second judge of lips into var/lipsync (about 200 MB)\033[0m\n' >&2
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home"
# Packages alone, without what they would draw in: of scikit-image only a picture is read. The one that must be built is
# built with the setuptools of this list.
"$uv" pip install -q --no-config --no-deps --python "$home/bin/python" --require-hashes \
  --build-constraint requirements.txt -r requirements.txt
echo "$wanted" >"$home/.ready"
