#!/usr/bin/env bash
# Images, and an engine of containers of our own to build and try them:
#   tools/images.sh start            a private dockerd in var/docker, which builds (nothing outside is touched)
#   tools/images.sh alone            the same in a network of its own, with Docker's rules in force: it runs, and tests
#   tools/images.sh bases            base images made from Debian's packages, where no registry can be reached; one of them:
#                                    `base bookworm python:3.11-slim`
#   tools/images.sh build NAME...    gateway svc-text-llamacpp svc-tts svc-video, or svc-text svc-tts-xtts svc-video-sadtalker
#   tools/images.sh sizes            one line of JSON: MB of each image without its base
#   tools/images.sh save NAME FILE | run COMMAND... | inside COMMAND... | stop | purge | lock UV
# The settings of this machine (index, CA) reach pip as build secrets; none of them stays in an image.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/var/docker
export DOCKER_HOST=unix://$home/docker.sock DOCKER_CONFIG=$home/client DOCKER_BUILDKIT=1 BUILDX_CONFIG=$home/buildx
version=${TROUPE_VERSION:-0.1.0}
IMAGES="gateway svc-text svc-text-llamacpp svc-tts svc-tts-xtts svc-video svc-video-sadtalker"
LAST_WORDS=40 # lines of a build that failed
BOOKWORM=python:3.11-slim TRIXIE=python:3.13-slim

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# need COMMAND PACKAGES WHY: in CI the system's packages are installed, elsewhere a person does that.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "${CI:-}" = true ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "Installing $2"
    # shellcheck disable=SC2086  # several packages
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $2 >/dev/null
  else
    say "$3: sudo apt-get install -y --no-install-recommends $2"; exit 1
  fi
}

