import assert from "node:assert/strict";
import { inClusterConnection, kubeconfigConnection } from "./connection.ts";

class Directory implements AsyncDisposable {
  private constructor(readonly path: string) {}
  static async make(files: Record<string, string>): Promise<Directory> {
    const path = await Deno.makeTempDir();
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${path}/${name}`, text);
    }
    return new Directory(path);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

function kubeconfig(cluster: string, user: string): string {
  return `
apiVersion: v1
kind: Config
current-context: here
contexts:
- { name: other, context: { cluster: none, user: none } }
- { name: here, context: { cluster: c, user: u, namespace: work } }
clusters:
- { name: c, cluster: ${cluster} }
users:
- { name: u, user: ${user} }
`;
}

Deno.test("kubeconfigConnection() reads material from data and from files beside the kubeconfig", async () => {
  await using directory = await Directory.make({
    "tls.crt": "CERT",
    "tls.key": "KEY",
    "config": kubeconfig(
      `{ server: "https://api:6443/", certificate-authority-data: ${btoa("CA")} }`,
      "{ client-certificate: tls.crt, client-key: ./tls.key }",
    ),
  });
  assert.deepEqual(await kubeconfigConnection(`${directory.path}/config`), {
    server: "https://api:6443",
    caCerts: ["CA"],
    cert: "CERT",
    key: "KEY",
    namespace: "work",
  });
});

Deno.test("kubeconfigConnection() authenticates by token or token file", async () => {
  await using directory = await Directory.make({
    token: "from-file\n",
    literal: kubeconfig("{ server: 'http://a' }", "{ token: secret }"),
    file: kubeconfig("{ server: 'http://a' }", "{ tokenFile: token }"),
  });
  const literal = await kubeconfigConnection(`${directory.path}/literal`);
  assert.equal(await literal.authorization?.(), "Bearer secret");
  const file = await kubeconfigConnection(`${directory.path}/file`);
  assert.equal(await file.authorization?.(), "Bearer from-file");
});

Deno.test("kubeconfigConnection() refuses what it would have to ignore", async () => {
  const rows: [string, string, RegExp][] = [
    ["{ server: a, insecure-skip-tls-verify: true }", "{}", /insecure-skip-tls-verify/],
    ["{ server: a, tls-server-name: x }", "{}", /tls-server-name/],
    ["{ server: a, proxy-url: x }", "{}", /proxy-url/],
    ["{ server: a }", "{ exec: { command: x } }", /"exec"/],
    ["{ server: a }", "{ as: somebody }", /"as"/],
    ["{ server: a }", "{ client-certificate-data: YQ== }", /needs its key/],
    ["{}", "{}", /names no cluster with a server/],
  ];
  for (const [cluster, user, message] of rows) {
    await using directory = await Directory.make({ config: kubeconfig(cluster, user) });
    await assert.rejects(kubeconfigConnection(`${directory.path}/config`), message);
  }
});

Deno.test("kubeconfigConnection() names the context that is missing", async () => {
  await using directory = await Directory.make({ config: kubeconfig("{ server: a }", "{}") });
  const options = { context: "elsewhere" };
  const connecting = kubeconfigConnection(`${directory.path}/config`, options);
  await assert.rejects(connecting, /no such context: got "elsewhere"/);
  await assert.rejects(kubeconfigConnection(`${directory.path}/none`), /Cannot read/);
});

Deno.test("inClusterConnection() uses what the kubelet mounts", async () => {
  await using directory = await Directory.make({ "ca.crt": "CA", namespace: "ns\n", token: "t1" });
  const connection = await inClusterConnection({ host: "fd00::1", port: "443" }, directory.path);
  assert.equal(connection.server, "https://[fd00::1]:443");
  assert.deepEqual([connection.caCerts, connection.namespace], [["CA"], "ns"]);
  assert.equal(await connection.authorization?.(), "Bearer t1");
});
