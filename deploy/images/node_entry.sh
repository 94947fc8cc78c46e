#!/bin/busybox sh
# Entry of the node image. Puts the payload below /var/lib/denovirt on the host (mounted at the same path in here), enters
# the host's mount namespace and becomes the agent there. Guests and their processes so depend on nothing of this
# container: it may be replaced at any time. Needs hostPID and privileged; arguments go to the agent.
set -eu
cd /
home=/var/lib/denovirt
name=payload-$(cat /payload.hash)
mine=$home/$name

rm -rf "$home"/.payload-*                                  # of a start that was cut short
if [ ! -e "$mine" ]; then
  partial=$(mktemp -d "$home/.payload-XXXXXX")
  cp /payload/* "$partial/"
  mv -T "$partial" "$mine"
fi

# Earlier payloads go when no process runs from them any more.
for other in "$home"/payload-*; do
  [ "$other" = "$mine" ] && continue
  in_use=
  for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" 2>/dev/null) in "$other"/*) in_use=1 && break ;; esac
  done
  [ -n "$in_use" ] || rm -rf "$other"
done

# The kubelet keeps this pod's identity, and renews it, where the host's mount namespace sees it too.
identity=${KUBELET_ROOT:-/var/lib/kubelet}/pods/$POD_UID/volumes/kubernetes.io~projected/service-account
umask 077
cat >"$home/kubeconfig" <<KUBECONFIG
apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT", certificate-authority: "$identity/ca.crt"}}]
users: [{name: node, user: {tokenFile: "$identity/token"}}]
contexts: [{name: node, context: {cluster: cluster, user: node}}]
current-context: node
KUBECONFIG
umask 022

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DENO_DIR="$mine/cache" DENO_NO_UPDATE_CHECK=1
set -- --kubeconfig="$home/kubeconfig" --node-ip="$NODE_IP" "$@"
if [ -e "$mine/denovirt-node" ]; then                      # compiled: its native parts are inside
  set -- "$mine/denovirt-node" agent "$@"
else
  set -- "$mine/deno" run --quiet --allow-all --no-config --no-lock --cached-only "$mine/node.js" --native-directory="$mine" "$@"
fi
exec /bin/busybox nsenter -t 1 -m -- "$@"
