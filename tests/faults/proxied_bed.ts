import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { ControlBed } from "./control_bed.ts";
import type { ControllerReplica } from "./controller_replica.ts";
import { FaultProxy } from "./fault_proxy.ts";

/** A bed whose only controller, and whose agent, reach the API server through a proxy. */
export interface ProxiedBed extends AsyncDisposable {
  proxy: FaultProxy;
  bed: ControlBed;
  controller: ControllerReplica;
}

/** Resolves when the controller leads and serves. The proxy does nothing by itself yet. */
export async function openProxiedBed(kubeconfig: string, name: string): Promise<ProxiedBed> {
  // The programs of the bed end before the proxy.
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(FaultProxy.start(await kubeconfigConnection(kubeconfig)));
  const bed = stack.use(await ControlBed.open(kubeconfig));
  const way = { server: proxy.origin, caCerts: [proxy.authority] };
  await bed.start({ agentWay: way });
  const controller = bed.replica({
    kubeconfig: await bed.installation.writeKubeconfig(way),
    name,
  });
  await controller.leading();
  await bed.installation.untilAvailable();
  const open = stack.move();
  return { proxy, bed, controller, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
