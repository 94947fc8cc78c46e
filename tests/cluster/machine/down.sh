#!/usr/bin/env bash
# Ends what up.sh and node_up.sh started (by recorded pid) at once, and removes the network and the cgroups. STATE is
# left to its owner.
set -uo pipefail
. "$(dirname "$0")/env.sh"
stop() { # PIDFILE
  alive "$1" && {
    p=$(cat "$1"); kill -KILL "$p"
    for _ in $(seq 100); do running "$p" || break; sleep 0.1; done
  }
  rm -f "$1"
}
for f in "$STATE"/node[0-9]*.pid; do
  [ -e "$f" ] && { n=$(basename "$f" .pid); "$MACHINE_DIR/node_down.sh" "${n#node}"; }
done
for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do stop "$STATE/$name.pid"; done
[ ! -s "$STATE/bridge" ] || ip link del "$(cat "$STATE/bridge")" 2>/dev/null
[ ! -s "$STATE/sysctl.saved" ] || sysctl -qp "$STATE/sysctl.saved" && rm -f "$STATE/sysctl.saved"
rmdir /sys/fs/cgroup/"$CGROUP" /sys/fs/cgroup/*/"$CGROUP" 2>/dev/null
true
