/** What a process has used, as /proc tells. */

const TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat after the program's name: state is the third. */
const USER_TICKS = 14 - 3;
const SYSTEM_TICKS = 15 - 3;

/** User and system time, without that of children. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // the name may hold spaces and brackets
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
}

/** Resident memory now: of all pages, and of those that are this process's alone. */
export async function residentBytes(pid: number): Promise<{ rss: number; private: number }> {
  const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const bytes = (field: string) =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? NaN);
  return { rss: bytes("Rss"), private: bytes("Private_Clean") + bytes("Private_Dirty") };
}
