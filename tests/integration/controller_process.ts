/** The controller as a process of this machine, with the rights of its own service account: see controller_installation.ts. */
import type { Connection } from "../../src/kube/connection.ts";
import type { FetchClient } from "../../src/kube/fetch_client.ts";
import { Printed } from "../runner/printed.ts";
import type { AccountOptions } from "./account.ts";
import { ADDRESS, ControllerInstallation, kubeconfigText } from "./controller_installation.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FROM_SOURCES = [
  Deno.execPath(),
  "run",
  "--no-check",
  "--allow-all",
  `${ROOT}src/controller.ts`,
];

export interface ControllerProcess extends AsyncDisposable {
  /** Of a cluster administrator. */
  admin: FetchClient;
  connection: Connection;
  /** Where the controller listens. */
  address: string;
  port: number;
  /** A client with the token of one of the installation's accounts, if asked bound to a node. */
  clientOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<FetchClient>;
  /** The same, to make one's own client of. */
  connectionOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<Connection>;
  /** The same as a file's text, for another program. */
  kubeconfigOf(account: string, boundNode?: AccountOptions["boundNode"]): Promise<string>;
  pid: number;
  /** When it was executed, in milliseconds since the epoch. */
  executedAtMs: number;
  /** Everything it has logged so far. */
  log(): string;
  /** SIGTERM; resolves with its exit code. */
  stop(): Promise<number>;
}

export interface ControllerOptions {
  logLevel?: "debug" | "info";
  /** @default the sources, run by the Deno that runs the tests */
  program?: readonly string[];
  flags?: readonly string[];
  /** More environment. */
  env?: Record<string, string>;
}

/** Installs and starts it, and waits until the aggregated API is available. */
export async function startController(
  kubeconfig: string,
  { logLevel = "debug", program = FROM_SOURCES, flags = [], env = {} }: ControllerOptions = {},
): Promise<ControllerProcess> {
  const installation = await ControllerInstallation.create(kubeconfig);
  const { admin, connection, port } = installation;
  const path = await installation.writeKubeconfig();
  const executedAtMs = Date.now();
  const child = new Deno.Command(program[0] ?? "", {
    args: [
      ...program.slice(1),
      "run",
      `--kubeconfig=${path}`,
      "--envelope-image=denovirt.local/envelope:dev",
      `--hostname=${ADDRESS}`,
      `--port=${port}`,
      `--log-level=${logLevel}`,
      ...flags,
    ],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const printed = new Printed(child.stderr);
  let stopped: Promise<number> | undefined;
  const stop = () =>
    stopped ??= (async () => {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it ended by itself
      }
      const { code } = await child.status;
      await printed.ended;
      return code;
    })();
  const controller: ControllerProcess = {
    admin,
    connection,
    address: ADDRESS,
    port,
    clientOf: (account, boundNode) => installation.clientOf(account, boundNode),
    connectionOf: (account, boundNode) => installation.connectionOf(account, boundNode),
    kubeconfigOf: async (account, boundNode) =>
      kubeconfigText(await installation.connectionOf(account, boundNode)),
    pid: child.pid,
    executedAtMs,
    log: () => printed.text,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await installation[Symbol.asyncDispose]();
    },
  };
  try {
    let ended = false;
    void child.status.then(() => ended = true);
    await installation.untilAvailable(() => ended);
    return controller;
  } catch (cause) {
    await controller[Symbol.asyncDispose]();
    throw new Error(`Cannot start the controller: it said:\n${printed.text}`, { cause });
  }
}
