/** Whether a quantity grows: a line through its measurements, and how sure that line is. */

/** 99 % of what is measured lies below it when nothing grows (one-sided, normal). */
const CONFIDENCE_FACTOR = 2.33;

export interface Slope {
  /** By least squares, per measurement. */
  perStep: number;
  /** It is larger than this with 99 % confidence. */
  atLeast: number;
  /** It is smaller than this with 99 % confidence. */
  atMost: number;
}

/** A line through equally distant measurements. */
export function slopeOf(values: readonly number[]): Slope {
  const count = values.length;
  if (count < 3) throw new RangeError(`Cannot fit a line: 3 measurements at least: got ${count}`);
  const middle = (count - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const spread = values.reduce((sum, _, step) => sum + (step - middle) ** 2, 0);
  const perStep = values.reduce((sum, value, step) => sum + (step - middle) * (value - mean), 0) /
    spread;
  const residuals = values.map((value, step) => value - mean - perStep * (step - middle));
  const variance = residuals.reduce((sum, each) => sum + each ** 2, 0) / (count - 2);
  const margin = CONFIDENCE_FACTOR * Math.sqrt(variance / spread);
  return { perStep, atLeast: perStep - margin, atMost: perStep + margin };
}
