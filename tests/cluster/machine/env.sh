# Settings shared by the scripts beside this one. The caller gives STATE (an absolute directory for everything of this cluster) and BIN
# (Kubernetes' programs); IMAGES is a directory of image archives that every node imports. INDEX tells clusters on one
# machine apart: ports, addresses, the bridge and the cgroups follow from it.
MACHINE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${STATE:?}" "${BIN:?}"
INDEX=${INDEX:-$(cat "$STATE/index" 2>/dev/null || echo 0)}
IMAGES=${IMAGES:-$(cat "$STATE/images" 2>/dev/null || true)}
APISERVER_EXTRA=${APISERVER_EXTRA:-$(cat "$STATE/apiserver_extra" 2>/dev/null || true)}
PKI=$STATE/pki
LOGS=$STATE/logs
# Below the ports that Services (30000 and up) and clients (32768 and up) are given, or one of them may have it.
ETCD_PORT=$((26743 + INDEX * 10))
API_PORT=$((26443 + INDEX))
CONTROLLER_MANAGER_PORT=$((26543 + INDEX))
SCHEDULER_PORT=$((26643 + INDEX))
BRIDGE=dnvcluster$INDEX           # the switch of the machine room: the host is .1, node N is .(10+N)
NET=10.200.$INDEX                 # /24
HOST_IP=$NET.1
POD_NET=10.$((210 + INDEX))       # node N gets $POD_NET.N.0/24
SVC_NET=10.96.0.0/16
SVC_IP1=10.96.0.1
CGROUP=denovirt-cluster$INDEX     # node N lives under /sys/fs/cgroup/*/$CGROUP/nodeN
KUBECONFIG_ADMIN=$STATE/admin.kubeconfig

# running PID (a zombie that its parent has not collected yet does not count), alive PIDFILE
running() { local s; s=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) && [ -n "$s" ] && [ "${s%% *}" != Z ]; }
alive() { [ -s "$1" ] && running "$(cat "$1")"; }

# daemon NAME COMMAND...: starts in the background once, logs to logs/NAME.log, remembers the pid
daemon() {
  local name=$1; shift
  if alive "$STATE/$name.pid"; then return 0; fi
  setsid "$@" >"$LOGS/$name.log" 2>&1 </dev/null &
  echo $! >"$STATE/$name.pid"
}

# wait_for SECONDS COMMAND...
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "timed out waiting for: $*" >&2; return 1; }
    sleep 0.1
  done
}
