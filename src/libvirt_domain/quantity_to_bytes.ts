import type { Quantity } from "../api/quantity.ts";

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Whole bytes of a quantity of memory or storage, rounded up. `undefined`: not a quantity, or not a countable one. */
export function quantityToBytes(quantity: Quantity): number | undefined {
  const match = /^\+?([0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)$/.exec(String(quantity));
  const scale = SUFFIXES[match?.[2] ?? ""];
  const bytes = Math.ceil(Number(match?.[1]) * (scale ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
