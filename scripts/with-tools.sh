#!/bin/sh
# Usage: with-tools.sh COMMAND [ARGUMENT…]
# with-node.sh plus the real programs that the tests and the demo drive: rclone, unar, lsar, 7zz, qbittorrent-nox-4, -5.
# Inside a Nix shell, MEDIA_PIPELINE_TOOLS_FROM_PATH=1 takes them from PATH instead.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if [ "${MEDIA_PIPELINE_TOOLS_FROM_PATH:-}" = 1 ]; then
  . "$here/tools/from-path.sh"
else
  tools=${MEDIA_PIPELINE_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/media-pipeline/tools}
  recipe=$here/tools/debian.sh
  sum=$(cksum <"$recipe")
  home=$tools/debian-${sum%% *}
  [ -d "$home/bin" ] || sh "$recipe" "$tools" "$home"
  PATH=$home/bin:$PATH
  QBITTORRENT_4=$home/bin/qbittorrent-nox-4
  QBITTORRENT_5=$home/bin/qbittorrent-nox-5
  export PATH QBITTORRENT_4 QBITTORRENT_5
fi

exec sh "$here/with-node.sh" "$@"
