/** Comparing quantities that may be nonsense: nonsense is reported once, by the rule that owns the field. */
import { parseQuantity, type Quantity } from "../api/quantity.ts";

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
  // A quantity times a thousand, in the exact arithmetic of the parser: "1500m" is read as 1500 "m" units.
  try {
    const text = String(quantity);
    const match = /^([+-]?[\d.]+)([a-zA-Z]*)$/.exec(text);
    if (match?.[2] === "m") return parseQuantity(match[1] ?? "");
    if (match?.[2] === "" && match[1] !== undefined) return parseQuantity(`${match[1]}k`);
    return parseQuantity(text) * 1000n;
  } catch {
    return undefined;
  }
}

/** True when both can be read and `left` is greater. */
export function isGreater(left: Quantity | undefined, right: Quantity | undefined): boolean {
  const [a, b] = [thousandthsOf(left), thousandthsOf(right)];
  return a !== undefined && b !== undefined && a > b;
}
