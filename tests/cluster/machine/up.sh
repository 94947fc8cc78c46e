#!/usr/bin/env bash
# Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler on the host, then nodes 1..NODES.
#   up.sh NODES        (0: the control plane alone, on loopback, without touching the machine's network)
# Says a line per step; what is already running is left alone. APISERVER_EXTRA: more flags of kube-apiserver, by spaces.
set -euo pipefail
. "$(dirname "$0")/env.sh"
NODES=${1:-0}
mkdir -p "$STATE" "$LOGS"
start=$(date +%s%N)
lap() { printf '%5d ms  %s\n' "$(( ($(date +%s%N) - start) / 1000000 ))" "$*"; }

echo "$IMAGES" >"$STATE/images"
echo "$APISERVER_EXTRA" >"$STATE/apiserver_extra"
if [ "$NODES" = 0 ]; then
  HOST_IP=127.0.0.1
  # loopback addresses are refused in endpoints: nobody needs the kubernetes Service without nodes
  network=(--bind-address 127.0.0.1 --endpoint-reconciler-type none --enable-aggregator-routing=false)
else
  network=(--bind-address 0.0.0.0 --advertise-address "$HOST_IP" --enable-aggregator-routing=true)
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    ip link add "$BRIDGE" type bridge
    ip addr add "$HOST_IP/24" dev "$BRIDGE"
    ip link set "$BRIDGE" up
    echo "$BRIDGE" >"$STATE/bridge"
  fi
fi
"$MACHINE_DIR/certs.sh"

daemon etcd "$BIN/etcd" --name denovirt --data-dir "$STATE/etcd" \
  --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
  --listen-peer-urls "http://127.0.0.1:$((ETCD_PORT+1))" --initial-advertise-peer-urls "http://127.0.0.1:$((ETCD_PORT+1))" \
  --initial-cluster "denovirt=http://127.0.0.1:$((ETCD_PORT+1))" \
  --unsafe-no-fsync --quota-backend-bytes 4294967296 --log-level warn

daemon kube-apiserver "$BIN/kube-apiserver" \
  --etcd-servers "http://127.0.0.1:$ETCD_PORT" --secure-port "$API_PORT" "${network[@]}" \
  --service-cluster-ip-range "$SVC_NET" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
  --client-ca-file "$PKI/ca.crt" --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
  --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
  --kubelet-client-certificate "$PKI/apiserver-kubelet-client.crt" --kubelet-client-key "$PKI/apiserver-kubelet-client.key" \
  --kubelet-preferred-address-types InternalIP \
  --requestheader-client-ca-file "$PKI/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
  --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
  --requestheader-extra-headers-prefix X-Remote-Extra- \
  --proxy-client-cert-file "$PKI/front-proxy-client.crt" --proxy-client-key-file "$PKI/front-proxy-client.key" \
  $APISERVER_EXTRA

kubectl="$BIN/kubectl --kubeconfig $KUBECONFIG_ADMIN"
wait_for 120 $kubectl get --raw /readyz
lap "kube-apiserver ready"

daemon kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig "$STATE/kcm.kubeconfig" \
  --authentication-kubeconfig "$STATE/kcm.kubeconfig" --authorization-kubeconfig "$STATE/kcm.kubeconfig" \
  --bind-address 127.0.0.1 --secure-port "$CONTROLLER_MANAGER_PORT" --leader-elect=false --kube-api-qps 500 --kube-api-burst 1000 \
  --use-service-account-credentials \
  --service-account-private-key-file "$PKI/sa.key" --root-ca-file "$PKI/ca.crt" \
  --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key"
daemon kube-scheduler "$BIN/kube-scheduler" --kubeconfig "$STATE/scheduler.kubeconfig" \
  --authentication-kubeconfig "$STATE/scheduler.kubeconfig" --authorization-kubeconfig "$STATE/scheduler.kubeconfig" \
  --bind-address 127.0.0.1 --secure-port "$SCHEDULER_PORT" --leader-elect=false --kube-api-qps 500 --kube-api-burst 1000

for n in $(seq 1 "$NODES"); do "$MACHINE_DIR/node_up.sh" "$n"; done

wait_for 60 $kubectl -n default get serviceaccount default       # the controller manager is at work
wait_for 60 curl -fsk "https://127.0.0.1:$SCHEDULER_PORT/readyz"
lap "kube-controller-manager and kube-scheduler ready"

for n in $(seq 1 "$NODES"); do
  wait_for 180 $kubectl get "node/node$n"
  $kubectl wait --for=condition=Ready "node/node$n" --timeout=90s >/dev/null
  lap "node$n ready"
done
