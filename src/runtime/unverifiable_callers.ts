/** What to do where the TLS stack cannot be shown to tell callers apart. */
export const UNVERIFIABLE_CALLERS = ["stop", "refuse"] as const;
export type UnverifiableCallers = typeof UNVERIFIABLE_CALLERS[number];
