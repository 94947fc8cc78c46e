/** RFC 3339 times as Kubernetes writes them. A decision gets `now` as data and computes from it here. */

/** What `Date.toISOString` writes: no need to read it as a date. */
const FROM_A_CLOCK = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.\d{3}Z$/;

/** Without a fraction, as metav1.Time is marshalled: two writers of the same second agree. */
export function toWholeSeconds(time: string): string {
  const whole = FROM_A_CLOCK.exec(time)?.[1];
  if (whole !== undefined) return `${whole}Z`;
  return new Date(Date.parse(time)).toISOString().replace(/\.\d+Z$/, "Z");
}

export function addMs(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}

/** Positive when `until` is later than `now`. A time that cannot be read counts as long past. */
export function msUntil(until: string, now: string): number {
  const difference = Date.parse(until) - Date.parse(now);
  return Number.isNaN(difference) ? Number.NEGATIVE_INFINITY : difference;
}
