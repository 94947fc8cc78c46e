#!/usr/bin/env bash
# Certificates and kubeconfigs (openssl only, ECDSA). Idempotent: existing files are kept.
#   certs.sh              control-plane certificates
#   certs.sh node N       client certificate + kubeconfig of node N
set -euo pipefail
. "$(dirname "$0")/env.sh"
mkdir -p "$PKI"; cd "$PKI"

key() { [ -s "$1.key" ] || openssl ecparam -name prime256v1 -genkey -noout 2>/dev/null | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; }
ca() { # NAME CN
  [ -s "$1.crt" ] && return 0
  key "$1"
  openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/CN=$2" \
    -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature' -out "$1.crt"
}
cert() { # NAME CA SUBJECT USAGE [SAN]
  [ -s "$1.crt" ] && return 0
  key "$1"
  openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 -sha256 -out "$1.crt" 2>/dev/null \
    -extfile <(echo "keyUsage=critical,digitalSignature"; echo "extendedKeyUsage=$4"; [ -z "${5:-}" ] || echo "subjectAltName=$5")
  rm -f "$1.csr"
}
kubeconfig() { # FILE SERVER CERTNAME
  [ -s "$1" ] && return 0
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: denovirt, cluster: {server: "$2", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: me, user: {client-certificate-data: $(base64 -w0 "$3.crt"), client-key-data: $(base64 -w0 "$3.key")}}]
contexts: [{name: denovirt, context: {cluster: denovirt, user: me}}]
current-context: denovirt
YAML
}

if [ "${1:-}" = node ]; then
  n=node$2
  cert "$n" ca "/O=system:nodes/CN=system:node:$n" clientAuth
  kubeconfig "$STATE/$n.kubeconfig" "https://$HOST_IP:$API_PORT" "$n"
  cert "kube-proxy" ca "/CN=system:kube-proxy" clientAuth
  kubeconfig "$STATE/kube-proxy.kubeconfig" "https://$HOST_IP:$API_PORT" kube-proxy
  exit
fi

ca ca cluster-ca                       # clients, API server, CSR signing
ca front-proxy-ca front-proxy-ca   # aggregation layer: must NOT be the client CA
key sa; [ -s sa.pub ] || openssl pkey -in sa.key -pubout -out sa.pub   # service-account tokens
cert apiserver ca /CN=kube-apiserver serverAuth \
  "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$HOST_IP,IP:$SVC_IP1"
cert apiserver-kubelet-client ca "/O=system:masters/CN=kube-apiserver-kubelet-client" clientAuth
cert front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
cert admin ca "/O=system:masters/CN=admin" clientAuth
cert kcm ca /CN=system:kube-controller-manager clientAuth
cert scheduler ca /CN=system:kube-scheduler clientAuth
kubeconfig "$KUBECONFIG_ADMIN" "https://127.0.0.1:$API_PORT" admin
kubeconfig "$STATE/kcm.kubeconfig" "https://127.0.0.1:$API_PORT" kcm
kubeconfig "$STATE/scheduler.kubeconfig" "https://127.0.0.1:$API_PORT" scheduler
