/** Until it is disposed of, an abort kills the process at once: for programs that ignore the gentler signals. */
export function killOnAbort(
  child: Pick<Deno.ChildProcess, "kill">,
  signal: AbortSignal,
): Disposable {
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It has ended, and something still has its output: nobody catches what a listener throws.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", kill) };
}
