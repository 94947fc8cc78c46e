#!/usr/bin/env bash
# Ends kube-apiserver and starts it again on the same etcd: restart_api_server.sh SIGNAL NODES
set -euo pipefail
. "$(dirname "$0")/env.sh"
pid=$(cat "$STATE/kube-apiserver.pid")
gone() { ! running "$pid"; }
kill -s "${1#SIG}" "$pid"
wait_for 90 gone
exec "$MACHINE_DIR/up.sh" "$2"
