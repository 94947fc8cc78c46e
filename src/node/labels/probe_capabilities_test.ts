import assert from "node:assert/strict";
import { cacheDirectory } from "../../../tests/toolchain/cache_directory.ts";
import { nativeParts, whyNoNativeParts } from "../../hypervisor/testing/native_parts.ts";
import { probeCapabilities } from "./probe_capabilities.ts";

const why = whyNoNativeParts();

Deno.test({
  name: `probeCapabilities() asks libvirt and leaves nothing${why ? ` (skipped: ${why})` : ""}`,
  ignore: why !== undefined,
  fn: async () => {
    const runDirectory = await Deno.makeTempDir({ dir: "/run", prefix: "denovirt-test-" });
    await Deno.chmod(runDirectory, 0o711);
    try {
      const capabilities = await probeCapabilities({
        nativeDirectory: nativeParts(),
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
