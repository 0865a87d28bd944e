#!/bin/sh
# Usage: hold-tickets SPOOL
# ExecStopPost= of media-pipeline-upload.service. The path unit starts that service for as long as a ticket lies in the
# spool, and after a wrong call or configuration (64, 78) it would do so without end: then the tickets are put aside in
# SPOOL/.held, which path units do not see. They are hints, and a run looks at everything: the first one that ends well
# has seen what they are for, so they go.
# Exit codes: 0 done; 64 a wrong call; 75 the spool cannot be written.
set -eu

[ $# -eq 1 ] || {
  printf 'hold-tickets: give the spool: hold-tickets SPOOL\n' >&2
  exit 64
}
held=$1/.held

case ${EXIT_CODE:-}:${EXIT_STATUS:-} in
  exited:64 | exited:78)
    mkdir -p -- "$held" || exit 75
    for ticket in "$1"/*; do
      [ ! -f "$ticket" ] || mv -f -- "$ticket" "$held/" || exit 75
    done
    ;;
  exited:0)
    rm -rf -- "$held" || exit 75
    ;;
esac
