# Sourced by with-tools.sh: checks the programs on PATH and exports QBITTORRENT_4 and QBITTORRENT_5 for those there are.

need() {
  command -v "$1" >/dev/null 2>&1 || { printf 'set-up: %s is not on PATH; %s\n' "$1" "$2" >&2; exit 75; }
}

need rclone "add rclone 1.69 or newer to the shell"
need unar "add unar to the shell"
need lsar "add unar to the shell"
need 7zz "add 7-Zip (7zz, with its RAR codecs) to the shell"
need just "add just to the shell"

rclone_version=$(rclone version | sed -n '1s/^rclone v//p')
rclone_minor=${rclone_version#*.}
if [ "${rclone_version%%.*}" -eq 1 ] && [ "${rclone_minor%%.*}" -lt 69 ]; then
  printf 'set-up: rclone %s is too old; add rclone 1.69 or newer to the shell\n' "$rclone_version" >&2
  exit 75
fi

for program in qbittorrent-nox-4 qbittorrent-nox-5 qbittorrent-nox; do
  program=$(command -v "$program" 2>/dev/null) || continue
  case $("$program" --version 2>/dev/null) in
    *v4.*) : "${QBITTORRENT_4:=$program}" ;;
    *v5.*) : "${QBITTORRENT_5:=$program}" ;;
  esac
done
[ -z "${QBITTORRENT_4:-}" ] || export QBITTORRENT_4
[ -z "${QBITTORRENT_5:-}" ] || export QBITTORRENT_5
if [ -z "${QBITTORRENT_4:-}${QBITTORRENT_5:-}" ]; then
  printf 'set-up: there is no qbittorrent-nox 4 or 5 on PATH; add qbittorrent-nox to the shell\n' >&2
  exit 75
fi
