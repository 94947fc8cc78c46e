import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { KubeError } from "../../kube/client.ts";
import { kubeconfigConnection } from "../../kube/connection.ts";
import { CONFIG_MAPS, NAMESPACES, SECRETS } from "../../kube/core_resources.ts";
import { FetchClient } from "../../kube/fetch_client.ts";
import { Authenticator } from "../apiserver/access/identity.ts";
import { ApiServer } from "../apiserver/api_server.ts";
import { SqliteStore } from "../apiserver/store/sqlite_store.ts";
import { standaloneCredentials, writeKubeconfig } from "./credentials.ts";

const DAY_MS = 24 * 60 * 60_000;
const NOW_MS = Date.parse("2026-11-01T00:00:00Z");
const ADDRESSES = ["127.0.0.1", "localhost"];

async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("standaloneCredentials() keeps what it has made, with keys that fit", async () => {
  await withDirectory(async (directory) => {
    const options = { directory, addresses: ADDRESSES, nowMs: NOW_MS };
    const made = await standaloneCredentials(options);
    const again = await standaloneCredentials({ ...options, nowMs: NOW_MS + 300 * DAY_MS });
    assert.deepEqual(again, made);
    for (const { certificate, key } of [made.authority, made.serving, made.admin, made.viewer]) {
      assert.ok(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)));
    }
    const { isFile, mode } = await Deno.stat(`${directory}/admin.pem`);
    assert.ok(isFile);
    assert.equal((mode ?? 0) & 0o777, 0o600);
  });
});

type Options = Parameters<typeof standaloneCredentials>[0];
const CHANGES: [
  name: string,
  change: (options: Options) => Promise<Options> | Options,
  anew: { serving: boolean; admin: boolean },
][] = [
  [
    "another address",
    (options) => ({ ...options, addresses: [...ADDRESSES, "192.0.2.1"] }),
    { serving: true, admin: false },
  ],
  [
    "less than a year that is left",
    (options) => ({ ...options, nowMs: NOW_MS + 366 * DAY_MS }),
    { serving: true, admin: true },
  ],
  ["another authority", async (options) => {
    await Deno.remove(`${options.directory}/ca.crt`);
    return options;
  }, { serving: true, admin: true }],
  ["a file that is cut short", async (options) => {
    await Deno.truncate(`${options.directory}/admin.pem`, 200);
    return options;
  }, { serving: false, admin: true }],
];

for (const [name, change, anew] of CHANGES) {
  Deno.test(`standaloneCredentials() makes certificates anew for ${name}`, async () => {
    await withDirectory(async (directory) => {
      const options = { directory, addresses: ADDRESSES, nowMs: NOW_MS };
      const made = await standaloneCredentials(options);
      const after = await standaloneCredentials(await change(options));
      assert.deepEqual({
        serving: after.serving.certificate !== made.serving.certificate,
        admin: after.admin.certificate !== made.admin.certificate,
      }, anew);
      const authority = new X509Certificate(after.authority.certificate);
      for (const { certificate } of [after.serving, after.admin]) {
        assert.ok(new X509Certificate(certificate).verify(authority.publicKey));
      }
    });
  });
}

const MAP = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } };
const REQUESTS: [what: string, ask: (client: FetchClient) => Promise<unknown>, viewer: boolean][] =
  [
    ["reads namespaces", (client) => client.list(NAMESPACES), true],
    ["reads config maps", (client) => client.list(CONFIG_MAPS), true],
    ["reads secrets", (client) => client.list(SECRETS), false],
    ["writes config maps", (client) => client.create(CONFIG_MAPS, MAP), false],
  ];

Deno.test("writeKubeconfig() lets the administrator do everything, and the viewer read", async () => {
  await withDirectory(async (directory) => {
    const addresses = ["127.0.0.1"];
    const options = { directory: `${directory}/pki`, addresses, nowMs: Date.now() };
    await standaloneCredentials(options);
    const credentials = await standaloneCredentials(options);
    using store = new SqliteStore({ path: `${directory}/objects.db` });
    await using api = await ApiServer.start({
      store,
      definitions: [],
      gitVersion: "v1.34.4",
      serviceRange: { first: 0x0a_60_00_00, prefixLength: 16 },
    });
    const { port } = await api.listen({
      authenticator: new Authenticator([]),
      tls: { ...credentials.serving, clientCas: [credentials.authority.certificate] },
      hostname: "127.0.0.1",
      port: 0,
    });
    const server = `https://127.0.0.1:${port}`;
    for (const user of ["admin", "viewer"] as const) {
      const path = `${directory}/${user}.kubeconfig`;
      await writeKubeconfig(path, { server, credentials, user });
      using client = new FetchClient({
        connection: await kubeconfigConnection(path),
        userAgent: "test/0",
      });
      for (const [what, ask, isViewers] of REQUESTS) {
        const code = await ask(client).then(() => 200, (error) => {
          assert.ok(error instanceof KubeError);
          return error.code;
        });
        assert.equal(code, user === "admin" || isViewers ? 200 : 403, `${user} ${what}`);
      }
    }
  });
});
