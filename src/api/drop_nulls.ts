/**
 * A JSON value without the members that are null. Go clients write null where they mean absent; the API server prunes those
 * from custom resources, but nobody does from what admission sees, bodies of subresources, files and the like. List items
 * stay. What holds no null is handed back as it is, not as a copy.
 */
export function dropNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? withoutNullsInside(value) : withoutNullMembers(value);
}

function withoutNullsInside(items: readonly unknown[]): readonly unknown[] {
  let changed: unknown[] | undefined;
  for (let index = 0; index < items.length; index++) {
    const clean = dropNulls(items[index]);
    if (clean !== items[index]) (changed ??= [...items])[index] = clean;
  }
  return changed ?? items;
}

function withoutNullMembers(object: object): object {
  const members = object as Readonly<Record<string, unknown>>;
  let changed: Record<string, unknown> | undefined;
  for (const name of Object.keys(members)) {
    const clean = dropNulls(members[name]);
    if (clean === null) delete (changed ??= { ...members })[name];
    else if (clean !== members[name]) (changed ??= { ...members })[name] = clean;
  }
  return changed ?? object;
}
