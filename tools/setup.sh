#!/usr/bin/env bash
# Sets a machine up: tools/setup.sh PYTHON VENV. Safe to run again. Asks before it installs system packages, unless CI=true.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 venv=$2
UV_VERSION=0.13.9

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

# install WHY PACKAGE...: 0 when the packages are there afterwards.
install() {
  local why=$1; shift
  if ! command -v apt-get >/dev/null; then
    say "Please install by your system's package manager: $* ($why)"; return 1
  fi
  if [ "${CI:-}" != true ] && [ -t 0 ]; then
    read -r -p "Install $* by apt-get ($why)? [Y/n] " answer
    case "$answer" in [nN]*) return 1 ;; esac
  elif [ "${CI:-}" != true ]; then
    say "Not asking without a terminal. To install: sudo apt-get install -y $* ($why)"; return 1
  fi
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  say "Troupe needs Python 3.11 or newer; $python is $("$python" --version 2>&1). Name another one: make PYTHON=python3.12 ..."
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  install "Python's own environments" python3-venv || { say "python3-venv is needed: sudo apt-get install -y python3-venv"; exit 1; }
fi
while read -r package command why; do
  case "$package" in ''|'#'*) continue ;; esac
  command -v "$command" >/dev/null || install "$why" "$package" || say "Going on without $package: $why"
done < tools/system-packages.txt

# ARM64 has no wheels of python-stretch and mojimoji, Python 3.13 none of mojimoji: they are compiled, in a minute.
no_wheels() { [ "$(uname -m)" = aarch64 ] || "$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))'; }
can_compile() {
  command -v c++ >/dev/null && "$python" -c 'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").is_file())'
}
if no_wheels && ! can_compile; then
  install "what compiles a package" g++ python3-dev || { say "A compiler is needed: sudo apt-get install -y g++ python3-dev"; exit 1; }
fi

if [ ! -x "$venv/bin/uv" ]; then
  say "Making $venv"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check "uv==$UV_VERSION"
fi
say "Installing the locked packages"
uv=("$venv/bin/uv" pip install -q --python "$venv/bin/python" --no-config --compile-bytecode)
"${uv[@]}" --require-hashes -r requirements.txt
"${uv[@]}" --no-deps --no-build-isolation -e protos -e gateway -e svc-text -e svc-tts -e svc-video
