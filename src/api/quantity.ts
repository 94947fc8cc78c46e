/** Kubernetes quantities: "1.5Gi", "100m", 4. Exact arithmetic: nothing is rounded by floating point. */

/** The grammar, as upstream's schemas spell it. */
export const QUANTITY_PATTERN =
  /^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/;

/** The grammar for people. */
export const QUANTITY_GRAMMAR =
  "a number with an optional suffix (Ki Mi Gi Ti Pi Ei, n u m k M G T P E) " +
  'or exponent, such as "512Mi", "1.5G", "100m" or "1e3"';

/** An amount of memory, storage or CPU. Sent as a string, or as an integer. */
export type Quantity = number | string;

/** Larger exponents name amounts that nobody has, and would cost memory to compute. */
const EXPONENT_MAX = 30;

const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  "": 0,
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/**
 * A quantity in whole units, such as bytes; fractions of a unit are rounded away from zero, as Kubernetes does.
 * Throws a `RangeError` that names the grammar when the text is no quantity.
 */
export function parseQuantity(quantity: Quantity): bigint {
  return scaled(quantity, 0);
}

/** {@link parseQuantity} as a number of bytes. Throws a `RangeError` beyond 2^53, about 9 Pi. */
export function parseBytes(quantity: Quantity): number {
  return toSafeNumber(parseQuantity(quantity), quantity);
}

/** A quantity of CPU in thousandths: "1.5" and "1500m" are 1500. Smaller fractions are rounded away from zero. */
export function parseMilliCpu(quantity: Quantity): number {
  return toSafeNumber(scaled(quantity, 3), quantity);
}

/** Bytes with the largest binary suffix that leaves a whole number: 536870912 is "512Mi", 1000 is "1000". */
export function formatBytes(bytes: bigint | number): string {
  let value = BigInt(bytes);
  let power = 0;
  while (value !== 0n && value % 1024n === 0n && power < BINARY_SUFFIXES.length - 1) {
    value /= 1024n;
    power += 1;
  }
  return `${value}${BINARY_SUFFIXES[power]}`;
}

/** Thousandths of a CPU: 1500 is "1500m", 2000 is "2". */
export function formatMilliCpu(milliCpu: number): string {
  return milliCpu % 1000 === 0 ? `${milliCpu / 1000}` : `${milliCpu}m`;
}

/** The quantity times 10^exponent, rounded away from zero. */
function scaled(quantity: Quantity, exponent: number): bigint {
  const { digits, numerator, decimalExponent } = split(quantity);
  return multiplyByPowerOfTen(digits * numerator, decimalExponent + exponent);
}

/** A quantity as digits * numerator * 10^decimalExponent. */
function split(
  quantity: Quantity,
): { digits: bigint; numerator: bigint; decimalExponent: number } {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d+))?$/
    .exec(String(quantity));
  const [, sign, whole = "", fraction = "", binary, decimal = "", exponent] = match ?? [];
  const explicit = Number(exponent ?? 0);
  if (match === null || whole + fraction === "" || Math.abs(explicit) > EXPONENT_MAX) {
    throw new RangeError(
      `Cannot parse quantity: must be ${QUANTITY_GRAMMAR}, exponents up to ${EXPONENT_MAX}: ` +
        `got ${JSON.stringify(quantity)}`,
    );
  }
  const power = binary === undefined ? 0 : BINARY_SUFFIXES.findIndex((each) => each === binary);
  return {
    digits: BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n),
    numerator: 1024n ** BigInt(power),
    decimalExponent: explicit + (DECIMAL_EXPONENTS[decimal] ?? 0) - fraction.length,
  };
}

function multiplyByPowerOfTen(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

function toSafeNumber(value: bigint, quantity: Quantity): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(
    `Cannot use quantity: must be within ±${Number.MAX_SAFE_INTEGER}: got ${
      JSON.stringify(quantity)
    }`,
  );
}
