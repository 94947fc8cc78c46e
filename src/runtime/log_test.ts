import assert from "node:assert/strict";
import { describeError, JsonLogger, LOG_LINE_LENGTH_MAX, type LogLevel } from "./log.ts";

/** Writes once its input has ended, and goes on. */
const WRITER = `
  const { writeStandardError } = await import(Deno.args[0]);
  await Deno.stdin.read(new Uint8Array(1));
  writeStandardError("a line\\n");
  console.log("goes on");
`;

function capture(level: LogLevel): { logger: JsonLogger; lines: string[] } {
  const lines: string[] = [];
  const now = () => new Date(0);
  return { logger: new JsonLogger({ level, now, write: (line) => lines.push(line) }), lines };
}

Deno.test("JsonLogger writes one JSON object per line with the fields beside the message", () => {
  const { logger, lines } = capture("debug");
  logger.with({ controller: "vm" }).info("created pod", { pod: "default/a\nb" });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]!.indexOf("\n"), lines[0]!.length - 1);
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "created pod",
    controller: "vm",
    pod: "default/a\nb",
  });
});

Deno.test("JsonLogger leaves out lines below its level, also in derived loggers", () => {
  const { logger, lines } = capture("warn");
  logger.debug("a");
  logger.with({ x: 1 }).info("b");
  logger.with({ x: 1 }).warn("c");
  logger.error("d");
  assert.deepEqual(lines.map((line) => JSON.parse(line).message), ["c", "d"]);
});

Deno.test("JsonLogger renders an error with its causes", () => {
  const { logger, lines } = capture("info");
  const error = new Error("Cannot pull", { cause: new TypeError("no route") });
  logger.error("failed", { error });
  assert.equal(JSON.parse(lines[0]!).error, "Error: Cannot pull <- TypeError: no route");
});

Deno.test("JsonLogger survives values that JSON cannot hold", () => {
  const { logger, lines } = capture("info");
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  logger.info("cycle", { cycle });
  logger.info("big", { count: 12345678901234567890n });
  assert.equal(JSON.parse(lines[0]!).message, "cycle");
  assert.equal(JSON.parse(lines[1]!).count, "12345678901234567890");
});

Deno.test("JsonLogger bounds the length of a line", () => {
  const { logger, lines } = capture("info");
  logger.info("huge", { blob: "x".repeat(10 * LOG_LINE_LENGTH_MAX) });
  assert.ok(lines[0]!.length < 2 * LOG_LINE_LENGTH_MAX);
  assert.equal(JSON.parse(lines[0]!).message, "huge");
});

Deno.test("writeStandardError() loses the line, not the process, where nobody reads any more", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", WRITER, new URL("log.ts", import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stderr.cancel();
  await child.stdin.close();
  assert.equal(await new Response(child.stdout).text(), "goes on\n");
  assert.ok((await child.status).success);
});

Deno.test("describeError() ends on a cycle of causes", () => {
  const error = new Error("a");
  error.cause = error;
  assert.ok(describeError(error).startsWith("Error: a <- Error: a"));
});
