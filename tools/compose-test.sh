#!/usr/bin/env bash
# `docker compose up` for real: builds the images where they are not built, tries them in an engine and a network of our own,
# and stops both: tools/compose-test.sh PYTHON [TESTS...]. Needs root (an engine does); in CI it installs what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/$1; shift
listener=""
leave() {
  if [ -n "$listener" ]; then kill "$listener" 2>/dev/null || true; fi
  tools/images.sh stop
}
trap leave EXIT
tools/images.sh start
# Debian trixie and its Python 3.13: the tests beside these run on this machine's own, an older one.
tools/images.sh base trixie python:3.13-slim
BASE=python:3.13-slim tools/images.sh build gateway svc-text-llamacpp svc-tts svc-video
tools/images.sh sizes
tools/images.sh alone
tools/images.sh internet "$python" -m http.server --bind 198.51.100.2 8080 >/dev/null 2>&1 </dev/null &
listener=$!
tools/images.sh inside "$python" -m pytest "${@:-tests/compose}"
