/** Size, start time and memory of a program in one of its forms: compiled, or a bundle that Deno runs. */
import { waitUntil } from "../cluster/wait_until.ts";
import { Printed } from "../runner/printed.ts";
import { runCommand } from "../toolchain/run_command.ts";
import { percentile } from "./percentile.ts";
import { residentBytes } from "./process_usage.ts";
import { startTimes } from "./start_time.ts";

const STARTS = 5;
const AGENT_STARTS = 3;
const LOG_TIMEOUT_MS = 30_000;
/** The agent's caches. */
const CACHES: readonly string[] = ["virtualmachineinstances", "pods", "kubevirts"];

/** One program in one form. */
export interface Form {
  program: "denovirt-controller" | "denovirt-node";
  form: string;
  command: readonly string[];
  flags: readonly string[];
  /** What has to be installed for it. */
  files: readonly string[];
}

/** Medians. Those of a running program are absent where there is no control plane. */
export interface Figures {
  program: string;
  form: string;
  sizeBytes: number;
  versionMs: number;
  servingMs?: number;
  syncedMs?: number;
  rssBytes?: number;
}

export async function figuresOf(form: Form, kubeconfig: string | undefined): Promise<Figures> {
  const sizes = await Promise.all(form.files.map(async (path) => (await Deno.stat(path)).size));
  const still = {
    program: form.program,
    form: form.form,
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    versionMs: await versionMs(form),
  };
  if (kubeconfig === undefined) return still;
  if (form.program === "denovirt-node") {
    return { ...still, ...await agentFigures(form, kubeconfig) };
  }
  const options = { program: form.command, flags: form.flags };
  const { servingMs, syncedMs, rssBytes } = await startTimes(kubeconfig, options);
  return { ...still, servingMs, syncedMs, rssBytes };
}

async function versionMs({ command }: Form): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const before = performance.now();
    await runCommand([...command, "--version"]);
    times.push(performance.now() - before);
  }
  return percentile(times, 0.5);
}

/** It serves once a controller has signed its certificate; what is its own is over when its caches are full. */
async function agentFigures(
  form: Form,
  kubeconfig: string,
): Promise<{ syncedMs: number; rssBytes: number }> {
  const [synced, rss]: [number[], number[]] = [[], []];
  for (let start = 0; start < AGENT_STARTS; start++) {
    const measured = await startAgent(form, kubeconfig);
    synced.push(measured.syncedMs);
    rss.push(measured.rssBytes);
  }
  return { syncedMs: percentile(synced, 0.5), rssBytes: percentile(rss, 0.5) };
}

async function startAgent(
  { command, flags }: Form,
  kubeconfig: string,
): Promise<{ syncedMs: number; rssBytes: number }> {
  const directory = await Deno.makeTempDir({ dir: "/var/tmp" });
  const [program = "", ...args] = command;
  const executedAtMs = Date.now();
  const child = new Deno.Command(program, {
    args: [
      ...args,
      "agent",
      "--node-name=figures",
      "--node-ip=127.0.0.1",
      "--port=0",
      `--kubeconfig=${kubeconfig}`,
      `--run-directory=${directory}/run`,
      `--kubelet-root=${directory}/kubelet`,
      ...flags,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const printed = new Printed(child.stderr);
  try {
    const times = await waitUntil({
      what: "the agent's caches to be full",
      timeoutMs: LOG_TIMEOUT_MS,
      look: () => Promise.resolve(syncTimes(printed.text)),
      until: (found) => CACHES.every((cache) => found.has(cache)),
      tell: () => printed.text,
    });
    const { rss } = await residentBytes(child.pid);
    return { syncedMs: Math.max(...times.values()) - executedAtMs, rssBytes: rss };
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await printed.ended;
    await Deno.remove(directory, { recursive: true });
  }
}

function syncTimes(log: string): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of log.split("\n").filter((text) => /^\{.*\}$/.test(text))) {
    const { message, informer, time } = JSON.parse(line) as Record<string, string>;
    if (message === "synced") times.set(informer ?? "", Date.parse(time ?? ""));
  }
  return times;
}
