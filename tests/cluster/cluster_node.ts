import { runCommand } from "../toolchain/run_command.ts";

/** A node of a test cluster, seen from the machine it runs on. */
export class ClusterNode {
  readonly name: string;
  /** The address the kubelet reports. */
  readonly address: string;
  /** PID on this machine of the node's init. */
  readonly initPid: number;

  constructor(node: { name: string; address: string; initPid: number }) {
    this.name = node.name;
    this.address = node.address;
    this.initPid = node.initPid;
  }

  /** Runs a program in all of the node's namespaces, as an administrator on its console would. */
  async run(command: readonly string[], options: { signal?: AbortSignal } = {}): Promise<string> {
    const enter = ["nsenter", "-t", `${this.initPid}`, "-m", "-p", "-n", "-u", "-i", "--"];
    return await runCommand([...enter, ...command], options);
  }

  /** A line of shell in the node. */
  async shell(script: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    return await this.run(["sh", "-c", script], options);
  }
}