# Compose v2 and buildx are single programs; Debian 12 has neither, Debian's unstable has both.
plugins() {
  local folder=$DOCKER_CONFIG/cli-plugins apt=$home/apt
  if [ -x "$folder/docker-compose" ] && [ -x "$folder/docker-buildx" ]; then return; fi
  say "Fetching compose and buildx"
  mkdir -p "$folder" "$apt/lists/partial" "$apt/debs" "$apt/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) sid main" >"$apt/sources.list"
  local options=(-qq -o APT::Sandbox::User=root -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/nonexistent
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache")
  apt-get "${options[@]}" update
  (cd "$apt/debs" && apt-get "${options[@]}" download docker-compose docker-buildx >/dev/null)
  for deb in "$apt"/debs/*.deb; do dpkg -x "$deb" "$apt/unpacked"; done
  cp "$apt"/unpacked/usr/libexec/docker/cli-plugins/docker-* "$folder/"
  rm -rf "$apt"
}

# Where this machine gets Debian's packages from.
mirror() {
  local told
  told=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -1)
  echo "${told:?apt here knows no mirror of Debian: run apt-get update on a Debian machine}"
}

running() { [ -s "$home/docker.pid" ] && kill -0 "$(cat "$home/docker.pid")" 2>/dev/null; }

start() {
  need dockerd "docker.io runc containerd iptables iproute2" "Containers need an engine"
  plugins
  if running; then return; fi
  daemon '"iptables": false, "ip6tables": false, "bridge": "none", "ip-forward": false, "ip-masq": false'
}

# In a network namespace of its own the engine may set its rules, as it does on a user's machine, and nobody else's change:
# 198.51.100.2, in a namespace behind that one, stands for the internet.
alone() {
  need dockerd "docker.io runc containerd iptables iproute2" "Containers need an engine"
  plugins
  if [ -s "$home/internet.pid" ] && running; then return; fi
  stop
  unshare --net sleep infinity >/dev/null 2>&1 </dev/null &
  local internet=$!
  echo $internet >"$home/internet.pid"
  daemon '"iptables": true, "ip6tables": false, "bridge": "none", "ip-forward": true, "ip-masq": true, "host-gateway-ip": "198.51.100.1"' \
    unshare --net -- bash -c 'ip link set lo up && ip link add out type veth peer name in netns "$0" && ip link set out up &&
      ip address add 198.51.100.1/24 dev out && ip route add default via 198.51.100.2 &&
      nsenter --target "$0" --net sh -c "ip link set lo up; ip link set in up; ip address add 198.51.100.2/24 dev in" && exec "$@"' $internet
}

# inside COMMAND...: where the published ports of an engine that is alone are; `internet COMMAND...`: on the far side.
inside() { exec nsenter --target "$(cat "$home/docker.pid")" --net -- "$@"; }
internet() { exec nsenter --target "$(cat "$home/internet.pid")" --net -- "$@"; }

daemon() { # NETWORK-SETTINGS PREFIX...
  local settings=$1; shift
  cat >"$home/daemon.json" <<JSON
{"data-root": "$home/data", "exec-root": "$home/exec", "hosts": ["$DOCKER_HOST"], "pidfile": "$home/docker.pid", $settings,
 "storage-driver": "overlay2", "log-driver": "json-file", "log-opts": {"max-size": "8m", "max-file": "2"}}
JSON
  setsid "$@" dockerd --config-file "$home/daemon.json" >"$home/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 150); do docker info >/dev/null 2>&1 && return; sleep 0.2; done
  say "dockerd does not answer; its last words:"; tail -5 "$home/dockerd.log" >&2; exit 1
}

stop() {
  if [ -s "$home/internet.pid" ]; then kill "$(cat "$home/internet.pid")" 2>/dev/null || true; rm "$home/internet.pid"; fi
  if ! running; then return; fi
  local pid; pid=$(cat "$home/docker.pid")
  kill "$pid"
  for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
  say "dockerd ($pid) does not end"; exit 1
}

# Look-alikes of the images that a user's build pulls: Debian with its own Python, under the same names.
bases() {
  base trixie $TRIXIE &
  local trixie=$!
  base bookworm $BOOKWORM
  wait $trixie
}

base() {
  need mmdebstrap mmdebstrap "A base image is made from packages"
  local suite=$1 name=$2
  if docker image inspect "$name" >/dev/null 2>&1; then return; fi
  say "Making $name from Debian's $suite"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip --components=main \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' "$suite" "$home/$suite.tar" "$(mirror)"
  docker import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'CMD ["python3"]' \
    "$home/$suite.tar" "$name" >/dev/null
  rm "$home/$suite.tar"
}

# recipe NAME: part, target, and the base where it is not the first one.
recipe() {
  case $1 in
    gateway) echo "gateway gateway $TRIXIE" ;; # what runs on both: one of the images is on the newer Python here
    svc-text) echo "svc-text vllm" ;;
    svc-text-llamacpp) echo "svc-text llamacpp" ;;
    svc-tts) echo "svc-tts slim" ;;
    svc-tts-xtts) echo "svc-tts xtts" ;;
    svc-video) echo "svc-video portrait" ;;
    svc-video-sadtalker) echo "svc-video sadtalker" ;;
    *) say "There is no image $1: $IMAGES"; exit 1 ;;
  esac
}

build() {
  secrets
  local name part target base
  for name in "$@"; do
    recipe "$name" >/dev/null
    read -r part target base <<<"$(recipe "$name")"
    say "Building troupe/$name"
    # shellcheck disable=SC2086  # BUILD_OPTIONS holds several words
    docker buildx build --progress=plain --load --network host --file "$part/Dockerfile" --target "$target" --tag "troupe/$name:$version" \
      --build-arg "BASE=${BASE:-${base:-$BOOKWORM}}" --build-arg "TROUPE_VERSION=$version" ${BUILD_OPTIONS:-} \
      --secret "id=pip_conf,src=$home/secrets/pip.conf" --secret "id=ca,src=$home/secrets/ca.crt" . >"$home/$name.log" 2>&1 || {
      tail -n "$LAST_WORDS" "$home/$name.log" >&2; say "troupe/$name was not built; all of it: var/docker/$name.log"; exit 1; }
  done
}

# What pip is told on this machine: where packages come from, and whom to trust.
secrets() {
  local pip="python3 -m pip config" key value
  mkdir -p "$home/secrets"
  echo "[global]" >"$home/secrets/pip.conf"
  for key in index-url timeout; do
    value=$($pip get "global.$key" 2>/dev/null || $pip get ":env:.$key" 2>/dev/null || true)
    if [ -n "$value" ]; then echo "$key = $value" >>"$home/secrets/pip.conf"; fi
  done
  cp "${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}" "$home/secrets/ca.crt"
}

# MB (10^6 bytes) of what an image adds to its base, unpacked: every layer but the first.
sizes() {
  local name line="" bytes
  for name in $IMAGES; do
    docker image inspect "troupe/$name:$version" >/dev/null 2>&1 || continue
    bytes=$(docker history --human=false --format '{{.Size}}' "troupe/$name:$version" | awk '{sum += was; was = $1} END {printf "%.0f", sum}')
    line+="${line:+, }\"$name\": $((bytes / 1000000))"
  done
  echo "{$line}"
}

purge() { stop; rm -rf "$home"; }

lock() {
  "$1" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "tools/images.sh lock .venv/bin/uv" -c requirements.txt tools/images/build.in -o tools/images/build.txt
}

mkdir -p "$home"
command=${1:-}; shift || true
case $command in
  start | alone | base | inside | internet | stop | bases | sizes | purge | lock | build) "$command" "$@" ;;
  save) docker save -o "$2" "troupe/$1:$version" ;;
  run) "$@" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac
