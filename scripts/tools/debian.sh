#!/bin/sh
# Usage: debian.sh CACHE HOME
# Unpacks the programs and every library they need from Debian's packages into HOME, with wrappers in HOME/bin.
# Nothing of the system changes: apt resolves and verifies against private folders in which nothing is installed, and
# each program runs on the libc that it was built for. sid is for what is too old in the stable release.
set -eu

cache=$1
home=$2
sid_packages="rclone unar 7zip qbittorrent-nox just libc-gconv-modules-extra"
bookworm_packages="qbittorrent-nox"

remedy="put rclone, unar, 7zz and qbittorrent-nox on PATH and set MEDIA_PIPELINE_TOOLS_FROM_PATH=1"

say() { printf 'set-up: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 75
}

case $(uname -m) in
  x86_64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 ;;
  aarch64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
  *) die "no recipe for $(uname -m): $remedy" ;;
esac
for program in apt-get dpkg; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: $remedy"
done

mkdir -p "$cache"
exec 9>"$cache/tools.lock"
if command -v flock >/dev/null 2>&1; then flock 9; fi
[ -d "$home/bin" ] && exit 0

rm -rf "$cache"/partial-debian.* # of a run that was killed
partial=$(mktemp -d "$cache/partial-debian.XXXXXX")
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
  suite=$1
  shift
  apt-get -qq \
    -o Dir::Etc::sourcelist="$partial/apt/$suite/sources.list" -o Dir::Etc::sourceparts="$partial/apt/none" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$partial/apt/none" \
    -o Dir::State="$partial/apt/$suite/state" -o Dir::State::Lists="$partial/apt/$suite/lists" \
    -o Dir::State::status="$partial/apt/$suite/status" -o Dir::Cache="$partial/apt/$suite/cache" \
    -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o APT::Default-Release= -o Acquire::Languages=none \
    -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o APT::Update::Post-Invoke-Success= "$@" >&2 9>&-
}

unpack() {
  suite=$1
  shift
  say "fetching from $suite: $*"
  mkdir -p "$partial/apt/none" "$partial/apt/$suite/lists/partial" "$partial/apt/$suite/cache/archives/partial" \
    "$partial/apt/$suite/state" "$partial/$suite"
  : >"$partial/apt/$suite/status"
  echo "deb $signed $mirror $suite main" >"$partial/apt/$suite/sources.list"
  private_apt "$suite" update ||
    die "apt cannot read $suite at $mirror; check the network and apt's sources, or $remedy"
  for package in "$@"; do
    private_apt "$suite" install --yes --no-install-recommends --download-only "$package" ||
      die "$package cannot be fetched from $suite at $mirror; check apt's sources, or $remedy"
  done
  for package in "$partial/apt/$suite/cache/archives"/*.deb; do
    dpkg -x "$package" "$partial/$suite" || die "cannot unpack ${package##*/}; is the disk full?"
  done
}

# wrap NAME SUITE PROGRAM [VARIABLE=VALUE…]: no --argv0, as 7-Zip looks for its codecs beside argv[0].
wrap() {
  name=$1 suite=$2 program=$3
  shift 3
  libraries=$home/$suite/usr/lib/$triplet:$home/$suite/lib/$triplet:$home/$suite/usr/lib/$triplet/libproxy
  {
    echo '#!/bin/sh'
    for assignment in "$@"; do echo "export ${assignment%%=*}='${assignment#*=}'"; done
    echo "exec '$home/$suite/$loader' --library-path '$libraries' '$home/$suite/$program' \"\$@\""
  } >"$partial/bin/$name"
  chmod 755 "$partial/bin/$name"
}

unpack sid $sid_packages
unpack bookworm $bookworm_packages
rm -rf "$partial/apt"
# A package of a merged-/usr suite brings only usr/lib; the loader is looked for at its old path.
for link in lib lib64; do
  [ -e "$partial/sid/$link" ] || ln -s "usr/$link" "$partial/sid/$link"
done

mkdir "$partial/bin"
gconv="GCONV_PATH=$home/sid/usr/lib/$triplet/gconv"
gnustep="GNUSTEP_CONFIG_FILE=$home/GNUstep.conf"
sed "s|=/usr/|=$home/sid/usr/|; s|'\${GS_MULTIARCH}'|$triplet|" \
  "$partial/sid/etc/GNUstep/GNUstep.conf" >"$partial/GNUstep.conf"
wrap rclone sid usr/bin/rclone
wrap unar sid usr/bin/unar "$gconv" "$gnustep"
wrap lsar sid usr/bin/lsar "$gconv" "$gnustep"
wrap 7zz sid usr/lib/7zip/7z
wrap just sid usr/bin/just
wrap qbittorrent-nox-5 sid usr/bin/qbittorrent-nox "QT_PLUGIN_PATH=$home/sid/usr/lib/$triplet/qt6/plugins"
wrap qbittorrent-nox-4 bookworm usr/bin/qbittorrent-nox "QT_PLUGIN_PATH=$home/bookworm/usr/lib/$triplet/qt5/plugins"

rm -rf "$home"
mv -T "$partial" "$home"
trap - EXIT

# prove NAME EXPECTED ARGUMENT: a program that does not start here must be named now, not by a failing test.
prove() {
  answer=$("$home/bin/$1" "$3" 2>&1) || true
  case $answer in
    *$2*) ;;
    *)
      mv -T "$home/bin" "$home/bin.broken"
      die "$1 does not run here: $(printf '%s' "$answer" | head -n 3); $remedy"
      ;;
  esac
}
prove rclone "rclone v1." version
prove unar "v1." --version
prove lsar "v1." --version
prove 7zz "7-Zip" i
prove just "just 1." --version
prove qbittorrent-nox-4 "v4." --version
prove qbittorrent-nox-5 "v5." --version
