/**
 * Runs a command with a control plane alone (real etcd, kube-apiserver, kube-controller-manager, kube-scheduler) whose
 * kubeconfig is in DENOVIRT_TEST_KUBECONFIG, and ends it afterwards:
 *
 *   deno run --allow-all tests/integration/control_plane.ts deno test --allow-all src/kube
 */
import { Cluster } from "../cluster/cluster.ts";

const [program, ...args] = Deno.args;
if (program === undefined) throw new Error("Cannot run: a command is needed: got none");
let code = 1;
{
  await using cluster = await Cluster.start({ nodes: 0 });
  const env = { DENOVIRT_TEST_KUBECONFIG: cluster.kubeconfigPath };
  code = (await new Deno.Command(program, { args, env }).spawn().status).code;
}
Deno.exit(code);
