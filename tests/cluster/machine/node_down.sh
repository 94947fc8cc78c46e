#!/usr/bin/env bash
# node_down.sh N: powers node N off at once, as if it were unplugged. Its disk (images, kubelet state) is kept, so
# `node_up.sh N` boots it again. The Node object is not touched.
set -uo pipefail
. "$(dirname "$0")/env.sh"
N=$1 NODE=node$1 S=$STATE/node$1
if alive "$STATE/$NODE.pid"; then
  # killing the init of the pid namespace takes containerd, its shims and every container with it
  [ -s "$S/init.pid" ] && kill -KILL "$(cat "$S/init.pid")" 2>/dev/null
  for _ in $(seq 100); do alive "$STATE/$NODE.pid" || break; sleep 0.1; done
  alive "$STATE/$NODE.pid" && kill -KILL "$(cat "$STATE/$NODE.pid")"
fi
rm -f "$STATE/$NODE.pid" "$S/init.pid" "$S/ready-for-net"
ip link del "${BRIDGE}n$N" 2>/dev/null
for _ in $(seq 30); do        # empty as soon as the last container process is gone
  find /sys/fs/cgroup/"$CGROUP/$NODE" /sys/fs/cgroup/*/"$CGROUP/$NODE" -depth -type d -exec rmdir {} + 2>/dev/null
  ls -d /sys/fs/cgroup/"$CGROUP/$NODE" /sys/fs/cgroup/*/"$CGROUP/$NODE" >/dev/null 2>&1 || break
  sleep 0.1
done
true
