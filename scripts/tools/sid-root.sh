#!/bin/sh
# Usage: sid-root.sh CACHE HOME
# Builds in HOME the root of a small Debian sid, which systemd-nspawn boots: systemd, and the real programs whose units
# we test. debootstrap and systemd-nspawn are installed on this machine where they are missing; nothing else changes.
set -eu

cache=$1
home=$2
packages=$(printf '%s,' systemd systemd-sysv dbus qbittorrent-nox rclone 7zip unar nodejs fuse3 util-linux procps)

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 75
}

# install PROGRAM PACKAGE
install() {
  ! command -v "$1" >/dev/null 2>&1 || return 0
  command -v apt-get >/dev/null 2>&1 || die "$1 is missing: put it on PATH, or run this on Debian"
  say "installing $2"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq install --yes --no-install-recommends "$2" >/dev/null 2>&1 9>&- ||
    { apt-get -qq update && apt-get -qq install --yes --no-install-recommends "$2"; } >&2 9>&- ||
    die "apt cannot install $2; check the network and apt's sources"
}

[ "$(id -u)" -eq 0 ] || die "booting a real systemd needs root: run the tests as root, on a machine of their own"
mkdir -p "$cache"
exec 9>"$cache/sid-root.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi
# Also where the root is there already, in a cache that came from elsewhere.
install systemd-nspawn systemd-container
[ -d "$home" ] && exit 0

for program in apt-get dpkg; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: the root of the boot tests is built on Debian only"
done
install debootstrap debootstrap

rm -rf "$cache"/partial-sid-root.* # of a run that was killed
partial=$(mktemp -d "$cache/partial-sid-root.XXXXXX")
trap 'rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The machine's own mirror, with the suite changed.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1) || true
[ -n "$mirror" ] || die "apt has no Debian mirror configured (a source whose address ends in /debian)"

# debootstrap mounts proc and sys inside; a mount namespace of its own takes them along when it ends, however it ends.
say "building a Debian sid root for the boot tests (some two minutes)"
mkdir -p "$partial/root/etc/dpkg/dpkg.cfg.d"
cat >"$partial/root/etc/dpkg/dpkg.cfg.d/small-and-fast" <<END
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/icons/*
END
unshare --mount --propagation private --fork --kill-child \
  debootstrap --variant=minbase --include="${packages%,}" sid "$partial/root" "$mirror" >"$partial/log" 2>&1 9>&- || {
  tail -n 15 "$partial/log" >&2
  die "debootstrap could not build a sid root from $mirror; check the network and the disk"
}

root=$partial/root
# The name that the worker looks for first; 7-Zip looks for its codecs beside argv[0].
printf '#!/bin/sh\nexec /usr/lib/7zip/7z "$@"\n' >"$root/usr/bin/7zz"
chmod 755 "$root/usr/bin/7zz"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root/var/log"/*.log
# The users of the module; the numbers do not matter, but they have to be the same in every copy.
chroot "$root" sh -eu -c '
  groupadd --system media
  useradd --system --gid media --home-dir /var/lib/media-pipeline --shell /usr/sbin/nologin media-pipeline
  useradd --system --gid media --home-dir /var/lib/qBittorrent --shell /usr/sbin/nologin qbittorrent
  useradd --system --shell /usr/sbin/nologin --no-create-home stranger'
: >"$root/etc/machine-id"
echo pipeline >"$root/etc/hostname"
printf '127.0.0.1 localhost pipeline\n' >"$root/etc/hosts"
: >"$root/etc/fstab"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service systemd-pcrlock-make-policy.service \
  console-getty.service getty@.service systemd-firstboot.service systemd-homed.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# prove PROGRAM EXPECTED ARGUMENT…: what does not start in this root must be named now, not by a failing test.
prove() {
  program=$1 expected=$2
  shift 2
  answer=$(chroot "$root" "$program" "$@" 2>&1) || true
  case $answer in
    *"$expected"*) ;;
    *) die "$program does not run in the sid root: $(printf '%s' "$answer" | head -n 3)" ;;
  esac
}
prove systemctl "systemd 2" --version
prove qbittorrent-nox "v5." --version
prove rclone "rclone v1." version
prove 7zz "7-Zip" i
prove unar "v1." --version
prove node "v2" --version
prove fusermount3 "fusermount3" --version
prove setpriv "util-linux" --version

rm -rf "$home"
mv -T "$root" "$home"
