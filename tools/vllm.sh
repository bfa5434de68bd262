#!/usr/bin/env bash
# Installs vLLM, and svc-text and the gateway with it, into var/vllm, an environment of its own: tools/vllm.sh UV [lock].
# On a machine with an NVIDIA card vLLM's own wheel (CUDA 13), elsewhere the CPU build. Nothing is done when it is there.
# torch comes from wherever pip finds it, as in `make torch`: the CPU build needs no more than its CPU part.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$PWD/$1 home=$PWD/var/vllm python=$(dirname "$PWD/$1")/python
parts=(protos gateway svc-text)
compile() { # KIND OPTION...
  local kind=$1; shift
  "$uv" pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --no-emit-package troupe-protos --custom-compile-command "tools/vllm.sh .venv/bin/uv lock" \
    "$@" "tools/vllm/$kind.in" "${parts[@]/%//pyproject.toml}" -o "tools/vllm/$kind.txt"
}
if [ "${2:-}" = lock ]; then
  compile cpu --overrides tools/vllm/overrides.txt --no-emit-package torch ${PIP_FIND_LINKS:+--find-links "$PIP_FIND_LINKS"}
  compile cuda
  exit
fi
kind=cpu
if command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; then kind=cuda; fi
wanted=$(cat "tools/vllm/$kind.txt" tools/vllm.sh | sha256sum)
if [ "$(cat "$home/.ready" 2>/dev/null)" != "$wanted" ]; then
  printf '\033[1mInstalling vLLM (%s) into var/vllm (3 to 9 GB)\033[0m\n' "$kind" >&2
  "$uv" venv -q --clear --no-config --python "$python" "$home"
  if [ $kind = cpu ]; then "$python" -m pip --python "$home/bin/python" install -q --disable-pip-version-check torch==2.13.0; fi
  "$uv" pip install -q --no-config --no-deps --python "$home/bin/python" --require-hashes -r "tools/vllm/$kind.txt"
  "$uv" pip install -q --no-config --no-deps --no-build-isolation --python "$home/bin/python" "${parts[@]/#/-e./}"
  echo "$wanted" >"$home/.ready"
fi
