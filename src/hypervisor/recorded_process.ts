/** A process that somebody recorded, and what /proc says of it later: proc(5). */
import * as z from "zod";

/** Its number alone may have been given to another. `startTicks`: clock ticks from the machine's start to its own. */
export const RecordedProcess = z.object({ pid: z.int().min(2), startTicks: z.int() });
export type RecordedProcess = z.infer<typeof RecordedProcess>;

/** Whether exactly that process lives. */
export async function isAlive({ pid, startTicks }: RecordedProcess): Promise<boolean> {
  const stat = await unlessMissing(Deno.readTextFile(`/proc/${pid}/stat`));
  // The command name may hold blanks and parentheses, so fields are counted from its end.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (!fields || fields[0] === "Z" || fields[0] === "X") return false;
  return Number(fields[19]) === startTicks;
}

/**
 * Resolves with `undefined` when there is no such file, or its process has ended between opening and reading it: /proc says
 * ESRCH then, for which Deno has neither a class nor a code.
 */
export async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Error && /\(os error 3\)/.test(error.message)) return undefined;
    throw error;
  }
}
