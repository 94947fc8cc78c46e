/** A client for the parts of a test that a fault is not about: what fails because the server is away is asked again. */
import { type KubeClient, KubeError, UnreachableError } from "../../src/kube/client.ts";

const PATIENCE_MS = 180_000;
const PAUSE_MS = 50;

export class PatientClient implements KubeClient {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  get: KubeClient["get"] = (...args) => patiently(() => this.#client.get(...args));
  list: KubeClient["list"] = (...args) => patiently(() => this.#client.list(...args));
  create: KubeClient["create"] = (...args) => patiently(() => this.#client.create(...args));
  update: KubeClient["update"] = (...args) => patiently(() => this.#client.update(...args));
  patch: KubeClient["patch"] = (...args) => patiently(() => this.#client.patch(...args));
  delete: KubeClient["delete"] = (...args) => patiently(() => this.#client.delete(...args));
  raw: KubeClient["raw"] = (...args) => patiently(() => this.#client.raw(...args));
  /** Informers are patient themselves. */
  watch: KubeClient["watch"] = (...args) => this.#client.watch(...args);
}

/** A write whose answer was lost is repeated: the caller's writes must bear that. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** A server that has just started does not know its definitions and webhooks yet. */
function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  if (!(error instanceof KubeError)) return false;
  const knowsNotTheKind = error.code === 404 && error.status.details?.name === undefined;
  return error.retriable || error.code === 403 || knowsNotTheKind;
}
