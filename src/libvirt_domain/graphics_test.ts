import { configureGraphics } from "./graphics.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureGraphics", configureGraphics, [
  ["is VNC on a unix socket", {}, [
    '<graphics type="vnc"><listen type="socket" socket="@VMDIR@/vnc.sock"/></graphics>',
    '<video><model type="vga" vram="16384" heads="1"/></video>',
  ]],
  ["is left out when asked", { devices: { autoattachGraphicsDevice: false } }, [
    '<video><model type="none"/></video>',
  ]],
  ["takes another video type", { devices: { video: { type: "virtio" } } }, [
    '<graphics type="vnc"><listen type="socket" socket="@VMDIR@/vnc.sock"/></graphics>',
    '<video><model type="virtio" heads="1"/></video>',
  ]],
  ["refuses a video type that nobody has", { devices: { video: { type: "cga" } } }, [
    "refused: spec.domain.devices.video.type",
  ]],
]);
