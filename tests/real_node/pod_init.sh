#!/bin/sh
# Containers of a stand-in pod. Its mount namespace must be new.
#   pod_init.sh compute VOLUMES ROOT [NAME ROOT]...    PID 1 of the pod; a holder of an image for each further root
#   pod_init.sh hold    VOLUMES ROOT NAME
set -eu
role=$1 volumes=$2 root=$3
shift 3

# A holder that still shares the mount namespace would lose its root, and /dev/null, to the pod's pivot_root.
[ "$role" = compute ] || : >"$volumes/holds-$1"

if [ "$role" = compute ]; then
  # the pod's own interface, as a network plugin makes it; its other end needs no one
  ip link add eth0 type veth peer name pod0
  ip address add 10.244.1.5/24 dev eth0
  for link in lo eth0 pod0; do ip link set "$link" up; done
  while [ $# -gt 0 ]; do
    unshare --mount "$0" hold "$volumes" "$2" "$1" &
    until [ -e "$volumes/holds-$1" ]; do sleep 0.01; done
    rm "$volumes/holds-$1"
    shift 2
  done
fi

sockets=var/run/denovirt/sockets disks=var/run/denovirt/ephemeral-disks
mount --bind "$root" "$root"
mount --bind "$volumes/sockets" "$root/$sockets"
mount --bind "$volumes/ephemeral-disks" "$root/$disks"
mount -t proc proc "$root/proc"
cd "$root"
pivot_root . old
cd /
case $role in
compute) exec /envelope run --socket "/$sockets/compute.sock" ;;
hold) exec /envelope hold --socket "/$sockets/$1.sock" ;;
esac
