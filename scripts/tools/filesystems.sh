#!/bin/sh
# Usage: filesystems.sh
# Prints a folder with mkfs.ext4, mkfs.btrfs, btrfs, mkfs.xfs, zfs-fuse, zpool and zfs, unpacking them from Debian 12's packages if need
# be, as debian.sh does (its zfs-fuse is the last one that mounts). Inside a Nix shell, MEDIA_PIPELINE_TOOLS_FROM_PATH=1
# takes them from PATH instead and prints an empty line; zfs-fuse may then be missing.
set -eu

packages="zfs-fuse btrfs-progs xfsprogs e2fsprogs"
remedy="put mkfs.ext4, btrfs-progs, xfsprogs and zfs-fuse on PATH and set MEDIA_PIPELINE_TOOLS_FROM_PATH=1"

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 75
}

if [ "${MEDIA_PIPELINE_TOOLS_FROM_PATH:-}" = 1 ]; then
  echo
  exit 0
fi

cache=${MEDIA_PIPELINE_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/media-pipeline/tools}
sum=$(cksum <"$0")
home=$cache/filesystems-${sum%% *}
if [ -d "$home/bin" ]; then
  echo "$home/bin"
  exit 0
fi

case $(uname -m) in
  x86_64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 ;;
  aarch64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
  *) die "no recipe for $(uname -m): $remedy" ;;
esac
for program in apt-get dpkg; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: $remedy"
done

mkdir -p "$cache"
exec 9>"$cache/filesystems.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi
if [ -d "$home/bin" ]; then
  echo "$home/bin"
  exit 0
fi

rm -rf "$cache"/partial-filesystems.* # of a run that was killed
partial=$(mktemp -d "$cache/partial-filesystems.XXXXXX")
trap 'rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The machine's own mirror, with the suite changed.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1) || true
[ -n "$mirror" ] || die "apt has no Debian mirror configured (a source whose address ends in /debian)"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=
[ ! -f "$keyring" ] || signed="[signed-by=$keyring]"

private_apt() {
  apt-get -qq \
    -o Dir::Etc::sourcelist="$partial/apt/sources.list" -o Dir::Etc::sourceparts="$partial/apt/none" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$partial/apt/none" \
    -o Dir::State="$partial/apt/state" -o Dir::State::Lists="$partial/apt/lists" \
    -o Dir::State::status="$partial/apt/status" -o Dir::Cache="$partial/apt/cache" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o APT::Default-Release= -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o APT::Update::Post-Invoke-Success= "$@" >&2 9>&-
}

say "fetching from bookworm: $packages"
mkdir -p "$partial/apt/none" "$partial/apt/lists/partial" "$partial/apt/cache/archives/partial" "$partial/apt/state" \
  "$partial/root" "$partial/bin"
: >"$partial/apt/status"
echo "deb $signed $mirror bookworm main" >"$partial/apt/sources.list"
private_apt update || die "apt cannot read bookworm at $mirror; check the network and apt's sources, or $remedy"
for package in $packages; do
  private_apt install --yes --no-install-recommends --download-only "$package" ||
    die "$package cannot be fetched from bookworm at $mirror; check apt's sources, or $remedy"
done
for package in "$partial/apt/cache/archives"/*.deb; do
  dpkg -x "$package" "$partial/root" || die "cannot unpack ${package##*/}; is the disk full?"
done
rm -rf "$partial/apt"
for link in lib lib64; do
  [ -e "$partial/root/$link" ] || ln -s "usr/$link" "$partial/root/$link"
done

libraries=$home/root/usr/lib/$triplet:$home/root/lib/$triplet
for name in mkfs.ext4 mkfs.btrfs btrfs mkfs.xfs zfs-fuse zpool zfs; do
  for folder in usr/sbin sbin usr/bin bin; do
    [ -x "$partial/root/$folder/$name" ] || continue
    printf '#!/bin/sh\nexec %s --library-path %s --argv0 "$0" %s "$@"\n' \
      "'$home/root/$loader'" "'$libraries'" "'$home/root/$folder/$name'" >"$partial/bin/$name"
    chmod 755 "$partial/bin/$name"
    break
  done
  [ -x "$partial/bin/$name" ] || die "$name is in none of the packages: $remedy"
done

rm -rf "$home"
mv -T "$partial" "$home"
trap - EXIT
echo "$home/bin"
