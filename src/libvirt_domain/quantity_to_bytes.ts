import { parseBytes, type Quantity } from "../api/quantity.ts";

/** Whole bytes of memory or storage, rounded up. `undefined`: not a quantity, negative, or more than can be counted. */
export function quantityToBytes(quantity: Quantity): number | undefined {
  try {
    const bytes = parseBytes(quantity);
    return bytes < 0 ? undefined : bytes;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
