import assert from "node:assert/strict";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { SILENT_LOGGER } from "../../runtime/log.ts";
import { CHECK_INTERVAL_MS, DevicePlugin } from "./device_plugin.ts";
import { runDevicePlugins } from "./device_plugins.ts";
import type { NodeDevice } from "./node_device.ts";
import { KubeletStandIn } from "./testing/kubelet_stand_in.ts";

const RESOURCE = "devices.kubevirt.io/null";

Deno.test("device plugin registers 1,000 slots and allocates the device", async () => {
  await using bed = await start();
  const { kubelet } = bed;
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
  const [registration] = kubelet.registrations;
  assert.equal(registration?.version, "v1beta1");
  assert.equal(registration?.endpoint, "denovirt-null.sock");
  const request = { container_requests: [{ devices_ids: ["null7"] }, { devices_ids: ["null8"] }] };
  const spec = { container_path: bed.device.path, host_path: bed.device.path, permissions: "rw" };
  assert.deepEqual(await kubelet.allocate(RESOURCE, request), {
    container_responses: [{ devices: [spec] }, { devices: [spec] }],
  });
});

Deno.test("device plugin tells the kubelet when the device goes and when it is back", async () => {
  await using bed = await start();
  const { kubelet } = bed;
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
  await Deno.remove(bed.device.path);
  await bed.plugin.check();
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 0);
  await Deno.writeTextFile(bed.device.path, "");
  await bed.plugin.check();
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
  assert.equal(kubelet.registrations.length, 1);
});

Deno.test("device plugin offers nothing before the device has proved to be of use", async () => {
  let why: string | undefined = "it makes no virtual machine";
  await using bed = await start({ prove: () => Promise.resolve(why) });
  assert.deepEqual(await bed.sockets(), ["kubelet.sock"]);
  why = undefined;
  await bed.plugin.check();
  why = "asked again";
  await bed.plugin.check();
  await bed.kubelet.until(() => bed.kubelet.allocatable(RESOURCE) === 1_000);
});

Deno.test("device plugin serves and registers anew with a kubelet that has restarted", async () => {
  await using bed = await start();
  await bed.kubelet.until(() => bed.kubelet.allocatable(RESOURCE) === 1_000);
  await bed.kubelet[Symbol.asyncDispose]();
  await using kubelet = await KubeletStandIn.start(bed.directory);
  assert.deepEqual(await bed.sockets(), ["kubelet.sock"]);
  await bed.plugin.check();
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
});

Deno.test("device plugin registers again when the kubelet has hung up", async () => {
  await using bed = await start();
  const { kubelet } = bed;
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
  kubelet.hangUp(RESOURCE);
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 0);
  bed.clock.advance(CHECK_INTERVAL_MS);
  while (kubelet.registrations.length < 2) await bed.plugin.check();
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
});

Deno.test("device plugin waits for a kubelet, and for its directory", async () => {
  const directory = `${await Deno.makeTempDir()}/device-plugins`;
  const device = { resource: RESOURCE, path: `${directory}/../device` };
  await Deno.writeTextFile(`${directory}/../device`.replace("/device-plugins/..", ""), "");
  const plugin = new DevicePlugin({
    device,
    directory,
    clock: new FakeClock(),
    log: SILENT_LOGGER,
  });
  await plugin.check();
  await Deno.mkdir(directory);
  await plugin.check();
  await using kubelet = await KubeletStandIn.start(directory);
  await plugin.check();
  await kubelet.until(() => kubelet.allocatable(RESOURCE) === 1_000);
  await plugin.stop();
  await Deno.remove(directory.replace("/device-plugins", ""), { recursive: true });
});

Deno.test("runDevicePlugins() follows the directory and leaves no socket behind", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}-device`;
  await Deno.writeTextFile(path, "");
  const stop = new AbortController();
  const clock = new FakeClock();
  const devices: NodeDevice[] = ["a", "b"].map((name) => ({
    resource: `devices.test/${name}`,
    path,
  }));
  const running = runDevicePlugins(
    { devices, directory, clock, log: SILENT_LOGGER },
    stop.signal,
  );
  {
    await using kubelet = await KubeletStandIn.start(directory);
    await kubelet.until(() =>
      devices.every(({ resource }) => kubelet.allocatable(resource) === 1_000)
    );
    stop.abort();
    await running;
    await kubelet.until(() => devices.every(({ resource }) => kubelet.allocatable(resource) === 0));
  }
  const left = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
  assert.deepEqual(left.filter((name) => name.startsWith("denovirt-")), []);
  await Deno.remove(directory, { recursive: true });
  await Deno.remove(path);
});

async function start(options: Pick<NodeDevice, "prove"> = {}) {
  const directory = await Deno.makeTempDir();
  const device = { resource: RESOURCE, path: `${directory}-device`, ...options };
  await Deno.writeTextFile(device.path, "");
  const kubelet = await KubeletStandIn.start(directory);
  const clock = new FakeClock();
  const plugin = new DevicePlugin({ device, directory, clock, log: SILENT_LOGGER });
  await plugin.check();
  return {
    directory,
    device,
    kubelet,
    clock,
    plugin,
    sockets: () => Array.fromAsync(Deno.readDir(directory), ({ name }) => name),
    async [Symbol.asyncDispose]() {
      await plugin.stop();
      await kubelet[Symbol.asyncDispose]();
      await Deno.remove(directory, { recursive: true });
      await Deno.remove(device.path);
    },
  };
}
