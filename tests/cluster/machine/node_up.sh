#!/usr/bin/env bash
# node_up.sh N: starts a real node: containerd, kubelet and kube-proxy in mount, pid, network, uts and ipc namespaces of
# their own on this host, like a container without an image:
#   root    overlay of the host's / (so the host's programs are there), private /run
#   network eth0 $NET.(10+N) on the host's bridge; pods $POD_NET.N.0/24 routed from the host
#   cgroups /$CGROUP/nodeN in every v1 hierarchy, or in the unified one
# Paths are private, so every node uses the standard ones (/var/lib/kubelet, /run/containerd/containerd.sock, ...).
set -euo pipefail
. "$(dirname "$0")/env.sh"
N=$1 NODE=node$1
alive "$STATE/$NODE.pid" && exit 0
"$MACHINE_DIR/certs.sh" node "$N"
S=$STATE/$NODE
mkdir -p "$S"/{upper,work,rootfs,containerd,kubelet,pods,etc}

# left by a node that was killed: cadvisor would spend seconds on each of these at start
find /sys/fs/cgroup/*/"$CGROUP/$NODE" -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
rm -f "$S/ready-for-net"
# parents for the kubelet's cgroupRoot; a new cpuset is unusable until it has cpus and mems
for c in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
  [ -e "$c/cgroup.procs" ] || continue
  [ "$c" = /sys/fs/cgroup/ ] || ! [ -e /sys/fs/cgroup/cgroup.procs ] || continue   # unified: below its root only
  mkdir -p "$c$CGROUP/$NODE"
  for d in "$c$CGROUP" "$c$CGROUP/$NODE"; do
    [ -e "$d/cpuset.mems" ] && ! [ -e "$d/cgroup.controllers" ] || continue
    [ -n "$(cat "$d/cpuset.cpus")" ] || cat "${d%/*}/cpuset.cpus" >"$d/cpuset.cpus"
    [ -n "$(cat "$d/cpuset.mems")" ] || cat "${d%/*}/cpuset.mems" >"$d/cpuset.mems"
  done
done

# Guests wait for processors behind nobody: their deadlines are real. (v1, v2; a node gets what the machine gives at most)
echo 20480 >"/sys/fs/cgroup/cpu/$CGROUP/cpu.shares" 2>/dev/null || echo 2000 >"/sys/fs/cgroup/$CGROUP/cpu.weight" 2>/dev/null || true

cat >"$S/etc/containerd.toml" <<TOML
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "denovirt.local/pause:dev"
  restrict_oom_score_adj = true        # where CAP_SYS_RESOURCE is missing, -998 would be refused
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"           # Debian's containernetworking-plugins
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
cat >"$S/etc/10-pods.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_NET.$N.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}
]}
JSON
cat >"$S/etc/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs            # no systemd in there
cgroupRoot: /$CGROUP/$NODE
failCgroupV1: false
failSwapOn: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]         # nobody answers there yet
resolvConf: ""                    # nothing to resolve out there
enforceNodeAllocatable: [pods]
imageGCHighThresholdPercent: 100  # never delete images: there is nowhere to pull them from
evictionHard: {memory.available: 100Mi, nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
registerNode: true
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
YAML

# kubelets set these for the whole machine; down.sh puts the old values back
[ -s "$STATE/sysctl.saved" ] || sysctl vm.overcommit_memory kernel.panic kernel.panic_on_oops >"$STATE/sysctl.saved"
export STATE BIN INDEX IMAGES
setsid unshare --mount --pid --fork --kill-child=KILL --net --uts --ipc --propagation private \
  "$MACHINE_DIR/node_init.sh" "$N" >"$LOGS/$NODE.log" 2>&1 </dev/null &
echo $! >"$STATE/$NODE.pid"

# plug its cable in: node_init.sh waits for eth0
wait_for 10 test -s "$S/ready-for-net"
init=$(pgrep -P "$(cat "$STATE/$NODE.pid")")
echo "$init" >"$S/init.pid"
cable=${BRIDGE}n$N
ip link del "$cable" 2>/dev/null || true
ip link add "$cable" type veth peer name eth0 netns "$init"
ip link set "$cable" master "$BRIDGE" up
ip route replace "$POD_NET.$N.0/24" via "$NET.$((10+N))"
