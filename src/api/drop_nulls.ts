/**
 * A copy of a JSON value without the members that are null. Go clients write null where they mean absent; the API server
 * prunes those from custom resources, but nobody does from bodies of subresources, files and the like. List items stay.
 */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, dropNulls(member)]),
  );
}
