import assert from "node:assert/strict";
import { vmi, withMetadata, withSpec } from "../testing/builders.ts";
import { hostName, instanceId, launcherPodName } from "./pod_name.ts";

const LONG = "a-name-that-is-as-long-as-kubernetes-allows-it-to-be-and-then-some-more.example";
const named = (name: string) => withMetadata<ReturnType<typeof vmi>>({ name });

Deno.test("launcherPodName() looks generated, and is the same each time", () => {
  const name = launcherPodName(vmi());
  assert.match(name, /^virt-launcher-web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.equal(launcherPodName(vmi()), name);
});

Deno.test("launcherPodName() differs for the next instance of the same name", () => {
  const next = vmi(withMetadata({ uid: "33333333-3333-4333-8333-333333333333" }));
  assert.notEqual(launcherPodName(next), launcherPodName(vmi()));
});

Deno.test("launcherPodName() stays a host name when the VMI's name is long", () => {
  assert.ok(launcherPodName(vmi(named(LONG))).length <= 63);
});

Deno.test("hostName() is the user's, else the name up to its first dot, cut to 63", () => {
  assert.equal(hostName(vmi(withSpec({ hostname: "shop" }))), "shop");
  assert.equal(hostName(vmi(named("web.example"))), "web");
  assert.equal(hostName(vmi(named(LONG))).length <= 63, true);
  assert.equal(hostName(vmi(named("x".repeat(62) + "-y"))), "x".repeat(62));
});

Deno.test("instanceId() is the name, or a label value that is distinct for a long name", () => {
  assert.equal(instanceId(vmi()), "web");
  const id = instanceId(vmi(named(LONG)));
  assert.equal(id.length, 63);
  // First 54 characters, then 8 of the SHA-1 of the whole name.
  assert.equal(id.slice(0, 55), `${LONG.slice(0, 54)}-`);
  assert.match(id.slice(55), /^[0-9a-f]{8}$/);
  assert.notEqual(id, instanceId(vmi(named(LONG + "x"))));
});
