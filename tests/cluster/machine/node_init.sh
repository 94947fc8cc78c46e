#!/usr/bin/env bash
# PID 1 of a node (see node_up.sh). Not for direct use.
set -euo pipefail
. "$(dirname "$0")/env.sh"
N=$1 NODE=node$1; S=$STATE/$NODE; R=$S/rootfs
hostname "$NODE"

# --- root: overlay of the host's root, then the real things on top
mount -t overlay overlay -o "lowerdir=/,upperdir=$S/upper,workdir=$S/work" "$R"
mount -t proc proc "$R/proc"
mount -t sysfs sysfs "$R/sys"                      # of this network namespace
mount --rbind /sys/fs/cgroup "$R/sys/fs/cgroup"
mount --rbind /dev "$R/dev"
mount -t tmpfs tmpfs "$R/run"
# directories whose content must be the host's own, wherever they are mounted from
own() { mkdir -p "$R$1"; mount --bind "$1" "$R$1"; }
own "$(realpath "$BIN")"
own "$MACHINE_DIR"
own "$STATE"                                       # --bind, not --rbind: $R is below it
# overlayfs cannot be stacked on this overlay, and the kubelet wants a real file system for its statistics
mkdir -p "$R"/var/lib/{containerd,kubelet} "$R"/var/log/{pods,containers} "$R"/etc/cni/net.d
mount --bind "$S/containerd" "$R/var/lib/containerd"
mount --bind "$S/kubelet" "$R/var/lib/kubelet"
mount --bind "$S/pods" "$R/var/log/pods"
cp "$S/etc/10-pods.conflist" "$R/etc/cni/net.d/"
echo "$NODE" >"$R/etc/hostname"
echo "$STATE/$NODE" | sha256sum | head -c32 >"$R/etc/machine-id"
cd "$R"; mkdir -p .old; pivot_root . .old; cd /
umount -l /.old
mount --make-rshared /                             # mountPropagation: Bidirectional

# --- network
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
echo 1 >"$S/ready-for-net"
until ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$NET.$((10+N))/24" dev eth0
ip link set eth0 up
ip route add default via "$HOST_IP"
for m in 1 2 3 4 5; do [ "$m" = "$N" ] || ip route add "$POD_NET.$m.0/24" via "$NET.$((10+m))"; done

# --- containerd, images, kubelet, kube-proxy
containerd -c "$S/etc/containerd.toml" >"$LOGS/$NODE-containerd.log" 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.1; done
if [ -n "$IMAGES" ]; then for t in "$IMAGES"/*.tar; do ctr -n k8s.io images import "$t"; done; fi
"$BIN/kubelet" --config "$S/etc/kubelet.yaml" --kubeconfig "$STATE/$NODE.kubeconfig" \
  --node-ip "$NET.$((10+N))" --v=2 >"$LOGS/$NODE-kubelet.log" 2>&1 &
"$BIN/kube-proxy" --kubeconfig "$STATE/kube-proxy.kubeconfig" --hostname-override "$NODE" \
  --proxy-mode nftables --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s \
  >"$LOGS/$NODE-kube-proxy.log" 2>&1 &
while :; do wait -n || true; sleep 1; done         # reap orphans as init does
