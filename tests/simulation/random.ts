/** The only source of chance: the same seed gives the same schedule, on every machine. */

/** Numbers of 16 bits: each pass of a controller has a UUID. */
const HEX = Array.from({ length: 2 ** 16 }, (_, i) => i.toString(16).padStart(4, "0"));

/** mulberry32: 32 bits of state are plenty for a schedule, and it costs nothing. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not make neighbouring schedules.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** In [min, max]. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** In [min, max). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min);
  }

  /** Mostly near `min`, sometimes near `max`: as delays are. */
  skewed(min: number, max: number): number {
    return min * (max / min) ** (this.next() ** 2);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.next() * from.length)];
  }

  /** One of the entries, each as often as its weight says. */
  weighted<T>(entries: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.next() * entries.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of entries) {
      left -= weight;
      if (left < 0) return value;
    }
    throw new RangeError("Cannot pick: there are no entries");
  }

  uuid(): `${string}-${string}-${string}-${string}-${string}` {
    const word = () => {
      const number = this.next() * 2 ** 32;
      return `${HEX[number >>> 16]}${HEX[number & 0xffff]}`;
    };
    const [a, b, c] = [word(), word(), word()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(0, 3)}-${c.slice(4)}${a}`;
  }
}
