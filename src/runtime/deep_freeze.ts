/** Freezes JSON in place: shared objects that somebody could change would be changed by somebody. */

/** Freezes the value and everything below it, and returns it. Stops at what is frozen already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
