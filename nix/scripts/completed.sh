#!/bin/sh
# Usage: completed SPOOL INFOHASH
# What qBittorrent runs when a torrent is complete ("%K"): drops the ticket that `media-pipeline completed` would.
# A shell script, because the sandbox of qbittorrent.service forbids the writable code pages that Node needs.
# Exit codes: 0 the ticket is on the disk; 64 a wrong call; 75 the spool cannot be written.
set -eu

# What is a letter or a digit must not depend on the host's language.
LC_ALL=C
export LC_ALL

refuse() {
  printf 'media-pipeline completed: %s\n' "$2" >&2
  exit "$1"
}

# The name of a torrent may stand here by mistake, with whatever bytes it has.
shown() { printf '%s' "$1" | tr -c '[:print:]' '?' | head -c 80; }

[ $# -eq 2 ] || refuse 64 "give the spool and an infohash: completed SPOOL INFOHASH"
spool=$1
case $spool in
  /*) ;;
  *) refuse 64 "the spool \"$(shown "$spool")\" is not an absolute path" ;;
esac
case $2 in
  *[!0-9a-fA-F]*) digits=0 ;;
  *) digits=${#2} ;;
esac
case $digits in
  40 | 64) ;;
  *) refuse 64 "\"$(shown "$2")\" is not an infohash: 40 or 64 hexadecimal digits (%K in qBittorrent)" ;;
esac
hash=$(printf '%s' "$2" | tr A-F a-f)

temporary=
# Only what was made by this run and not renamed.
tidy() {
  status=$?
  trap - EXIT
  [ -z "$temporary" ] || rm -f -- "$temporary"
  exit "$status"
}
trap tidy EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

full() { refuse 75 "the ticket of $hash cannot be written to $(shown "$spool"): is it there, writable, and its disk not full?"; }

# Whoever reads the spool passes over names that begin with a dot, so half a ticket is never seen.
temporary=$(mktemp -- "$spool/.$hash.XXXXXXXXXX") || full
at=$(date +%s%3N)
printf '{"hash":"%s","at":%s}\n' "$hash" "$at" >"$temporary" || full
# For the group that qBittorrent and media-pipeline share, whatever the umask.
chmod 0660 -- "$temporary" || full
sync -- "$temporary" || full
mv -fT -- "$temporary" "$spool/$hash.json" || full
temporary=
sync -- "$spool" || full
