/** Kubernetes' quality of service: which pods the kernel and the kubelet end first when a node runs out. */
import type { Quantity } from "../api/quantity.ts";
import { thousandthsOf } from "./quantity_comparison.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** Others say nothing about how a pod is treated. */
const RESOURCES = ["cpu", "memory"] as const;

/** As travels in JSON. */
export interface ContainerAmounts {
  resources?: {
    requests?: Record<string, Quantity> | undefined;
    limits?: Record<string, Quantity> | undefined;
  } | undefined;
}

export interface PodContainers {
  initContainers?: readonly ContainerAmounts[] | undefined;
  containers: readonly ContainerAmounts[];
}

/**
 * By the rule of Kubernetes (pkg/apis/core/v1/helper/qos): Guaranteed when each container has limits of CPU and memory and
 * requests as much of them, BestEffort when none has any. Amounts count by value, zero is none, and a limit alone is a request
 * as well. Containers that initialize count like the others.
 */
export function qosClass(pod: PodContainers): QosClass {
  const containers = [...pod.initContainers ?? [], ...pod.containers];
  const amounts = containers.flatMap(({ resources }) =>
    RESOURCES.map((name) => {
      const limit = amountOf(resources?.limits?.[name]);
      const { [name]: request = resources?.limits?.[name] } = resources?.requests ?? {};
      return { limit, request: amountOf(request) };
    })
  );
  if (amounts.every(({ limit, request }) => limit === 0n && request === 0n)) return "BestEffort";
  const isGuaranteed = amounts.every(({ limit, request }) => limit > 0n && request === limit);
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

/** Nonsense is none: whoever owns the field refuses it. */
function amountOf(quantity: Quantity | undefined): bigint {
  const amount = thousandthsOf(quantity) ?? 0n;
  return amount > 0n ? amount : 0n;
}
