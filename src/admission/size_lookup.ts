/** What admission must know of a VM's instancetype and preference, and of the volumes that name them. */
import type { VirtualMachine } from "../api/virtual_machine.ts";
import type { KubeClient } from "../kube/client.ts";
import { findSize, type SizeInformers } from "../resources/instancetype/find.ts";
import type { FoundSize } from "../resources/instancetype/found.ts";
import { type Inferences, inferMatchers } from "../resources/instancetype/infer.ts";

/** Less than the webhooks' own timeout, so that the user is told what took so long. */
const LOOKUP_TIMEOUT_MS = 8_000;

export interface SizeLookup {
  find(vm: VirtualMachine): Promise<FoundSize>;
  infer(vm: VirtualMachine): Promise<Inferences>;
}

/** Throws when the API server cannot tell: then nothing is admitted. */
export function sizeLookup(
  dependencies: { client: KubeClient; informers: SizeInformers },
): SizeLookup {
  const { client } = dependencies;
  return {
    find: (vm) => findSize(dependencies, vm, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)),
    infer: (vm) => inferMatchers(client, vm, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)),
  };
}
