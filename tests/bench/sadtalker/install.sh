#!/usr/bin/env bash
# Installs what SadTalker's own code needs (to compare with: never shipped) into var/sadtalker-reference, an environment
# of its own: install.sh UV [lock]. The code itself is the user's to clone: UPSTREAM=path, or the command printed below.
# Nothing is done when all is there. torch comes from wherever pip finds it, as in `make torch`.
set -euo pipefail
cd "$(dirname "$0")/../../.."
uv=$PWD/$1 home=$PWD/var/sadtalker-reference python=$(dirname "$PWD/$1")/python
code=${UPSTREAM:-$home/SadTalker}
commit=cd4c0465ae0b54a6f85af57f5c65fec9fe23e7f8
cd tests/bench/sadtalker
if [ "${2:-}" = lock ]; then
  never=$(mktemp)
  printf '%s ; sys_platform == "never"\n' torch torchvision filterpy opencv-python >"$never"
  "$uv" pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
    --override "$never" --custom-compile-command "tests/bench/sadtalker/install.sh .venv/bin/uv lock" requirements.in -o requirements.txt
  rm "$never"
  exit
fi
if [ ! -d "$code/src/facerender" ]; then
  printf 'SadTalker'"'"'s code is not at %s. Clone it, or set UPSTREAM=path:\n  git clone https://github.com/OpenTalker/SadTalker %s\n  git -C %s checkout %s\n' \
    "$code" "$code" "$code" "$commit" >&2
fi
wanted=$(sha256sum <requirements.txt)
if [ -n "${SADTALKER_REFERENCE:-}" ] || [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
printf '\033[1mInstalling what SadTalker needs, to compare with, into var/sadtalker-reference (about 1.5 GB)\033[0m\n' >&2
"$uv" venv -q --allow-existing --no-config --python "$python" "$home"
"$python" -m pip --python "$home/bin/python" install -q --disable-pip-version-check torch==2.13.0
"$uv" pip install -q --no-config --no-deps --python "$home/bin/python" --require-hashes -r requirements.txt
echo "$wanted" >"$home/.ready"
