/**
 * Network and PID namespaces as a pod has them, without a kubelet: `eth0` of MTU 1450 leads to a second namespace that stands
 * for the rest of the world. Needs root; everything in it ends with its one process.
 */
import assert from "node:assert/strict";
import { runCommand } from "../run_command.ts";

const TIMEOUT_MS = 20_000;

export class StandInPod implements AsyncDisposable {
  readonly address = "10.244.1.5";
  readonly outsideAddress = "10.244.1.1";
  readonly #process: Deno.ChildProcess;
  readonly pid: number;
  readonly #outside: StandInPod | undefined;

  private constructor(
    process: Deno.ChildProcess,
    { pid, outside }: { pid: number; outside: StandInPod | undefined },
  ) {
    this.#process = process;
    this.pid = pid;
    this.#outside = outside;
  }

  /** `bare`: a network namespace with nothing but its loopback. */
  static async start({ bare = false }: { bare?: boolean } = {}): Promise<StandInPod> {
    const process = new Deno.Command("unshare", {
      args: ["--net", "sh", "-c", "echo $$; exec sleep 600"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    await reader.cancel();
    assert.ok(pid > 1, "unshare must print the process id");
    if (bare) {
      const pod = new StandInPod(process, { pid, outside: undefined });
      await pod.run(["ip", "link", "set", "lo", "up"]);
      return pod;
    }
    const outside = await StandInPod.start({ bare: true });
    const pod = new StandInPod(process, { pid, outside });
    for (
      const command of [
        `ip link add eth0 mtu 1450 type veth peer name pod0 netns ${outside.pid}`,
        `ip address add ${pod.address}/24 dev eth0`,
        "ip link set eth0 up",
        "ip link set lo up",
        `ip route add default via ${pod.outsideAddress}`,
      ]
    ) {
      await pod.run(command.split(" "));
    }
    await outside.run(["ip", "address", "add", `${pod.outsideAddress}/24`, "dev", "pod0"]);
    await outside.run(["ip", "link", "set", "pod0", "up"]);
    return pod;
  }

  get outside(): StandInPod {
    assert.ok(this.#outside);
    return this.#outside;
  }

  /** Runs a program in the network namespace; answers its stdout. */
  async run(command: readonly string[]): Promise<string> {
    const inside = ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--", ...command];
    return (await runCommand(inside, { timeoutMs: TIMEOUT_MS })).stdout;
  }

  /** What a server in another namespace says to a connection from here. */
  async ask(address: string, port: number): Promise<string> {
    const script = `import socket, time
deadline = time.monotonic() + 10
while True:
    try:
        s = socket.create_connection(("${address}", ${port}), 10)
        break
    except ConnectionRefusedError:
        if time.monotonic() > deadline: raise
print(s.recv(64).decode(), end="")`;
    return await this.run(["python3", "-c", script]);
  }

  /** Says "hello" to every connection that is made while `connect` runs. */
  async serveWhile(port: number, connect: () => Promise<string>): Promise<string> {
    const script = `import socket
s = socket.create_server(("0.0.0.0", ${port}))
print("listening", flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"hello\\n")
    c.close()`;
    const server = new Deno.Command("nsenter", {
      args: [`--net=/proc/${this.pid}/ns/net`, "--", "python3", "-c", script],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = server.stdout.getReader();
    await reader.read();
    try {
      return await connect();
    } finally {
      server.kill("SIGKILL");
      await reader.cancel();
      await server.status;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#outside?.[Symbol.asyncDispose]();
  }
}
