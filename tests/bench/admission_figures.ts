/** What admission takes of a request, beside what reading and writing its JSON alone takes in the same run. */
import { Admission } from "../../src/admission/admission.ts";
import { EMPTY_WORLD } from "../../src/admission/testing/empty_world.ts";
import { BUILT_IN_DEFAULTS } from "../../src/resources/cluster_defaults.ts";
import { SILENT_LOGGER } from "../../src/runtime/log.ts";
import { largeVirtualMachine } from "./large_machine.ts";
import { percentile } from "./percentile.ts";

const OBJECT_BYTES = 100_000;
const WARM_UPS = 50;
const ROUNDS = 300;

/** At the 99th percentile. */
export interface AdmissionFigures {
  mutateMs: number;
  validateMs: number;
  /** Reading the review and writing it again. */
  jsonMs: number;
}

const admission = new Admission({
  cluster: () => BUILT_IN_DEFAULTS,
  installationUsers: [],
  ...EMPTY_WORLD,
  logger: SILENT_LOGGER,
});

export async function admissionFigures(): Promise<AdmissionFigures> {
  const body = reviewOf(largeVirtualMachine(OBJECT_BYTES));
  return {
    jsonMs: await p99(() => void JSON.stringify(JSON.parse(new TextDecoder().decode(body)))),
    mutateMs: await p99(() => ask("/virtualmachines-mutate", body)),
    validateMs: await p99(() => ask("/virtualmachines-validate", body)),
  };
}

function reviewOf(object: unknown): Uint8Array<ArrayBuffer> {
  const request = {
    uid: "1",
    operation: "CREATE",
    namespace: "default",
    name: "large",
    userInfo: { username: "jane" },
    object,
  };
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
  return new TextEncoder().encode(JSON.stringify(review));
}

async function ask(path: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const { status, body: answer } = await admission.handle({
    method: "POST",
    path,
    query: new URLSearchParams(),
    headers: new Map(),
    body,
    peer: undefined,
    signal: new AbortController().signal,
  });
  if (status !== 200 || !String(answer).includes('"allowed":true')) {
    throw new Error(
      `Cannot measure admission: it answered ${status}: ${String(answer).slice(0, 500)}`,
    );
  }
}

async function p99(work: () => void | Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    const startMs = performance.now();
    await work();
    if (round >= WARM_UPS) times.push(performance.now() - startMs);
  }
  return percentile(times, 0.99);
}
