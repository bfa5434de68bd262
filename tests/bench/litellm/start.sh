#!/usr/bin/env bash
# Runs the LiteLLM proxy before OpenAI upstreams: start.sh PORT UPSTREAM... [-- BACKUP...], each as host:port. It prints
# where it will listen and the key to use (LITELLM_MASTER_KEY, or a new one); it serves when /health/readiness answers 200.
# Models: `chat` (all upstreams, the backups as documented fallback) and `backup`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
port=$1; shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export LITELLM_MASTER_KEY=${LITELLM_MASTER_KEY:-sk-bench-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')}
# Nothing is fetched from outside: neither prices nor telemetry.
export LITELLM_LOCAL_MODEL_COST_MAP=True LITELLM_LOG=${LITELLM_LOG:-ERROR} DISABLE_ADMIN_UI=True HOME=$folder
{
  echo "model_list:"
  model=chat
  for upstream in "$@"; do
    if [ "$upstream" = -- ]; then model=backup; continue; fi
    printf -- '- model_name: %s\n  litellm_params: {model: openai/echo, api_base: "http://%s/v1", api_key: none}\n' \
      "$model" "$upstream"
  done
  cat "$here/config.yaml"
} >"$folder/config.yaml"
case " $* " in *" -- "*) ;; *) sed -i '/fallbacks:/d' "$folder/config.yaml" ;; esac
echo "starting service=litellm http=127.0.0.1:$port key=$LITELLM_MASTER_KEY"
cd "$folder"
"$here/../../../var/litellm/bin/litellm" --host 127.0.0.1 --port "$port" --config config.yaml --num_workers 1 &
child=$!
trap 'kill -TERM $child 2>/dev/null || true' TERM INT
while kill -0 $child 2>/dev/null; do wait $child || true; done
