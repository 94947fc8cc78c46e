/** What an API server said, in its own words; any other error by its message. For conditions and events. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = "status" in error ? statusMessage(error.status) : undefined;
  return said ?? error.message;
}

function statusMessage(status: unknown): string | undefined {
  if (typeof status !== "object" || status === null || !("message" in status)) return undefined;
  return typeof status.message === "string" && status.message !== "" ? status.message : undefined;
}
