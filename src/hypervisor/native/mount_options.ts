/** Reads /proc/PID/mountinfo, see proc(5). */

/** False when what is at `path` (absolute, without links) lies on a file system that is mounted noexec. */
export function mountAllowsExecution(mountinfo: string, path: string): boolean {
  let best = { point: "", options: "" };
  for (const line of mountinfo.split("\n")) {
    const [, , , , escaped, options] = line.split(" ");
    if (escaped === undefined || options === undefined) continue;
    const point = unescapeOctal(escaped);
    const covers = path === point || path.startsWith(point === "/" ? "/" : `${point}/`);
    // Of two mounts at one place the later one covers the earlier.
    if (covers && point.length >= best.point.length) best = { point, options };
  }
  return !best.options.split(",").includes("noexec");
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => {
    return String.fromCharCode(parseInt(digits, 8));
  });
}
