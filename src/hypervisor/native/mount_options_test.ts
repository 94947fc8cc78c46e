import assert from "node:assert/strict";
import { mountAllowsExecution } from "./mount_options.ts";

const MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /run rw,nosuid,nodev,noexec,relatime shared:2 - tmpfs tmpfs rw,size=1k
24 23 0:22 / /run/denovirt rw,nosuid shared:3 - tmpfs tmpfs rw
25 22 0:23 / /tmp ro,noexec - tmpfs tmpfs ro
26 22 0:24 / /srv/with\\040space rw,noexec - tmpfs tmpfs rw
27 22 0:25 / /twice rw,noexec - tmpfs tmpfs rw
28 27 0:26 / /twice rw - tmpfs tmpfs rw
`;

const CASES: [path: string, allowed: boolean][] = [
  ["/", true],
  ["/var/lib/denovirt", true],
  ["/run", false],
  ["/run/other", false],
  ["/run/denovirt", true],
  ["/run/denovirt/bin-0", true],
  ["/run/denovirt2", false],
  ["/running", true],
  ["/tmp/x", false],
  ["/srv/with space/x", false],
  ["/twice/x", true],
];

Deno.test("mountAllowsExecution() goes by the mount that covers the path", () => {
  for (const [path, allowed] of CASES) {
    assert.equal(mountAllowsExecution(MOUNTS, path), allowed, path);
  }
});
