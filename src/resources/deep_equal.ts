/** Equality of JSON values. A null field and an absent one are the same: Go clients send nulls for what they leave out. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if ((left ?? undefined) === (right ?? undefined)) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length &&
      left.every((item, index) => deepEqual(item, right[index]));
  }
  const [a, b] = [left as Record<string, unknown>, right as Record<string, unknown>];
  return Object.keys(a).every((name) => deepEqual(a[name], b[name])) &&
    Object.keys(b).every((name) => Object.hasOwn(a, name) || (b[name] ?? undefined) === undefined);
}
