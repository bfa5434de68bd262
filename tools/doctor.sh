#!/usr/bin/env bash
# The doctors where the mesh runs: tools/doctor.sh compose|k8s [ARGUMENTS...]. Each part examines itself, inside.
#   compose   in every service that runs: docker compose exec (HARDWARE and COMPOSE_FILE as they were at `up`)
#   k8s       a Job of each suspended CronJob doctor-svc-*, and the gateway's in its own pod (namespace: NAMESPACE, or troupe)
# ARGUMENTS, such as --json, go to the doctors; a Job takes none. The status is 1 where one of them failed, or a part does not run.
set -uo pipefail
cd "$(dirname "$0")/.."
JOB_S=${JOB_S:-3600} # a Job may wait for its node's card, and vLLM for 40 GB of weights
POLL_S=${POLL_S:-2}
namespace=${NAMESPACE:-troupe}
failed=0

title() { printf '\n=== %s\n' "$1"; }

fail() {
  printf '%s\n' "$1"
  failed=1
}

command_of() {
  case $1 in
    gateway) echo "troupe doctor" ;;
    svc-text) echo "python -m svc_text doctor" ;;
    xtts | svc-tts) echo "python -m svc_tts doctor" ;;
    svc-video) echo "python -m svc_video doctor" ;;
  esac
}

compose() {
  local running service words
  running=$(docker compose ps --services --status running) || { fail "docker compose does not answer: is Docker started?"; return; }
  for service in gateway svc-text xtts svc-video; do
    title "$service"
    if ! grep -qx "$service" <<<"$running"; then
      fail "It does not run: docker compose up -d --wait $service"
      continue
    fi
    read -ra words <<<"$(command_of "$service")"
    docker compose exec -T "$service" "${words[@]}" "$@" </dev/null || failed=1
  done
}

k8s() {
  local part
  title gateway
  kubectl -n "$namespace" exec deploy/gateway -- troupe doctor "$@" </dev/null || failed=1
  for part in svc-text svc-tts svc-video; do
    title "$part"
    job "doctor-$part" "doctor-$part-$$-$(date +%s)" || failed=1
  done
}

# A Job of that mould, its end, its log; nothing of it stays.
job() {
  local mould=$1 name=$2 ended
  kubectl -n "$namespace" create job "$name" --from="cronjob/$mould" >/dev/null || return 1
  ended=$(ending "$name")
  kubectl -n "$namespace" logs "job/$name"
  if [ -z "$ended" ]; then
    printf 'It did not end within %s s: kubectl -n %s describe job %s\n' "$JOB_S" "$namespace" "$name"
    return 1
  fi
  kubectl -n "$namespace" delete job "$name" --wait=false >/dev/null
  [ "$ended" = Complete ]
}

# Complete or Failed; nothing where it still runs after JOB_S. `kubectl wait` waits for one of the two only.
ending() {
  local began=$SECONDS types
  while [ $((SECONDS - began)) -lt "$JOB_S" ]; do
    types=$(kubectl -n "$namespace" get job "$1" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}') || return
    case " $types " in
      *" Complete "*) echo Complete; return ;;
      *" Failed "*) echo Failed; return ;;
    esac
    sleep "$POLL_S"
  done
}

target=${1:-}
shift || true
case $target in
  compose) compose "$@" ;;
  k8s) k8s "$@" ;;
  *)
    echo "tools/doctor.sh compose|k8s [--json]; make doctor alone examines this checkout" >&2
    exit 2
    ;;
esac
exit "$failed"
