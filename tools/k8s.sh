#!/usr/bin/env bash
# Installs what judges and runs deploy/k8s in the tests: tools/k8s.sh UV [lock]. Into var/k8s: kubernetes-validate (the schemas of
# Kubernetes) in an environment of its own, and bin/kubectl, the machine's or Debian's newest. podman is the system's package.
# `lock` resolves the packages anew.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$PWD/$1 locks=$PWD/tests/k8s home=$PWD/var/k8s
KUSTOMIZE_MAJOR=5 # `replacements` by a field of a list, which component mtls needs

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

if [ "${2:-}" = lock ]; then
  cd "$locks"
  exec "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tools/k8s.sh .venv/bin/uv lock" requirements.in -o requirements.txt
fi

may_install() { [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }

new_enough() { # KUBECTL: whether its kustomize is
  "$1" version --client 2>/dev/null | grep -Eq "^Kustomize Version: v($KUSTOMIZE_MAJOR|[6-9]|[1-9][0-9])\."
}

# Debian stable's own kubectl may be years old; the newest runs anywhere, for it is one static file. Its list is kept apart, so that
# apt of this machine knows nothing of it. The mirror is the one this machine uses.
newest_kubectl() {
  local lists=$home/apt mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
  mkdir -p "$lists/state/partial" "$lists/cache/archives/partial"
  echo "deb $mirror sid main" >"$lists/sources.list"
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=/nonexistent
    -o "Dir::State::Lists=$lists/state" -o "Dir::Cache=$lists/cache" -o Dir::State::status=/dev/null)
  "${apt[@]}" update
  (cd "$lists" && "${apt[@]}" -o APT::Sandbox::User=root download kubectl && dpkg -x kubectl_*.deb unpacked)
  cp "$lists/unpacked/usr/bin/kubectl" "$home/bin/kubectl"
  rm -rf "$lists"
}

mkdir -p "$home/bin"
if ! new_enough "$home/bin/kubectl"; then
  rm -f "$home/bin/kubectl"
  if found=$(command -v kubectl) && new_enough "$found"; then ln -s "$found" "$home/bin/kubectl"
  elif may_install; then say "Fetching kubectl into var/k8s"; newest_kubectl
  else say "kubectl 1.30 or newer renders the manifests: see kubernetes.io/docs/tasks/tools"; exit 1; fi
fi

missing=()
for pair in podman:podman runc:runc catatonit:catatonit; do
  if ! command -v "${pair%%:*}" >/dev/null; then missing+=("${pair##*:}"); fi
done
if [ ${#missing[@]} -gt 0 ]; then
  if may_install; then
    say "Installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    say "The overlay cpu is run by podman: sudo apt-get install -y --no-install-recommends ${missing[*]}"; exit 1
  fi
fi

wanted=$(sha256sum <"$locks/requirements.txt")
if [ "$(cat "$home/.ready" 2>/dev/null)" = "$wanted" ]; then exit 0; fi
say "Installing kubernetes-validate into var/k8s"
"$uv" venv -q --clear --no-config --python "$(dirname "$uv")/python" "$home/venv"
"$uv" pip install -q --no-config --python "$home/venv/bin/python" --require-hashes -r "$locks/requirements.txt"
echo "$wanted" >"$home/.ready"
