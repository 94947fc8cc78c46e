import assert from "node:assert/strict";
import type { CloudInitNoCloudSource } from "../../api/cloud_init.ts";
import { type ReadPodFile, readSeedData } from "./seed_data.ts";

const SECRETS: Record<string, string> = {
  "/var/run/kubevirt-private/secret/seed/userdata": "secret user",
  "/var/run/kubevirt-private/secret/seed/networkData": "secret network",
};
const read: ReadPodFile = (path) => {
  const text = SECRETS[path];
  return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text));
};

const ROWS: [
  string,
  CloudInitNoCloudSource,
  [user: string | undefined, network: string | undefined],
][] = [
  ["inline text", { userData: "u", networkData: "n" }, ["u", "n"]],
  ["base64 with line breaks", { userDataBase64: "dXN\nlcg==" }, ["user", undefined]],
  ["a secret that holds both", { secretRef: { name: "s" } }, ["secret user", "secret network"]],
  ["inline before secret", { userData: "u", networkDataSecretRef: { name: "s" } }, [
    "u",
    "secret network",
  ]],
  ["nothing", {}, [undefined, undefined]],
];

for (const [criterion, source, [user, network]] of ROWS) {
  Deno.test(`readSeedData() reads ${criterion}`, async () => {
    const data = await readSeedData(seed(source), { read, signal: AbortSignal.timeout(5_000) });
    const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
    assert.deepEqual([text(data.userData), text(data.networkData)], [user, network]);
  });
}

Deno.test("readSeedData() does not repeat data that is not base64", async () => {
  const options = { read, signal: AbortSignal.timeout(5_000) };
  await assert.rejects(readSeedData(seed({ userDataBase64: "pass%word" }), options), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /userDataBase64 must be base64/);
    assert.doesNotMatch(Deno.inspect(error), /pass%word/);
    return true;
  });
});

Deno.test("readSeedData() names a secret without its keys", async () => {
  const options = { read: () => Promise.resolve(undefined), signal: AbortSignal.timeout(5_000) };
  await assert.rejects(readSeedData(seed({ secretRef: { name: "s1" } }), options), /secret s1/);
});

function seed(source: CloudInitNoCloudSource) {
  return { volumeName: "seed", kind: "NoCloud", source } as const;
}
