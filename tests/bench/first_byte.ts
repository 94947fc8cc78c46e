/** When a guest says its first word on a serial port that QEMU serves as a unix socket. */

const LOOK_MS = 2;

/** Connects as soon as somebody listens there. */
export async function connectSoon(path: string, timeoutMs: number): Promise<Deno.UnixConn> {
  const endMs = performance.now() + timeoutMs;
  while (true) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (cause) {
      if (performance.now() > endMs) throw new Error(`Cannot connect to ${path}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** Waits for a byte. A guest that speaks before anybody listens is not heard, so this must begin before it does. */
export async function firstByte(path: string, timeoutMs: number): Promise<{ atMs: number }> {
  using connection = await connectSoon(path, timeoutMs);
  const timer = setTimeout(() => connection.close(), timeoutMs);
  try {
    const count = await connection.read(new Uint8Array(1));
    if (count === null) throw new Error(`Cannot hear the guest at ${path}: its VMM has ended`);
    return { atMs: Date.now() };
  } finally {
    clearTimeout(timer);
  }
}
