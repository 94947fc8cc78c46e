/**
 * The native parts for tests that need them. `deno task test` builds them and says where they are; the quick gate leaves
 * those tests out, because a build and real guests take longer than a minute.
 */
const VARIABLE = "DENOVIRT_NATIVE_DIRECTORY";

/** Why tests with native parts cannot run here; `undefined`: they can. */
export function whyNoNativeParts(): string | undefined {
  if (Deno.uid() !== 0) return "needs root";
  return Deno.env.has(VARIABLE) ? undefined : "needs the native parts: deno task test builds them";
}

/** Holds libdenovirt.so, denovirt-domain and envelope. */
export function nativeParts(): string {
  const directory = Deno.env.get(VARIABLE);
  if (directory === undefined) {
    throw new Error(`Cannot find the native parts: ${VARIABLE} is unset`);
  }
  return directory;
}
