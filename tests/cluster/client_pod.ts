import type { Cluster } from "./cluster.ts";

/** A pod that stays on one node and is where requests to guests come from. It answers HTTP on port 8080 itself. */
export class ClientPod {
  readonly #cluster: Cluster;
  readonly #name: string;

  private constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
  }

  /** Finds the client pod of a node, or makes it. */
  static async on(cluster: Cluster, node: string): Promise<ClientPod> {
    const name = `client-${node}`;
    await cluster.apply(JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default" },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 1,
        containers: [{
          name: "client",
          image: "denovirt.local/busybox:dev",
          command: [
            "sh",
            "-c",
            "mkdir /www; hostname >/www/index.html; exec httpd -f -p 8080 -h /www",
          ],
        }],
      },
    }));
    await cluster.kubectl(["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
    return new ClientPod(cluster, name);
  }

  async address(): Promise<string> {
    return await this.#cluster.kubectl([
      "get",
      "pod",
      this.#name,
      "-o",
      "jsonpath={.status.podIP}",
    ]);
  }

  /** What an HTTP server answers, header and all. */
  async http(host: string, port: number): Promise<string> {
    return await this.#shell(`printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${host} ${port}`);
  }

  /** The first thing a server says without being asked. */
  async banner(host: string, port: number): Promise<string> {
    return await this.#shell(`nc -w 3 ${host} ${port} </dev/null | head -n 1`);
  }

  async #shell(script: string): Promise<string> {
    return await this.#cluster.kubectl(["exec", this.#name, "--", "sh", "-c", script]);
  }
}
