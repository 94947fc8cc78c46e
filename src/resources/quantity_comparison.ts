/** Comparing quantities that may be nonsense: nonsense is reported once, by the rule that owns the field. */
import { parseMilliCpu, parseQuantity, type Quantity } from "../api/quantity.ts";

/** Bytes or whole units; `undefined` when the quantity is absent or cannot be read. */
export function unitsOf(quantity: Quantity | undefined): bigint | undefined {
  if (quantity === undefined) return undefined;
  try {
    return parseQuantity(quantity);
  } catch {
    return undefined;
  }
}

/** Thousandths; `undefined` when the quantity is absent or cannot be read. */
export function thousandthsOf(quantity: Quantity | undefined): bigint | undefined {
  if (quantity === undefined) return undefined;
  try {
    return BigInt(parseMilliCpu(quantity));
  } catch {
    // Beyond 2^53 thousandths, where a fraction of a unit does not matter.
    const units = unitsOf(quantity);
    return units === undefined ? undefined : units * 1000n;
  }
}

/** True when both can be read and `left` is greater. */
export function isGreater(left: Quantity | undefined, right: Quantity | undefined): boolean {
  const [a, b] = [thousandthsOf(left), thousandthsOf(right)];
  return a !== undefined && b !== undefined && a > b;
}
