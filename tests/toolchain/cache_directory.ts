/**
 * Where heavy builds are kept: `$DENOVIRT_CACHE`, else `$XDG_CACHE_HOME/denovirt`, else `~/.cache/denovirt`.
 * Always outside of the checkout, so that a fresh clone finds what an earlier one built.
 */
export function cacheDirectory(): string {
  const own = Deno.env.get("DENOVIRT_CACHE");
  if (own) return own;
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  return `${cache}/denovirt`;
}
