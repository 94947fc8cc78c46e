/** Brings the images of pods, a few at a time, with growing pauses after failures: as the kubelet does. */
import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../runtime/log.ts";
import { FetchError } from "../images/fetch_image.ts";
import { parseImageReference } from "../images/image_reference.ts";
import type { ImageStore, PullPolicy, StoredImage } from "../images/image_store.ts";
import { BadImageError } from "../images/image_tree.ts";

/** How it stands with an image that a pod needs. */
export type ImageState =
  | { kind: "absent" }
  | { kind: "pulling" }
  | { kind: "present"; digest: string; root: string }
  /** Tried again at `retryAt`; until then it counts as backing off. */
  | { kind: "failed"; reason: ImageFailure; message: string; retryAt: string };

const FAILURES = ["ErrImagePull", "ErrImageNeverPull", "InvalidImageName"] as const;
export type ImageFailure = typeof FAILURES[number];

export interface WantedImage {
  image: string;
  policy: PullPolicy;
}

/** The kubelet's. */
const BACKOFF = { baseMs: 10_000, maxMs: 300_000 };
const PARALLEL_MAX = 2;
/** From this age on a pull tells how far it is. */
const PROGRESS_AFTER_MS = 2_000;
const MIB = 1024 * 1024;

export interface PodImagesOptions {
  store: ImageStore;
  /** Images that are on this machine without being pulled: their roots by name. */
  builtIn: ReadonlyMap<string, string>;
  clock: Clock;
  log: Logger;
  /** Something has changed for the pod. */
  onChange: (podUid: string) => void;
}

interface PodPull {
  state: ImageState;
  attempts: number;
}

export class PodImages {
  readonly #options: PodImagesOptions;
  /** By pod UID, then by image. */
  readonly #pods = new Map<string, Map<string, PodPull>>();
  /** By image: two pods that want the same wait for one. */
  readonly #running = new Map<string, Promise<StoredImage>>();
  readonly #waiting: (() => void)[] = [];
  #slots = PARALLEL_MAX;

  constructor(options: PodImagesOptions) {
    this.#options = options;
  }

  state(podUid: string, image: string): ImageState {
    const root = this.#options.builtIn.get(image);
    if (root !== undefined) return { kind: "present", digest: "", root };
    return this.#pods.get(podUid)?.get(image)?.state ?? { kind: "absent" };
  }

  /** Begins to bring it, and returns. */
  pull(
    podUid: string,
    { image, policy }: WantedImage,
    options: { authFile?: string | undefined; signal: AbortSignal },
  ): void {
    const ofPod = this.#pods.get(podUid) ?? new Map<string, PodPull>();
    this.#pods.set(podUid, ofPod);
    const attempts = ofPod.get(image)?.attempts ?? 0;
    if (ofPod.get(image)?.state.kind === "pulling") return;
    ofPod.set(image, { state: { kind: "pulling" }, attempts });
    this.#bring({ image, policy }, options).then(
      ({ digest, root }) => this.#settle(podUid, image, { kind: "present", digest, root }, 0),
      (error) => {
        if (options.signal.aborted) return;
        this.#options.log.warn("an image could not be pulled", { image, error });
        this.#settle(podUid, image, this.#failure(error, attempts, policy), attempts + 1);
      },
    );
  }

  forget(podUid: string): void {
    this.#pods.delete(podUid);
  }

  /** Digests of all images that pods here hold. */
  *inUse(): Iterable<string> {
    for (const ofPod of this.#pods.values()) {
      for (const { state } of ofPod.values()) if (state.kind === "present") yield state.digest;
    }
  }

  /** After a restart: what a pod that runs was started from. */
  async adopt(podUid: string, image: string): Promise<void> {
    const reference = parseImageReference(image);
    const stored = reference && await this.#options.store.find(reference);
    if (stored !== undefined) this.#keep(podUid, image, { kind: "present", ...stored }, 0);
  }

  #settle(podUid: string, image: string, state: ImageState, attempts: number): void {
    this.#keep(podUid, image, state, attempts);
    this.#options.onChange(podUid);
  }

  #keep(podUid: string, image: string, state: ImageState, attempts: number): void {
    const ofPod = this.#pods.get(podUid) ?? new Map<string, PodPull>();
    this.#pods.set(podUid, ofPod);
    ofPod.set(image, { state, attempts });
  }

  async #bring(
    { image, policy }: WantedImage,
    options: { authFile?: string | undefined; signal: AbortSignal },
  ): Promise<StoredImage> {
    const reference = parseImageReference(image);
    if (reference === undefined) throw new InvalidNameError(`not the name of an image: ${image}`);
    // A pull with a pod's own credentials is not for others to join.
    const key = options.authFile === undefined ? image : `${image} ${options.authFile}`;
    const running = this.#running.get(key);
    if (running !== undefined) return await running;
    const began = this.#inSlot(() => {
      const onProgress = this.#progress(image);
      return this.#options.store.pull(reference, { policy, onProgress, ...options });
    });
    this.#running.set(key, began);
    try {
      return await began;
    } finally {
      this.#running.delete(key);
    }
  }

  async #inSlot<T>(work: () => Promise<T>): Promise<T> {
    while (this.#slots === 0) await new Promise<void>((free) => this.#waiting.push(free));
    this.#slots--;
    try {
      return await work();
    } finally {
      this.#slots++;
      this.#waiting.shift()?.();
    }
  }

  #progress(image: string): (bytes: number) => void {
    const { clock, log } = this.#options;
    const startMs = clock.monotonicMs();
    return (bytes) => {
      const seconds = Math.round((clock.monotonicMs() - startMs) / 1000);
      if (seconds * 1000 < PROGRESS_AFTER_MS) return;
      log.info("pulling an image", { image, mebibytes: Math.round(bytes / MIB), seconds });
    };
  }

  #failure(error: unknown, attempts: number, policy: PullPolicy): ImageState {
    const isKnown = error instanceof FetchError || error instanceof BadImageError;
    const text = error instanceof Error ? error.message : String(error);
    const delayMs = backoffMs(attempts, BACKOFF);
    return {
      kind: "failed",
      reason: error instanceof InvalidNameError
        ? "InvalidImageName"
        : policy === "Never"
        ? "ErrImageNeverPull"
        : "ErrImagePull",
      message: isKnown || error instanceof InvalidNameError ? text : `Cannot pull: ${text}`,
      retryAt: new Date(this.#options.clock.now().getTime() + delayMs).toISOString(),
    };
  }
}

class InvalidNameError extends Error {
  override name = "InvalidNameError";
}
