#!/usr/bin/env bash
# An ARM64 machine, emulated, from Debian's packages and the locks, on which the mesh makes a film: tools/arm64.sh run | purge
# Needs root, and mmdebstrap, qemu-user-static and arch-test (in CI they are installed). Takes some 17 minutes on two cores; the machine stays
# in var/arm64, so that a second run begins where packages are installed. What the kernel is told for it is undone at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/var/arm64 root=$PWD/var/arm64/root here=${PYTHON_HERE:-.venv/bin/python}
SUITE=trixie PYTHON=python3.13
HANDLER=/proc/sys/fs/binfmt_misc/troupe-arm64
PARTS="gateway svc-text svc-tts svc-video"
SCRIPT="Every word was spoken, and every frame drawn, by ARM sixty four."
# Each second of a real processor is ten to twenty here: what tells a hang from work must be as patient.
PATIENCE="TROUPE_MISSED_TICKS=120 TROUPE_SPEECH_SILENCE_S=60 PROVIDER_PORTRAIT_FIRST_S=600"
# The doctor tries all engines; the film is made by these alone, for each more is started and asked on two emulated cores.
ENGINES="TROUPE_TEXT_ENGINES=echo TROUPE_SPEECH_ENGINES=flite TROUPE_VIDEO_ENGINES=portrait PROVIDER_TEXT=echo PROVIDER_TTS=flite"
mounted=()

say() { printf '\033[1m%s (after %d s)\033[0m\n' "$*" "$SECONDS" >&2; }

need() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v arch-test >/dev/null || missing+=(arch-test)
  command -v qemu-aarch64-static >/dev/null || missing+=(qemu-user-static)
  [ ${#missing[@]} -eq 0 ] && return
  if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ]; then
    say "Installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    say "An emulated machine needs: sudo apt-get install -y --no-install-recommends ${missing[*]}"; exit 1
  fi
}

# Tells the kernel who runs ARM64's programs, unless somebody did; `undo` takes it back.
emulate() {
  if [ ! -e /proc/sys/fs/binfmt_misc/register ]; then
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    mounted+=(/proc/sys/fs/binfmt_misc)
  fi
  if arch-test arm64 >/dev/null 2>&1; then return; fi
  # The first 20 bytes of an ELF file of 64 bits for ARM64, executable or shared; F: opened now, for it is not in the root.
  local magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":troupe-arm64:M::$magic:$mask:$(command -v qemu-aarch64-static):F" >/proc/sys/fs/binfmt_misc/register
  arch-test arm64 >/dev/null
}

undo() {
  local place
  [ -e "$HANDLER" ] && echo -1 >"$HANDLER"
  for ((place = ${#mounted[@]} - 1; place >= 0; place--)); do umount --recursive "${mounted[place]}"; done
}

# With this machine's /dev still mounted inside, `rm -rf` would empty it.
remove() {
  if grep -qF " $root/" /proc/self/mounts; then
    say "Something of an earlier run is still mounted under $root: umount it first"; exit 1
  fi
  rm -rf --one-file-system "$home"
}

mirror() {
  local told
  told=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | head -1)
  echo "${told:?apt here knows no mirror of Debian: run apt-get update on a Debian machine}"
}

# Debian for ARM64, with what the README asks of a machine, and a compiler for the one package without a wheel.
machine() {
  if [ -e "$home/machine" ]; then return; fi
  remove
  mkdir -p "$home"
  mmdebstrap --quiet --architectures=arm64 --variant=minbase \
    --include=$PYTHON,python3-venv,python3-dev,g++,flite,libgomp1,ca-certificates "$SUITE" "$root" "$(mirror)"
  touch "$home/machine"
}

# This machine's names, index of packages and CA, for as long as it runs.
settle() {
  local file
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf "${PIP_CONFIG_FILE:-}" "${PIP_CERT:-}" "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"; do
    if [ -f "$file" ]; then install -D -m 644 "$file" "$root$file"; fi
  done
  for file in proc dev; do
    mount --rbind --make-rslave "/$file" "$root/$file"
    mounted+=("$root/$file")
  done
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create --ignore-failed-read | tar --extract --directory "$root/src"
}

inside() { chroot "$root" /usr/bin/env -C /src PATH=/opt/troupe/bin:/usr/local/bin:/usr/bin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

# uv for ARM64, fetched by this machine's pip: the emulated one would take minutes.
installer() {
  if [ -x "$root/usr/local/bin/uv" ]; then return; fi
  "$here" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --platform manylinux2014_aarch64 \
    --dest "$home/uv" "$(sed -n 's/^UV_VERSION=/uv==/p' tools/setup.sh)"
  "$here" -m zipfile --extract "$home"/uv/*.whl "$home/uv"
  install -m 755 "$home"/uv/*.data/scripts/uv "$root/usr/local/bin/uv"
}

# The parts' own locks, by hash, without the extras that want a card.
packages() {
  local part locks=()
  for part in $PARTS; do
    python3 tools/images/closure.py "$part" >"$root/src/$part.lock"
    locks+=(-r "$part.lock")
  done
  installer
  [ -x "$root/opt/troupe/bin/python" ] || inside uv venv -q --python /usr/bin/$PYTHON /opt/troupe
  say "Installing the locks"
  inside uv pip install -q --python /opt/troupe/bin/python --require-hashes "${locks[@]}"
  for part in protos $PARTS; do # plain Python: this machine's own uv makes their wheels in a second each
    "${here%/*}/uv" build -q --wheel --out-dir "$root/src/parts" "$part"
  done
  inside sh -c 'uv pip install -q --python /opt/troupe/bin/python --no-deps parts/*.whl'
}

run() {
  [ "$(id -u)" = 0 ] || { say "tools/arm64.sh mounts and changes root: it needs root"; exit 1; }
  need
  trap undo EXIT
  emulate
  machine
  say "Debian $SUITE for ARM64 is there"
  mkdir -p "$root/src"
  settle
  packages
  say "Its processor, its Python, and how many of its libraries say that they are for it"
  inside uname -m
  inside python -c 'import platform; print(platform.python_version(), platform.machine(), platform.libc_ver())'
  find "$root/opt/troupe/lib" -name '*aarch64*.so' | wc -l
  say "The doctor"
  # shellcheck disable=SC2086  # several settings
  inside env $PATIENCE troupe doctor || true # the network's engines may be out of reach
  say "A film"
  # shellcheck disable=SC2086
  inside env $PATIENCE $ENGINES troupe demo --engine portrait --script "$SCRIPT" --out /src/out/arm64.mp4
  mkdir -p out
  cp "$root/src/out/arm64.mp4" out/arm64.mp4
  "$here" -m tests.arm64.film out/arm64.mp4
  say "Done"
}

case ${1:-} in
  run) run ;;
  purge) remove ;;
  *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
