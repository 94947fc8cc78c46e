import assert from "node:assert/strict";
import { nativeDirectory } from "../../../tests/toolchain/build_native.ts";
import { cacheDirectory } from "../../../tests/toolchain/cache_directory.ts";
import { probeCapabilities } from "./probe_capabilities.ts";

Deno.test({
  name: "probeCapabilities() asks this machine's libvirt, and leaves nothing behind",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const runDirectory = await Deno.makeTempDir({ dir: "/run", prefix: "denovirt-test-" });
    await Deno.chmod(runDirectory, 0o711);
    try {
      const capabilities = await probeCapabilities({
        nativeDirectory: await nativeDirectory(),
        runDirectory,
        // A cold probe takes more than a minute where KVM is emulated itself.
        capabilitiesDirectory: `${cacheDirectory()}/qemu-capabilities`,
        type: "qemu",
        signal: AbortSignal.timeout(200_000),
      });
      assert.ok(capabilities.machines.includes("q35"));
      assert.ok(capabilities.models.length > 0);
      assert.ok(capabilities.features.includes("apic"));
      assert.ok(capabilities.hostModel !== undefined);
      const left = await Array.fromAsync(Deno.readDir(runDirectory), ({ name }) => name);
      assert.deepEqual(left, []);
    } finally {
      await Deno.remove(runDirectory, { recursive: true });
    }
  },
});

Deno.test("probeCapabilities() says why when libvirt cannot be asked", async () => {
  const runDirectory = await Deno.makeTempDir();
  const capabilitiesDirectory = `${runDirectory}/capabilities`;
  const nativeDirectory = "/nonexistent";
  const options = { runDirectory, capabilitiesDirectory, nativeDirectory, type: "kvm" } as const;
  await assert.rejects(
    probeCapabilities({ ...options, signal: AbortSignal.timeout(30_000) }),
    /Cannot learn what guests of this node can have: .*\/nonexistent\/denovirt-domain/,
  );
  await Deno.remove(runDirectory, { recursive: true });
});
