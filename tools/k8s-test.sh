#!/usr/bin/env bash
# Judges deploy/k8s and has podman run its overlay cpu: tools/k8s-test.sh PYTHON [TESTS...]. The images are those that
# tools/images.sh builds, on the base that make test-compose uses too: the second of the two finds them built.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1; shift
if [ -x tools/images.sh ]; then
  trap 'tools/images.sh stop' EXIT
  tools/images.sh start
  tools/images.sh base trixie python:3.13-slim
  BASE=python:3.13-slim tools/images.sh build gateway svc-text-llamacpp svc-tts svc-video
fi
K8S_FOLDER=var/k8s tools/run-tests.sh "$python" "${@:-tests/k8s}"
