/**
 * The product's controller, composed as in src/controller.ts, with a client that kills the process at a point of its own.
 * It takes orders by lines of JSON on stdin: a point to die at, or null for none; each order begins to count anew. Each
 * point it passes is a line of its log.
 */
import { parseControllerCommand } from "../../src/config.ts";
import { ControllerProgram } from "../../src/controller.ts";
import { kubeconfigConnection } from "../../src/kube/connection.ts";
import { FetchClient } from "../../src/kube/fetch_client.ts";
import { JsonLogger } from "../../src/runtime/log.ts";
import { type CallPoint, PointedClient, tellPoint } from "./call_points.ts";

/** Messages of the lines that tests read. */
export const POINT_PASSED = "passed a point";
export const DYING = "dying";
export const ORDERED = "took an order";

async function main(): Promise<void> {
  const command = parseControllerCommand({
    args: Deno.args,
    env: {},
    version: "0",
    hostname: Deno.hostname(),
  });
  if (command.type !== "run") Deno.exit(command.type === "exit" ? command.code : 2);
  const { config } = command;
  const logger = new JsonLogger({ level: config.logLevel });
  const connection = await kubeconfigConnection(config.kubeconfig ?? "");
  using client = new FetchClient({ connection, userAgent: "denovirt-controller/0" });
  let fatal: string | undefined;
  const pointed = new PointedClient(client, (point) => {
    logger.info(POINT_PASSED, { point });
    if (tellPoint(point) !== fatal) return;
    logger.info(DYING, { point });
    Deno.kill(Deno.pid, "SIGKILL");
  });
  const takeOrders = async () => {
    for await (const line of lines(Deno.stdin.readable)) {
      const point: CallPoint | null = JSON.parse(line);
      fatal = point === null ? undefined : tellPoint(point);
      pointed.reset();
      logger.info(ORDERED, { point });
    }
  };
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort(new Error("got SIGTERM")));
  takeOrders().catch((error) => logger.error("orders are unreadable", { error }));
  try {
    await new ControllerProgram({ config, client: pointed, logger }).run(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  Deno.exit(0);
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

if (import.meta.main) await main();
