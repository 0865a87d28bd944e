#!/bin/sh
# Usage: supervisor.sh ROOT STAGE MOUNT CGROUP
# Boots ROOT with STAGE's files over it, throwing all changes away. Runs as process 1 of a process and a mount
# namespace: whatever kills it takes the booted system and every mount along.
set -eu

root=$1 stage=$2 mount=$3 cgroup=$4

# Limits how much it can take, and takes nothing before it is written to.
mount -t tmpfs -o size=64G,mode=755 tmpfs "$mount"
mkdir "$mount/upper" "$mount/work" "$mount/root"
cp -a "$stage/." "$mount/upper/"
if ! mount -t overlay -o "lowerdir=$root,upperdir=$mount/upper,workdir=$mount/work" overlay "$mount/root"; then
  echo "no overlay here: the root is copied" >&2
  cp -a "$root/." "$mount/root/"
  cp -a "$mount/upper/." "$mount/root/"
fi

mkdir "$cgroup"
echo 0 >"$cgroup/cgroup.procs"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn

fuse=
[ ! -c /dev/fuse ] || fuse=--bind=/dev/fuse
# A host of its own, as far as that goes: no registration, no network but loopback, and nothing of this machine's.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --directory="$mount/root" --boot --machine=pipeline \
  --register=no --keep-unit --settings=no --console=pipe --private-network --link-journal=no --resolv-conf=off \
  --timezone=off --system-call-filter='@keyring bpf' $fuse systemd.show_status=no
