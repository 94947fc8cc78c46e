import assert from "node:assert/strict";
import { vmi } from "../testing/vmi.ts";
import { cloudInitFiles, type CloudInitKind } from "./cloud_init.ts";

const encoder = new TextEncoder();
const GUEST = vmi({
  metadata: { name: "web.example" },
  domain: { firmware: { uuid: "0d2a2a4e-6f5c-4b8e-9a6b-000000000000" } },
});

const ROWS: [kind: CloudInitKind, network: string | undefined, label: string, files: object][] = [
  ["NoCloud", undefined, "cidata", {
    "meta-data": '{"instance-id":"0d2a2a4e-6f5c-4b8e-9a6b-000000000000","local-hostname":"web"}',
    "user-data": "#cloud-config",
  }],
  ["NoCloud", "version: 2", "cidata", {
    "meta-data": '{"instance-id":"0d2a2a4e-6f5c-4b8e-9a6b-000000000000","local-hostname":"web"}',
    "user-data": "#cloud-config",
    "network-config": "version: 2",
  }],
  ["ConfigDrive", "{}", "config-2", {
    "openstack/latest/meta_data.json":
      '{"instance_id":"web.example.default","local_hostname":"web","hostname":"web",' +
      '"uuid":"0d2a2a4e-6f5c-4b8e-9a6b-000000000000"}',
    "openstack/latest/user_data": "#cloud-config",
    "openstack/latest/network_data.json": "{}",
  }],
];

for (const [kind, network, label, files] of ROWS) {
  Deno.test(`cloudInitFiles() lays out ${kind} ${network ? "with" : "without"} network data`, () => {
    const seed = cloudInitFiles(GUEST, {
      kind,
      data: {
        userData: encoder.encode("#cloud-config"),
        networkData: network === undefined ? undefined : encoder.encode(network),
      },
    });
    assert.equal(seed.label, label);
    const texts = [...seed.files].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]);
    assert.deepEqual(Object.fromEntries(texts), files);
  });
}

Deno.test("cloudInitFiles() has user-data even when there is none", () => {
  const data = { userData: undefined, networkData: undefined };
  const { files } = cloudInitFiles(GUEST, { kind: "NoCloud", data });
  assert.equal(files.get("user-data")?.length, 0);
});
