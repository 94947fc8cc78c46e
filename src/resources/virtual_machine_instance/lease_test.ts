import assert from "node:assert/strict";
import type { Pod } from "../core_objects.ts";
import { vmi, withMetadata } from "../testing/builders.ts";
import { leaseAnnotations, leaseOf } from "./lease.ts";

const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "virt-launcher-web-abcde", namespace: "shop", uid: "p1" },
  spec: { nodeName: "node-1", containers: [] },
};

Deno.test("leaseOf() reads what leaseAnnotations() wrote", () => {
  const annotations = leaseAnnotations(vmi(), POD);
  assert.deepEqual(leaseOf(vmi(withMetadata({ annotations }))), {
    nodeName: "node-1",
    podUid: "p1",
    epoch: 200,
  });
});

Deno.test("leaseOf() takes nothing for a lease that is none", () => {
  for (
    const [owner, epoch] of [
      [undefined, undefined],
      ["node-1/p1", undefined],
      ["node-1/p1", ""],
      ["node-1/p1", "-3"],
      ["node-1/p1", "1e3"],
      ["node-1/p1", "99999999999999999999"],
      ["node-1", "3"],
      ["/p1", "3"],
      ["node-1/", "3"],
      ["node-1/p1/more", "3"],
    ] as const
  ) {
    const annotations = {
      ...(owner !== undefined && { "denovirt.io/owner": owner }),
      ...(epoch !== undefined && { "denovirt.io/epoch": epoch }),
    };
    assert.equal(leaseOf(vmi(withMetadata({ annotations }))), undefined, `${owner} ${epoch}`);
  }
});
