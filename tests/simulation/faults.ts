/** What a schedule does to its parts. Everything is calm after `calm()`: then the end state must be reached. */
import type { Random } from "./random.ts";

/** How much goes wrong; each number is a probability per request, look or event. */
export interface Hardship {
  /** The request never gets there. */
  unreachable: number;
  /** The server answers 429, 500 or 503 and does nothing. */
  refused: number;
  /** A write is answered with 409 although nothing stands against it. */
  spuriousConflict: number;
  /** The request is served, the answer gets lost. */
  lostAnswer: number;
  /** The request is served or not, and nobody ever answers. */
  hang: number;
  /** A request or an answer takes very long. */
  slow: number;
  /** A watch lags behind by seconds. */
  laggingWatch: number;
  /** A watch falls silent without a word. */
  deadWatch: number;
  /** A look at the hypervisor or the envelope fails. */
  blindNode: number;
  launchFails: number;
  launchFailsForGood: number;
  /** A pod's start fails. */
  podFails: number;
  /** The guest does not hear its power button. */
  deafGuest: number;
}

const CALM: Hardship = {
  unreachable: 0,
  refused: 0,
  spuriousConflict: 0,
  lostAnswer: 0,
  hang: 0,
  slow: 0,
  laggingWatch: 0,
  deadWatch: 0,
  blindNode: 0,
  launchFails: 0,
  launchFailsForGood: 0,
  podFails: 0,
  deafGuest: 0,
};

/** The present state of all that can go wrong. */
export class Faults {
  readonly #random: Random;
  readonly #listeners: (() => void)[] = [];
  #hardship: Hardship;

  constructor(random: Random, options: { isFaultFree: boolean }) {
    this.#random = random;
    this.#hardship = options.isFaultFree ? CALM : drawn(random);
  }

  /** Whether this bad thing happens now. */
  strikes(what: keyof Hardship): boolean {
    const probability = this.#hardship[what];
    return probability > 0 && this.#random.chance(probability);
  }

  get isCalm(): boolean {
    return this.#hardship === CALM;
  }

  /** Milliseconds that a message is on its way. */
  delayMs(): number {
    return this.strikes("slow") ? this.#random.skewed(50, 20_000) : this.#random.skewed(0.2, 8);
  }

  /** No more faults. */
  calm(): void {
    this.#hardship = CALM;
    for (const listener of this.#listeners) listener();
  }

  onCalm(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

/** Each schedule has its own bad luck: most have little of some kinds and none of others. */
function drawn(random: Random): Hardship {
  const some = (max: number) => random.chance(0.45) ? 0 : max * random.next() ** 2;
  return {
    unreachable: some(0.2),
    refused: some(0.2),
    spuriousConflict: some(0.2),
    lostAnswer: some(0.2),
    hang: some(0.05),
    slow: some(0.3),
    laggingWatch: some(0.5),
    deadWatch: some(0.1),
    blindNode: some(0.3),
    launchFails: some(0.5),
    launchFailsForGood: some(0.2),
    podFails: some(0.4),
    deafGuest: some(0.6),
  };
}
